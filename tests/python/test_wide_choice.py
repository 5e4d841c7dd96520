"""Wide rows go where they save most loss, for the weights that they cost."""

import numpy as np
import pytest
import tiny_llama

from spikeloom import UserError
from spikeloom.models import calibration, llama, pipeline, wide_choice
from spikeloom.models.methods.floating import Fp32
from spikeloom.models.methods.registry import Settings, make_method

pytest.importorskip("torch")
IDS = np.random.default_rng(5).integers(0, tiny_llama.SHAPE.vocabulary, 10)


def loss_after(model, x, first):
    """Summed loss of the next tokens where the residual stream is x [M,D] before layer `first`, by the pipeline."""
    rotary = pipeline.rotary_of(model, len(IDS))
    for layer in range(first, len(model.layers)):
        x = pipeline.run_layer(model, pipeline.uncalibrated_program(model, Fp32(), layer), x, len(IDS), rotary)
    return pipeline.token_losses(model, x, IDS[None]).sum()


def test_gradients_are_the_slopes_of_the_loss():
    model = tiny_llama.make_llama()
    seen = wide_choice.gradients(model, IDS)
    assert list(seen) == [(layer, name) for layer in range(3) for name in llama.INPUTS]
    x = pipeline.embed(model, IDS[None])
    for layer in range(2):
        # What `down` gives is added to the stream that the next layer reads.
        program = pipeline.uncalibrated_program(model, Fp32(), layer)
        x = pipeline.run_layer(model, program, x, len(IDS), pipeline.rotary_of(model, len(IDS)))
        for m, n in ((0, 3), (4, 5), (8, 40)):
            step = np.zeros_like(x)
            step[m, n] = 0.02
            slope = (loss_after(model, x + step, layer + 1) - loss_after(model, x - step, layer + 1)) / 0.04
            found = seen[layer, "mlp_hidden"].squared_gradients[m, n]
            assert np.sqrt(found) == pytest.approx(abs(slope), rel=0.05, abs=2e-3)


def test_inputs_are_those_of_the_pipeline():
    model = tiny_llama.make_llama()
    expected, rotary = {}, pipeline.rotary_of(model, len(IDS))
    program = pipeline.uncalibrated_program(model, Fp32(), 0)
    pipeline.run_layer(model, program, pipeline.embed(model, IDS[None]), len(IDS), rotary, expected.__setitem__)
    seen = wide_choice.gradients(model, IDS)
    for name in llama.INPUTS:
        assert seen[0, name].x == pytest.approx(expected[name], rel=1e-3, abs=1e-4)


def test_a_row_saves_the_coding_error_times_its_weights_and_the_rounding_error_times_its_value():
    # One token, one output, g^2 = 4. Steps of coding: 0.5, but 1.5 for 9, a sixth of it. Weights 7 and 3.5: scale 1.
    seen = wide_choice.Seen(np.array([[1.0, 9.0]], np.float32), np.array([[4.0]], np.float32))
    found = wide_choice.savings(seen, np.array([[7.0, 3.0]], np.float32), np.array([0.5], np.float32), 0)
    assert found == pytest.approx([4 * (49 * 0.25 + 1) / 12, 4 * (9 * 2.25 + 81) / 12])


def test_rows_that_save_most_per_weight_come_first():
    savings = {"a": np.array([9.0, 1.0, 1.0, 2.0]), "b": np.array([5.0, 30.0, 20.0, 10.0])}
    outputs = {"a": 1, "b": 4}
    # Per weight: a 9, 1, 1, 2; b 1.25, 7.5, 5, 2.5. Half of 20 weights: a's 9, b's 7.5 and 5, then a's 2.
    assert wide_choice.allot(savings, outputs, 0.5) == {"a": 2, "b": 2}
    # 3 weights hold no row of b.
    assert wide_choice.allot(savings, outputs, 0.15) == {"a": 2, "b": 0}


def test_a_model_has_the_same_share_of_wide_weights_but_not_everywhere(tmp_path):
    model = tiny_llama.make_llama()
    sequences = np.random.default_rng(6).integers(0, tiny_llama.SHAPE.vocabulary, (2, 24))
    method = make_method("spikequant-improved", Settings(wide_share=0.1, wide_choice="loss"))
    wide, total, shares = 0, 0, []
    for program in calibration.programs(model, method, sequences, cache=tmp_path):
        for projection in program.projections.values():
            inputs, outputs = projection.weights.shape
            wide, total = wide + len(projection.code.wide) * outputs, total + inputs * outputs
            shares.append(len(projection.code.wide) / inputs)
    assert 0.1 - 0.01 < wide / total <= 0.1
    assert max(shares) > 0.15 and min(shares) < 0.05


def test_only_the_choice_by_loss_is_an_option_of_its_own():
    assert "wide_choice" not in make_method("spikequant-improved", Settings()).options
    assert make_method("spikequant-improved", Settings(wide_choice="loss")).options["wide_choice"] == "loss"
    with pytest.raises(UserError, match="--wide-choice most: unknown .known: uniform, loss"):
        Settings(wide_choice="most").check()
