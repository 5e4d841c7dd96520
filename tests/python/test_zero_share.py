"""Copies of a synthetic trace with another share of zeros: the share is met, and outputs are those of the new codes."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import compare_world
import numpy as np
import pytest

from spikeloom import UserError
from spikeloom.compare import config, report, study
from spikeloom.traces import manifest, trace_files, zero_share
from spikeloom.traces.trace_files import file_sha256

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT / "traces" / "smollm2-135m" / "spikequant-improved"
PROGRAM = ROOT / "build" / "spikeloom"
WEIGHTS, CODES = manifest.weights_name(15), manifest.activations_name(15, "decode128")
HEADS = ("queries", "keys", "values", "probabilities")


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    """The committed layer's integers in files that say synthetic."""
    folder = tmp_path_factory.mktemp("synthetic")
    description, tensors = trace_files.read_trace_file(REAL / WEIGHTS)
    trace_files.write_trace_file(folder / WEIGHTS, description | {"synthetic": True}, tensors)
    description, tensors = trace_files.read_trace_file(REAL / CODES)
    bound = {"weights": {"file": WEIGHTS, "sha256": file_sha256(folder / WEIGHTS)}}
    trace_files.write_trace_file(folder / CODES, description | {"synthetic": True} | bound, tensors)
    shutil.copy(REAL / manifest.NAME, folder)
    return folder


@pytest.mark.parametrize("share", [0.0, 0.1, 0.6, 1.0])
def test_a_copy_has_its_share_of_zeros_and_the_outputs_of_its_codes(synthetic, tmp_path, share):
    zero_share.write_variant(synthetic, tmp_path, 15, "decode128", share)
    before, after = (trace_files.read_trace_file(folder / CODES)[1] for folder in (synthetic, tmp_path))
    wide = trace_files.read_trace_file(synthetic / WEIGHTS)[1]["mlp_hidden.wide"]
    normal = np.setdiff1d(np.arange(1536), wide)
    normal = normal[~trace_files.unpack_mask(before["mlp_hidden.salient_mask"], 1536)[0, normal]]
    codes = after["mlp_hidden.codes"][0]
    assert (codes[normal] == 0).sum() == round(share * len(normal))
    others = np.setdiff1d(np.arange(1536), normal)
    assert (codes[others] == before["mlp_hidden.codes"][0, others]).all()
    if PROGRAM.exists():  # whose reference, in C++, recomputes every output
        subprocess.run([PROGRAM, "check", tmp_path / CODES], check=True, capture_output=True)


def test_the_manifest_of_a_copy_has_its_hashes(synthetic, tmp_path):
    zero_share.write_variant(synthetic, tmp_path, 15, "decode128", 0.5)
    assert manifest.changed_files(tmp_path, manifest.load(tmp_path).layers[15]) == []


def test_the_zeros_of_a_real_trace_are_the_models(tmp_path):
    with pytest.raises(UserError, match="a real trace: its zeros are the model's"):
        zero_share.write_variant(REAL, tmp_path, 15, "decode128", 0.5)
    assert list(tmp_path.iterdir()) == []


def test_unsigned_codes_are_refused(tmp_path):
    folder = tmp_path / "unsigned"
    shutil.copytree(REAL.parent / "spikequant", folder)
    description, tensors = trace_files.read_trace_file(folder / CODES)
    trace_files.write_trace_file(folder / CODES, json.loads(json.dumps(description)) | {"synthetic": True}, tensors)
    with pytest.raises(UserError, match="in signed codes without activation shifts"):
        zero_share.write_variant(folder, tmp_path / "out", 15, "decode128", 0.5)


def test_the_share_of_a_trace_is_that_of_its_codes():
    tensors = trace_files.read_trace_file(REAL / CODES)[1]
    inputs = [name for name in tensors if name.endswith(".codes") and name.split(".")[0] not in HEADS]
    # A salient code byte 0 stands for no zero.
    masks = {
        name: trace_files.unpack_mask(tensors[name.replace("codes", "salient_mask")], tensors[name].shape[1])
        for name in inputs
    }
    digits = {name: trace_files.read_trace_file(REAL / WEIGHTS)[1][name.replace("codes", "wide")] for name in inputs}
    zeros = 0
    for name in inputs:
        silent = (tensors[name] == 0) & ~masks[name]
        silent[:, digits[name]] = tensors[name][:, digits[name]] == 0
        zeros += int(silent.sum())
    share = zero_share.share_of_zeros(REAL / WEIGHTS, REAL / CODES)
    assert share == zeros / sum(tensors[name].size for name in inputs)


def test_a_comparison_runs_its_best_points_on_copies_with_other_shares(synthetic, tmp_path):
    def is_synthetic(_job, found, _chip):
        found["synthetic"] = True

    text = re.sub(r"    (resident|prefill): .*\n", "", compare_world.CONFIG).replace("[resident]", "[decode]")
    text = text.replace("  seed: 1\n", "  seed: 1\n  zero_shares: [0.1, 0.6]\n")
    text = text.replace("TRACES/spikequant-improved", str(synthetic))
    comparison = config.load(compare_world.write_config(tmp_path, synthetic, text))
    store = compare_world.HandMadeRuns(tmp_path / "runs", is_synthetic)
    found = study.run(comparison, store)
    assert [(one.share, one.bout.regime.name) for one in found.other_zeros] == [(0.1, "decode"), (0.6, "decode")]
    copies = {job.trace.parent for job in store.asked if job.trace.parent != synthetic}
    shares = sorted(zero_share.share_of_zeros(folder / WEIGHTS, folder / CODES) for folder in copies)
    # 6.25 % of the inputs are wide, and a few values salient: these keep what they have.
    assert shares == pytest.approx([0.1, 0.6], abs=0.05)
    captions = [block.caption for block in report.build(found).blocks if hasattr(block, "rows")]
    assert "SYNTHETIC: other shares of zeros." in captions
