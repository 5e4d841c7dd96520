"""Number formats of a study, on the tiny model: perplexity and trace of each, made once."""

import contextlib
import io
import json
from dataclasses import replace

import pytest
import tiny_llama
from small_study import PROGRAM, needs_program

from spikeloom import UserError
from spikeloom.__main__ import main as command_line
from spikeloom.explore import number_format
from spikeloom.store import program as programs
from spikeloom.store.result_store import ResultStore


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """Settings on the tiny model; the commands run in this process, where that model is."""
    tiny_llama.stand_in(monkeypatch, tmp_path)
    calls = []

    def run_here(words):
        calls.append(words[0])
        printed, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
            status = command_line(list(map(str, words)))
        if status != 0:
            raise programs.Refused(errors.getvalue().splitlines()[-1].removeprefix("error: "))
        return printed.getvalue()

    monkeypatch.setattr(programs, "run_python", run_here)
    made = number_format.FormatSettings(
        model=tiny_llama.write_model(tmp_path / "tiny.gguf"),
        text=tiny_llama.write_text(tmp_path / "text.txt"),
        windows=2,
        window=24,
        calibration_windows=2,
        layer=1,
        tokens=3,
    )
    return made, ResultStore(tmp_path / "store"), calls


def test_a_format_is_read_once_and_as_the_command_reads_it(settings, capsys):
    made, store, calls = settings
    chosen = {"method": "spikequant-improved", "salient_share": 0.05}
    value, product = number_format.perplexity(store, made, chosen)
    assert not product.kept
    again, kept = number_format.perplexity(store, made, chosen)
    assert (again, kept.kept, calls) == (value, True, ["perplexity"])
    words = ["--method", "spikequant-improved", "--salient-share", "0.05", "--windows", "2", "--window", "24"]
    words += ["--calibration-windows", "2", "--model", made.model, "--text", made.text, "--calibration-text", made.text]
    assert command_line(["perplexity", "--json", *map(str, words)]) == 0
    assert json.loads(capsys.readouterr().out)["perplexity"] == value


def test_a_setting_that_the_method_does_not_read_makes_no_other_format(settings):
    made, store, calls = settings
    number_format.perplexity(store, made, {"method": "spikequant", "group": 0})
    number_format.perplexity(store, made, {"method": "spikequant", "group": 12, "activation_bits": 3})
    assert calls == ["perplexity"]
    number_format.perplexity(store, made, {"method": "spikequant", "salient_share": 0.1})
    number_format.perplexity(store, replace(made, windows=1), {"method": "spikequant"})
    assert len(calls) == 3


@needs_program
def test_a_formats_trace_is_one_that_the_program_takes(settings):
    made, store, calls = settings
    file, product = number_format.trace(store, made, {"method": "spikequant"})
    assert number_format.trace(store, made, {"method": "spikequant"})[1].kept
    assert calls == ["export"]
    assert programs._run([str(PROGRAM), "check", str(file)]).count(": ok") == 1
    assert product.seconds > 0


def test_settings_that_no_method_takes_are_refused_with_the_reason(settings):
    made, store, _ = settings
    for chosen, reason in (({"method": "magic"}, "unknown"), ({"salient_share": 0.9}, "below 0.5")):
        with pytest.raises(programs.Refused, match=reason):
            number_format.perplexity(store, made, chosen)


def test_a_missing_exporter_or_model_is_said_with_the_remedy(settings, tmp_path, monkeypatch):
    made = settings[0]
    monkeypatch.setattr(number_format.importlib.util, "find_spec", lambda name: None if name == "torch" else True)
    with pytest.raises(UserError, match="'torch' is not installed; .*make exporter"):
        number_format.check_ready(made)
    monkeypatch.setattr(number_format.importlib.util, "find_spec", lambda name: True)
    with pytest.raises(UserError, match="none.gguf: no such file; `spikeloom fetch`"):
        number_format.check_ready(replace(made, model=tmp_path / "none.gguf"))
