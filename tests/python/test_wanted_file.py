"""A file of another kind than a command wants is named as what it is."""

import pytest
from small_study import ROOT

from spikeloom import UserError, wanted_file
from spikeloom.__main__ import main as command_line

TRACE = ROOT / "traces/smollm2-135m/spikequant-improved/layer15.prefill32.safetensors"
OTHERS = {
    "configs/experiments/demo.yaml": ":2:1: experiment: this file is an experiment, not {} (use `spikeloom run`)",
    "configs/experiments/memory.yaml": "study: this file is a study, not {} (use `spikeloom explore`)",
    "configs/experiments/steps_movies.yaml": "this file is a study of time steps, not {} (use `spikeloom steps`)",
    "configs/networks/mesh_8x8.yaml": "noc: this file is a network, not {} (use `spikeloom noc`)",
    "configs/chips/smollm2.yaml": "this file is a chip, not {} (an experiment names it at experiment.chip)",
    "configs/energy/22nm.yaml": "this file is a technology, not {} (an experiment names it at experiment.energy)",
    "configs": "configs: is a folder, not {}",
    str(TRACE): ": is a trace or recorded traffic, not {}",
    "README.md": " (a YAML file of {} is wanted here)",
    "none.yaml": "none.yaml: cannot be read: No such file or directory",
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_file_is_named_as_what_it_is(name):
    with pytest.raises(UserError) as refused:
        wanted_file.load(ROOT / name, "compare")
    assert OTHERS[name].format("a comparison") in str(refused.value)


def test_what_is_wanted_is_loaded():
    assert wanted_file.load(ROOT / "configs/experiments/memory.yaml", "study").has("study")


# An empty name would mean the current folder.
@pytest.mark.parametrize("option", ["-o", "--store"])
@pytest.mark.parametrize("command", ["explore", "compare", "steps"])
def test_a_folder_without_a_name_is_refused(capsys, command, option):
    with pytest.raises(SystemExit) as ended:
        command_line([command, "some.yaml", option, ""])
    assert ended.value.code == 2
    assert f"argument {'-o/--output' if option == '-o' else option}: names no folder" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--trials", "--workers"])
def test_a_study_wants_at_least_one_of_each(capsys, option):
    assert command_line(["explore", "some.yaml", option, "0"]) == 2
    assert capsys.readouterr().err == f"error: {option} 0: at least 1\n"
