"""A model's shape from the head of its files, and files that are none."""

import json

import pytest
import tiny_llama

from spikeloom import UserError
from spikeloom.traces.model_header import shape_of_model

CONFIG = {
    "model_type": "llama",
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 64,
}


def test_a_gguf_file_and_a_folder_say_the_same_shape(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    assert shape_of_model(tmp_path) == tiny_llama.SHAPE
    assert shape_of_model(tiny_llama.write_model(tmp_path / "tiny.gguf")) == tiny_llama.SHAPE


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: b"no model", "not a GGUF file"),
        (lambda data: data[:200], "not a whole GGUF file"),
        (lambda data: data.replace(b"\5\0\0\0\0\0\0\0llama", b"\5\0\0\0\0\0\0\0gemma"), "'model_type' is 'gemma'"),
        (lambda data: data.replace(b"llama.block_count", b"llama.block_sizes"), "'num_hidden_layers' is missing"),
    ],
)
def test_other_files_are_refused(tmp_path, change, message):
    path = tiny_llama.write_model(tmp_path / "tiny.gguf")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(UserError, match=message):
        shape_of_model(path)


def test_a_folder_without_a_configuration_is_refused(tmp_path):
    with pytest.raises(UserError, match="config.json: No such file"):
        shape_of_model(tmp_path)
    with pytest.raises(UserError, match="no such model"):
        shape_of_model(tmp_path / "nowhere")
