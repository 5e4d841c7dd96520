"""Every `spikeloom` command that the README or a --help shows does what it says."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build" / "spikeloom"

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="build/spikeloom is not built (`make build`)")


def _commands(text: str) -> list[str]:
    """Lines that begin with `spikeloom`, comments cut, continued lines joined."""
    text = text.replace("\\\n", " ")
    lines = re.findall(r"^\s*(spikeloom (?:run|check|price|describe) .*)$", text, flags=re.MULTILINE)
    return [line.split("#")[0].strip() for line in lines]


def _help_text() -> str:
    if not PROGRAM.exists():
        return ""
    texts = [
        subprocess.run([PROGRAM, name, "--help"], capture_output=True, text=True, check=True).stdout
        for name in ("run", "check", "price", "describe")
    ]
    return "\n".join(text[text.index("examples") :] for text in texts)


SHOWN = sorted(set(_commands((ROOT / "README.md").read_text()) + _commands(_help_text())))


# Stands for the default export of all layers, which is not committed.
COMMITTED = {"workload.model": "traces/smollm2-135m/spikequant-improved", "workload.layers": "15"}


def with_committed(words, case):
    """The words of a command, about the committed layer whatever they say of model, layers and case."""
    values = COMMITTED | {"workload.case": case}
    words = [
        word
        for i, word in enumerate(words)
        if (words[i + 1] if word == "--set" else word if words[i - 1] == "--set" else "").split("=")[0] not in values
    ]
    return words + [word for path, value in values.items() for word in ("--set", f"{path}={value}")]


def test_the_readme_and_the_helps_show_commands():
    assert len(SHOWN) >= 10


@pytest.mark.parametrize("command", SHOWN)
def test_shown_command_works(command, tmp_path):
    words = shlex.split(command)[1:]
    for i, word in enumerate(words):
        if word == "results/demo/resolved.yaml":
            made = [str(PROGRAM), "run", "configs/experiments/demo.yaml", "-q", "--no-figures", "-o"]
            subprocess.run([*made, str(tmp_path / "demo")], cwd=ROOT, check=True)
            words[i] = str(tmp_path / "demo" / "resolved.yaml")
        if word == "results/demo" and words[0] == "price":
            made = [str(PROGRAM), "run", "configs/experiments/demo.yaml", "-q", "--no-figures", "-o"]
            subprocess.run([*made, str(tmp_path / "demo")], cwd=ROOT, check=True)
            words[i] = str(tmp_path / "demo")
    if "smollm2_model.yaml" in command:
        words = with_committed(words, "decode128" if "decode" in command else "prefill32")
    if words[0] == "run":
        if "-o" in words:
            words[words.index("-o") + 1] = str(tmp_path / "out")
        else:
            words += ["-o", str(tmp_path / "out")]
        words += ["--no-figures", "-q"]
    if "membrane_bits=20" in command:  # shown as a mistake that `check` finds
        assert subprocess.run([PROGRAM, *words], cwd=ROOT, capture_output=True, check=False).returncode == 2
        return
    done = subprocess.run([PROGRAM, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
