"""A mistake on the command line of a Python subcommand is one line that says where the help is."""

import pytest

from spikeloom.__main__ import COMMANDS, main

MISTAKES = {
    "": "the following arguments are required: SUBCOMMAND (see spikeloom --help)",
    "compare": "the following arguments are required: CONFIG.yaml (see spikeloom compare --help)",
    "compare a.yaml --jobs two": "argument --jobs: invalid int value: 'two' (see spikeloom compare --help)",
    "compare a.yaml --job 2 --none 3 4": "unrecognized arguments: --none 3 4 (see spikeloom compare --help)",
    "export": "one of the arguments -o/--output --verify is required (see spikeloom export --help)",
    "fetch all": "unrecognized arguments: all (see spikeloom fetch --help)",
    "perplexity": "the following arguments are required: --method (see spikeloom perplexity --help)",
    "plot a b": "unrecognized arguments: b (see spikeloom plot --help)",
    "steps a.yaml --jobs": "argument --jobs: expected one argument (see spikeloom steps --help)",
    "synthetic --inputs x": "argument --inputs: invalid int value: 'x' (see spikeloom synthetic --help)",
    "explore a.yaml --trials x": "argument --trials: invalid int value: 'x' (see spikeloom explore --help)",
    "train-spiking-lm": "the following arguments are required: -o/--output (see spikeloom train-spiking-lm --help)",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_one_line_and_status_2(line, capsys):
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"error: {MISTAKES[line]}\n"


def test_every_subcommand_is_tried():
    names = {each.__name__.split(".")[-1].replace("_", "-") for each in COMMANDS}
    assert names == {line.split()[0] for line in MISTAKES if line}
