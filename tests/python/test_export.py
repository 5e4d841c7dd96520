"""Exported folders: what they hold, that they can be stopped, resumed and verified, and what is refused."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import tiny_llama

from spikeloom import UserError, files
from spikeloom.__main__ import main
from spikeloom.models import llama, methods, pipeline, store
from spikeloom.models.methods.registry import Settings
from spikeloom.traces import exporter, manifest, shapes, spike_trace, trace_files
from spikeloom.traces.verify import verify

SPIKING = ("spikequant", "spikequant-improved")


@pytest.fixture(autouse=True)
def tiny_model(monkeypatch, tmp_path):
    tiny_llama.stand_in(monkeypatch, tmp_path)


def options(tmp_path, method="spikequant-improved", name="out", **more):
    text = tiny_llama.write_text(tmp_path / "text.txt")
    model = tiny_llama.write_model(tmp_path / "tiny.gguf")
    chosen = {"tokens": 6, "contexts": (9, 20), "calibration_windows": 3, "window": 24} | more
    settings = Settings(wide_share=0.1)
    return exporter.ExportOptions(model, method, text, text, tmp_path / name, settings=settings, **chosen)


def export(tmp_path, *arguments, **more):
    chosen = options(tmp_path, *arguments, **more)
    exporter.export(chosen)
    return chosen.directory


def bytes_of(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.mark.parametrize("method", methods.NAMES)
def test_every_method_exports_and_verifies(tmp_path, method):
    directory = export(tmp_path, method)
    found = manifest.load(directory)
    cases = ("prefill6", "decode9", "decode20")
    names = {f"layer{i:02}.{part}.safetensors" for i in range(3) for part in ("weights", *cases)}
    assert set(bytes_of(directory)) == names | {"manifest.json"}
    assert found.complete
    assert all(0 < entry["residual_error"] < 2 for entry in found.layers.values())
    # A layer has 7 operations with 48 + 24 + 24 + 48 + 80 + 80 + 48 outputs; 8 tokens in all cases.
    assert verify(directory, "tiny") >= 3 * 8 * 352


@pytest.mark.parametrize("method", SPIKING)
def test_a_trace_holds_all_that_its_program_is(tmp_path, method):
    directory = export(tmp_path, method, layers="1", contexts=())
    weights = trace_files.read_trace_file(directory / "layer01.weights.safetensors")
    activations = trace_files.read_trace_file(directory / "layer01.prefill6.safetensors")
    model = tiny_llama.make_llama()
    again = spike_trace.program_of(weights, activations, model.layers[1])
    folder = next((tmp_path / "calibration").iterdir())
    program = store.load(folder / "layer01.safetensors")
    x = np.random.default_rng(1).standard_normal((40, 48)).astype(np.float32)
    rotary = pipeline.rotary_of(model, 20)
    one, two = (pipeline.run_layer(model, p, x, 20, rotary) for p in (program, again))
    assert (one == two).all()


def test_the_decoded_token_equals_the_last_of_a_prefill(tmp_path):
    one = export(tmp_path, name="one", tokens=20, contexts=())
    two = export(tmp_path, name="two", tokens=1, contexts=(20,))
    for layer in range(3):
        _, prefill = trace_files.read_trace_file(one / f"layer{layer:02}.prefill20.safetensors")
        _, decode = trace_files.read_trace_file(two / f"layer{layer:02}.decode20.safetensors")
        for name, tensor in decode.items():
            last = prefill[name] if tensor.shape == prefill[name].shape else prefill[name][-1:]
            assert (tensor == last).all(), name


def test_a_stopped_export_goes_on_and_ends_the_same(tmp_path, monkeypatch):
    whole = bytes_of(export(tmp_path, name="whole"))
    real = trace_files.write_trace_file

    def stop_in_layer_1(path, *content):
        if path.name.startswith("layer01.decode9"):
            path.write_bytes(b"half of a file")
            raise KeyboardInterrupt
        real(path, *content)

    monkeypatch.setattr(trace_files, "write_trace_file", stop_in_layer_1)
    with pytest.raises(KeyboardInterrupt):
        export(tmp_path)
    with pytest.raises(UserError, match=r"unfinished: 2 layers missing, the first is 1"):
        verify(tmp_path / "out", "tiny")
    assert not list((tmp_path / "out").glob("*.partial"))
    monkeypatch.setattr(trace_files, "write_trace_file", real)
    directory = export(tmp_path)
    assert bytes_of(directory) == whole


def test_resuming_rewrites_a_damaged_layer(tmp_path):
    directory = export(tmp_path)
    whole = bytes_of(directory)
    (directory / "layer01.weights.safetensors").write_bytes(b"damaged")
    assert bytes_of(export(tmp_path)) == whole


@pytest.mark.parametrize(
    ("change", "meaning"),
    [
        ({"method": "spikequant"}, r"another method (method: spikequant-improved there, spikequant now)"),
        ({"tokens": 7}, "other tokens of the prefill or contexts of decode steps (cases[0].context: 6 there, 7 now)"),
        ({"layers": "0-1"}, "other layers (layers_exported: 3 items there, 2 items now)"),
        ({"window": 20}, "another calibration"),
    ],
)
def test_another_export_is_never_mixed_in(tmp_path, change, meaning):
    directory = export(tmp_path)
    whole = bytes_of(directory)
    with pytest.raises(UserError, match=rf"manifest.json: holds another export, with {re.escape(meaning)}"):
        export(tmp_path, **change)
    assert bytes_of(directory) == whole


def test_a_folder_with_stray_traces_is_refused(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "other.safetensors").write_bytes(b"")
    with pytest.raises(UserError, match=r"holds other.safetensors but no manifest.json"):
        export(tmp_path)


def change_tensor(path, name, index, change):
    """Change one element of a tensor in place, leaving everything else as it is."""
    data = bytearray(path.read_bytes())
    header = int.from_bytes(data[:8], "little")
    entry = json.loads(data[8 : 8 + header])[name]
    first, last = (8 + header + offset for offset in entry["data_offsets"])
    _, tensors = trace_files.read_trace_file(path)
    tensor = tensors[name].copy()
    tensor[index] = change(tensor[index])
    data[first:last] = tensor.tobytes()
    path.write_bytes(bytes(data))


TAMPERED = [
    ("prefill6", "q.expected", (2, 7), r"layer01.prefill6.safetensors: tensor 'q.expected' \[2, 7\]: "),
    ("prefill6", "mlp_hidden.codes", (3, 11), r"layer01.prefill6.safetensors: tensor 'mlp_hidden.codes' \[3, 11\]: "),
    ("decode20", "keys.codes", (4, 5), r"layer01.decode20.safetensors: tensor 'keys.codes' \[4, 5\]: "),
    ("decode20", "mix.expected", (0, 1), r"layer01.decode20.safetensors: tensor 'mix.expected' \[0, 1\]: "),
    (
        "weights",
        "down.weights",
        (8, 3),
        r"layer01.weights.safetensors: tensor 'down.weights' was changed after the export; the first",
    ),
    (
        "prefill6",
        "gate.theta",
        (9,),
        r"layer01.prefill6.safetensors: tensor 'gate.theta' was changed after the export; the first",
    ),
]


@pytest.mark.parametrize(("part", "name", "index", "message"), TAMPERED)
def test_verify_names_what_was_tampered_with(tmp_path, part, name, index, message):
    directory = export(tmp_path)
    change_tensor(directory / f"layer01.{part}.safetensors", name, index, lambda value: value ^ 3)
    with pytest.raises(UserError, match=message):
        verify(directory, "tiny")


def test_verify_names_a_tampered_mac_tensor(tmp_path):
    directory = export(tmp_path, "atom")
    path = directory / "layer02.decode9.safetensors"
    change_tensor(path, "up.expected", (0, 12), lambda value: value * 2)
    with pytest.raises(UserError, match=r"layer02.decode9.safetensors: tensor 'up.expected' \[0, 12\]: "):
        verify(directory, "tiny")


def test_verify_refuses_another_model_and_a_missing_file(tmp_path, monkeypatch):
    directory = export(tmp_path)
    monkeypatch.setattr(llama, "load_llama", lambda _path: tiny_llama.make_llama(seed=8))
    with pytest.raises(UserError, match="not the exported model"):
        verify(directory, "tiny")
    (directory / "layer01.decode9.safetensors").unlink()
    with pytest.raises(UserError, match=r"layer01.decode9.safetensors: missing"):
        verify(directory, "tiny")


@pytest.mark.parametrize("text", ["", "1-", "2-1", "3", "a", "0,,1"])
def test_bad_layer_lists_are_refused(text):
    with pytest.raises(UserError, match=re.escape(f"--layers {text}:")):
        exporter.parse_layers(text, 3)


def test_layer_lists():
    assert exporter.parse_layers("all", 3) == [0, 1, 2]
    assert exporter.parse_layers("2,0-1,1", 3) == [0, 1, 2]


@pytest.mark.parametrize("method", ["spikequant-improved", "atom", "fp16"])
def test_the_stated_size_is_about_the_real_one(tmp_path, method):
    chosen = options(tmp_path, method, tokens=40, contexts=(200,))
    chosen.text.write_text((chosen.text.read_text() * 10), encoding="utf-8")
    exporter.export(chosen)
    shape = tiny_llama.SHAPE
    content = exporter.folder_size(chosen.directory) / 3 - 3 * exporter.FILE_OVERHEAD
    stated = exporter.size_of_layer(shape, chosen) - 3 * exporter.FILE_OVERHEAD
    assert abs(content - stated) < exporter.FILE_OVERHEAD * 3 + 0.1 * content


def test_a_full_disk_is_seen_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(exporter.shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 1000}))
    with pytest.raises(UserError, match=r"needs about \d+ MiB, 0 are free"):
        export(tmp_path)
    assert not (tmp_path / "out").exists()


def test_a_text_that_is_too_short_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"second half \(evaluation\) has 240 tokens, 1 windows? of 300 need"):
        export(tmp_path, contexts=(300,))


MISTAKES = [
    ({"layers": "3"}, "'3' is not a range of them: the model has 3 layers, 0 to 2"),
    ({"contexts": (3000,)}, r"text.txt: its second half \(evaluation\) has \d+ bytes, too few for 3,000 tokens"),
    ({"calibration_windows": 900}, r"its first half \(calibration\) has \d+ bytes, too few for 21,600 tokens"),
]


@pytest.mark.parametrize(("change", "message"), MISTAKES)
def test_mistakes_are_seen_before_the_model_is_loaded(tmp_path, monkeypatch, change, message):
    monkeypatch.setattr(llama, "load_llama", lambda _path: pytest.fail("loaded"))
    with pytest.raises(UserError, match=message):
        export(tmp_path, **change)
    assert not (tmp_path / "out").exists()


def test_folders_that_cannot_take_it_are_seen_before_the_model_is_loaded(tmp_path, monkeypatch):
    directory = export(tmp_path, contexts=())
    monkeypatch.setattr(llama, "load_llama", lambda _path: pytest.fail("loaded"))
    with pytest.raises(UserError, match="holds another export, with other tokens of the prefill"):
        export(tmp_path, contexts=(9,))
    with pytest.raises(UserError, match=rf"-o .*: {directory / 'manifest.json'} is a file, not a folder"):
        export(tmp_path, name="out/manifest.json/below")
    monkeypatch.setattr(files.os, "access", lambda *_: False)
    with pytest.raises(UserError, match=rf"-o .*new: no permission to write to {tmp_path}$"):
        export(tmp_path, name="new")


def test_ctrl_c_says_what_is_there_and_exits_with_130(tmp_path, monkeypatch, capsys):
    chosen = options(tmp_path)
    real = trace_files.write_trace_file

    def stop(path, *content):
        if path.name.startswith("layer01.decode9"):
            raise KeyboardInterrupt
        real(path, *content)

    monkeypatch.setattr(trace_files, "write_trace_file", stop)
    line = f"export --model {chosen.model} --text {chosen.text} --calibration-text {chosen.text} --tokens 6 --decode 9"
    line += f" --window 24 --calibration-windows 3 --wide-share 0.1 -o {chosen.directory}"
    assert main(line.split()) == 130
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"stopped: {chosen.directory} holds 1 of 3 layers, all whole; the same command goes on there"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "--method atom --activation-bits 5",
            "--activation-bits 5: does nothing for atom: bits of an activation, 1 to 8, of w4a4-rtn and w4a4-gptq",
        ),
        (
            "--method fp16 --salient-share 0.3 --group 64",
            "--salient-share 0.3: does nothing for fp16: share of the values that are salient, of spikequant and "
            "spikequant-improved",
        ),
        ("--activation-bits 4", "--activation-bits 4: does nothing for spikequant-improved: bits of an activation"),
        ("--steps 4", "--steps 4: does nothing for a Llama: time steps of a spiking language model"),
        ("--fitted x", "--fitted x: does nothing for a Llama: the export that --shapes draws from"),
        ("--shapes llama-2-7b --layers 0 --method atom", "--method atom: does nothing beside --shapes: how a real"),
        ("--shapes llama-2-7b --layers 0 --group 4", "--group 4: does nothing beside --shapes: inputs of a window"),
        ("--method fp17 --group 64", "--method fp17: unknown"),
        ("--decode 10 9 10", "--decode: context 10 is named twice"),
    ],
)
def test_an_option_that_does_nothing_is_named_with_what_it_is_for(tmp_path, capsys, arguments, message):
    chosen = options(tmp_path)
    texts = [] if "--shapes" in arguments else ["--text", str(chosen.text), "--calibration-text", str(chosen.text)]
    line = ["export", "--model", str(chosen.model), *texts, *arguments.split(), "-o", str(chosen.directory)]
    assert main(line) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}") and error.count("\n") == 1
    assert not chosen.directory.exists()


def test_beside_verify_only_the_model_is_read(tmp_path, capsys):
    assert main(["export", "--verify", str(tmp_path), "--tokens", "4"]) == 2
    assert capsys.readouterr().err == "error: --tokens 4: does nothing beside --verify: tokens of a Llama's prefill\n"


def test_a_file_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "out.txt").mkdir()
    with (
        pytest.raises(UserError, match=r"out.txt: cannot be written: .*; go on$"),
        files.whole_file(  # noqa: SIM117
            tmp_path / "out.txt", "; go on"
        ) as partial,
    ):
        partial.write_text("whole")
    assert not list(tmp_path.glob("*.partial"))


def test_synthetic_shapes_are_labelled_and_follow_their_export(tmp_path):
    real = export(tmp_path, tokens=40, contexts=(), calibration_windows=5)
    config = {"model_type": "llama", "hidden_size": 96, "intermediate_size": 160, "num_hidden_layers": 2}
    config |= {"num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 10}
    (tmp_path / "config.json").write_text(json.dumps(config))
    chosen = options(tmp_path, name="shape", tokens=40, contexts=(50,))
    shapes.write_shape(str(tmp_path / "config.json"), chosen, real)
    one, two = bytes_of(chosen.directory), bytes_of(export_shape_again(tmp_path, real))
    assert one == two
    description, tensors = trace_files.read_trace_file(chosen.directory / "layer01.prefill40.safetensors")
    assert description["synthetic"] is True
    assert "synthetic" in description["assumptions"]
    assert tensors["down.expected"].shape == (40, 96)
    assert verify(chosen.directory, "none") == 2 * 41 * (96 + 48 + 48 + 96 + 160 + 160 + 96)
    # The shares of zeros and of salient values are those of the export that it was drawn from, within sampling error.
    drawn_from = trace_files.read_trace_file(real / "layer01.prefill40.safetensors")[1]
    for name in ("attention_input", "mlp_hidden"):
        ours, theirs = (t[f"{name}.codes"] for t in (tensors, drawn_from))
        assert abs((ours == 0).mean() - (theirs == 0).mean()) < 0.03
        salient = [np.unpackbits(t[f"{name}.salient_mask"]).sum() for t in (tensors, drawn_from)]
        assert abs(salient[0] / ours.size - salient[1] / theirs.size) < 0.03


def export_shape_again(tmp_path, real):
    chosen = options(tmp_path, name="again", tokens=40, contexts=(50,))
    shapes.write_shape(str(tmp_path / "config.json"), chosen, real)
    return chosen.directory


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "neither a file nor one of llama-2-7b, llama-2-13b"),
        ("{", "not JSON"),
        ("[]", "expected a JSON object"),
        ('{"model_type": "gpt2"}', "not a Llama: 'model_type' is 'gpt2', expected 'llama'"),
        ('{"model_type": "llama"}', "not a Llama: key 'num_attention_heads' is missing"),
    ],
)
def test_bad_shapes_are_refused(tmp_path, content, message):
    path = tmp_path / "config.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=message):
        shapes.shape_of(str(path))


def test_published_shapes_have_their_published_sizes():
    # Parameters of Llama 2 without norms: 6.738 and 13.016 billion.
    assert shapes.SHAPES["llama-2-7b"].parameters == pytest.approx(6.738e9, rel=1e-3)
    assert shapes.SHAPES["llama-2-13b"].parameters == pytest.approx(13.016e9, rel=1e-3)


def test_windows_of_weights_are_exported_and_verified(tmp_path):
    chosen = options(tmp_path)
    exporter.export(replace(chosen, settings=replace(chosen.settings, group=16)))
    description, tensors = trace_files.read_trace_file(chosen.directory / "layer01.weights.safetensors")
    assert {entry["group"] for entry in description["inputs"]} == {16}
    assert tensors["down.h"].shape == (5, 48) and tensors["down.h"].any()
    assert verify(chosen.directory, "tiny") > 0
    with pytest.raises(UserError, match="--group 7: does not divide the 48 inputs of 'attention_input'"):
        exporter.export(replace(chosen, settings=replace(chosen.settings, group=7), directory=tmp_path / "seven"))


def manifest_with(change):
    def apply(directory):
        path = directory / "manifest.json"
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return apply


def without(key):
    return manifest_with(lambda content: content.pop(key))


BAD_FOLDERS = [
    ("no manifest", lambda directory: (directory / "manifest.json").unlink(), "holds no export"),
    ("no JSON", lambda directory: (directory / "manifest.json").write_text("{"), "not a manifest"),
    ("cases missing", without("cases"), "not a manifest"),
    ("no cases", manifest_with(lambda content: content.update(cases=[])), "'cases' is no list or empty"),
    ("a case is a number", manifest_with(lambda content: content.update(cases=[3])), "not a manifest"),
    ("layers are a number", manifest_with(lambda content: content.update(layers_exported=5)), "not a manifest"),
    ("method missing", without("method"), "not a manifest"),
    (
        "no trace file",
        lambda directory: (directory / "layer01.weights.safetensors").write_bytes(b"x"),
        "layer01.weights",
    ),
]


@pytest.mark.parametrize(("name", "damage", "message"), BAD_FOLDERS, ids=[name for name, *_ in BAD_FOLDERS])
def test_damaged_folders_are_one_line_that_names_the_file(tmp_path, capsys, name, damage, message):
    directory = export(tmp_path, contexts=())
    damage(directory)
    assert main(["export", "--verify", str(directory)]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith(f"error: {directory}") and message in errors and errors.count("\n") == 1


def test_a_rehashed_description_is_still_compared(tmp_path):
    directory = export(tmp_path, contexts=())
    path = directory / "layer01.prefill6.safetensors"
    description, tensors = trace_files.read_trace_file(path)
    description["operations"][0]["gamma"] += 1
    trace_files.write_trace_file(path, description, tensors)
    found = manifest.load(directory)
    found.add(directory, 1, list(found.layers[1]["files"]), 0.1)
    found.save(directory)
    with pytest.raises(UserError, match="layer01.prefill6.safetensors"):
        verify(directory, "tiny")


def test_a_stopped_synthetic_export_goes_on(tmp_path, monkeypatch):
    real = export(tmp_path, contexts=())
    config = {"model_type": "llama", "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 2}
    config |= {"num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 10}
    (tmp_path / "config.json").write_text(json.dumps(config))
    chosen = options(tmp_path, name="shape", contexts=())
    write = trace_files.write_trace_file

    def stop(path, *content):
        if path.name.startswith("layer00.prefill"):
            raise KeyboardInterrupt
        write(path, *content)

    monkeypatch.setattr(trace_files, "write_trace_file", stop)
    with pytest.raises(KeyboardInterrupt):
        shapes.write_shape(str(tmp_path / "config.json"), chosen, real)
    monkeypatch.setattr(trace_files, "write_trace_file", write)
    shapes.write_shape(str(tmp_path / "config.json"), chosen, real)
    assert verify(chosen.directory, "none") > 0
    (real / "layer01.weights.safetensors").write_bytes(b"damaged")
    with pytest.raises(UserError, match="layer01.weights.safetensors: missing or not the file"):
        shapes.write_shape(str(tmp_path / "config.json"), options(tmp_path, name="new", contexts=()), real)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"num_attention_heads": 5}, "does not divide the 5 heads"),
        ({"num_attention_heads": 0}, "'num_attention_heads' is 0"),
        ({"hidden_size": -4}, "'hidden_size' is -4"),
        ({"hidden_size": 48.9}, "'hidden_size' is 48.9"),
        ({"hidden_size": 36}, "heads of 9 dimensions"),
    ],
)
def test_shapes_that_no_llama_has_are_refused(tmp_path, changed, message):
    config = {"model_type": "llama", "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 2}
    config |= {"num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 10} | changed
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    with pytest.raises(UserError, match=message):
        shapes.shape_of(str(path))
