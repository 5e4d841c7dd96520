"""Number formats of a study: the perplexity of each, and a trace of it, each made once and kept.

Values are named `format.method`, `format.salient_share` and so on, as the options of `spikeloom export` and
`spikeloom perplexity` are; both commands do the work, in processes of their own.
"""

import hashlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

from spikeloom import UserError
from spikeloom.models.methods import why_unused
from spikeloom.store import program as programs

PREFIX = "format."
# What a method may read: type, and the default of the command line.
SETTINGS = {
    "method": (str, "spikequant-improved"),
    "salient_share": (float, 0.025),
    "wide_share": (float, 0.0625),
    "activation_bits": (int, 4),
    "output_bits": (int, 16),
    "group": (int, 0),
}
TRACE = "workload.trace"


@dataclass(frozen=True)
class FormatSettings:
    """How formats are measured, the same for all trials: perplexity on `windows` of `window` tokens of `text`; traces
    of one layer and its first `tokens` tokens; calibration on `calibration_windows` of `window` tokens."""

    model: Path | None
    text: Path | None
    windows: int
    window: int
    calibration_windows: int
    layer: int
    tokens: int

    @classmethod
    def read(cls, section, folder):
        """Reads the section `format` of a study; files are relative to `folder`."""
        files = {key: section.value(key, str, None) for key in ("model", "text")}
        settings = cls(
            **{key: (folder / name).resolve() if name else None for key, name in files.items()},
            windows=section.value("windows", int, 2, least=1),
            window=section.value("window", int, 512, least=2),
            calibration_windows=section.value("calibration_windows", int, 2, least=1),
            layer=section.value("layer", int, 15, least=0),
            tokens=section.value("tokens", int, 32, least=1),
        )
        section.finish()
        return settings

    def files(self):
        """(model, text), where they are not given those that `spikeloom fetch` gets."""
        from spikeloom.traces import fetch_model

        return self.model or fetch_model.MODEL, self.text or fetch_model.WIKIPEDIA

    def description(self):
        """JSON values that say the same."""
        return {key: str(value) if isinstance(value, Path) else value for key, value in vars(self).items()}


def check_name(path):
    """Raises UserError unless `format.X` is a setting."""
    if path.removeprefix(PREFIX) not in SETTINGS:
        raise UserError(f"{path}: no such setting (known: {', '.join(PREFIX + name for name in SETTINGS)})")


def check_ready(settings):
    """Raises UserError, with the remedy, when formats cannot be measured on this machine."""
    for module in ("torch", "transformers", "numba"):
        if importlib.util.find_spec(module) is None:
            raise UserError(f"'{module}' is not installed; number formats need the exporter: run `make exporter`")
    for file in settings.files():
        if not file.exists():
            raise UserError(f"{file}: no such file; `spikeloom fetch` gets the default model and text")


def split(values):
    """({setting: value}, {config path: value}) of a trial's values."""
    chosen = {path.removeprefix(PREFIX): value for path, value in values.items() if path.startswith(PREFIX)}
    return chosen, {path: value for path, value in values.items() if not path.startswith(PREFIX)}


def perplexity(store, settings, chosen):
    """(perplexity, the Product that holds its reading). Raises programs.Refused for settings that no method takes."""
    words = [*_words(settings, chosen), "--windows", settings.windows, "--text", settings.files()[1], "--json"]

    def make(folder):
        (folder / "perplexity.jsonl").write_text(programs.run_python(["perplexity", *words]), encoding="utf-8")

    product = store.product(_identity("perplexity", settings, chosen, {"windows": settings.windows}), make)
    reading = json.loads((product.folder / "perplexity.jsonl").read_text(encoding="utf-8").splitlines()[0])
    return reading["perplexity"], product


def trace(store, settings, chosen):
    """(activations file, the Product that holds it) of a layer in a format. Raises programs.Refused."""
    words = [*_words(settings, chosen), "--layers", settings.layer, "--tokens", settings.tokens]
    words += ["--text", settings.files()[1]]

    def make(folder):
        programs.run_python(["export", *words, "-o", folder / "traces"])

    more = {"layer": settings.layer, "tokens": settings.tokens}
    product = store.product(_identity("trace", settings, chosen, more), make)
    return product.folder / "traces" / f"layer{settings.layer:02}.prefill{settings.tokens}.safetensors", product


def _words(settings, chosen):
    model, text = settings.files()
    method = chosen.get("method", SETTINGS["method"][1])
    values = {name: chosen.get(name, default) for name, (_, default) in SETTINGS.items()}
    values = {name: value for name, value in values.items() if name == "method" or not why_unused(name, [method])}
    words = [word for name, value in values.items() for word in (f"--{name.replace('_', '-')}", value)]
    words += ["--model", model, "--calibration-text", text, "--window", settings.window]
    return [*words, "--calibration-windows", settings.calibration_windows]


def _identity(kind, settings, chosen, more):
    """What a product follows from; settings that the method does not read are left out."""
    from spikeloom.models.methods.registry import Settings, make_method

    values = {name: kind_of(chosen.get(name, default)) for name, (kind_of, default) in SETTINGS.items()}
    name = values.pop("method")
    try:
        method = make_method(name, Settings(**values))
    except UserError as error:
        raise programs.Refused(str(error)) from error
    model, text = settings.files()
    return {
        "kind": kind,
        "method": method.name,
        "options": method.options,
        "model": _content(model),
        "text": _content(text),
        "window": settings.window,
        "calibration_windows": settings.calibration_windows,
        "source": source_sha256(),
        **more,
    }


def source_sha256():
    """Hash of the Python sources that formats are computed by."""
    files = [file for folder in ("models", "traces") for file in (programs.ROOT / folder).rglob("*.py")]
    return _hash_of(sorted(files))


def _content(path):
    return _hash_of(sorted(path.rglob("*"))) if path.is_dir() else programs.file_sha256(path)


def _hash_of(files):
    names = "".join(f"{file.name} {programs.file_sha256(file)}\n" for file in files if file.is_file())
    return hashlib.sha256(names.encode()).hexdigest()
