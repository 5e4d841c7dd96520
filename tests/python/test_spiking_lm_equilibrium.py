"""Gradients at the equilibrium: implicit differentiation against finite differences and against backpropagation."""

import pytest
import torch
from tiny_spiking_lm import tiny_shape, tiny_simulator
from torch import nn

from spikeloom.models.spiking_lm import network
from spikeloom.models.spiking_lm.equilibrium import equilibrium
from spikeloom.models.spiking_lm.weights import KINDS, QuantizedLinear

IDS = torch.tensor([[4, 8, 15, 16], [23, 42, 0, 0]])
MASK = torch.tensor([[True] * 4, [True, True, False, False]])


class Table(nn.Module):
    """An embedding of its own for tiny models."""

    def __init__(self, size):
        super().__init__()
        values = torch.randn(100, size, generator=torch.Generator().manual_seed(5))
        self.register_buffer("values", values.double())

    def forward(self, ids):
        return self.values[ids]


def tiny_network(weights="full", seed=2):
    """A tiny SpikingEncoder in float64 whose rates lie between 0 and 1."""
    torch.manual_seed(seed)
    shape = tiny_shape(weights)
    model = network.SpikingEncoder(shape, Table(shape.hidden)).double()
    for name, parameter in model.named_parameters():
        if name.endswith("weight") and "norm" not in name and parameter.dim() == 2:
            nn.init.normal_(parameter, std=0.15)
        elif "norm" in name or name in ("gain", "shift"):
            nn.init.constant_(parameter, 0.2 if name.endswith(("weight", "gain")) else 0.5)
        else:
            nn.init.normal_(parameter, 0.3, 0.2)
    return model


def loss_of(model):
    """A scalar of logits, rates and scores, so that the direct gradient reaches several sublayers."""
    logits, rates = model(IDS, MASK)
    weight = torch.linspace(-1, 1, logits.numel(), dtype=logits.dtype).view_as(logits)
    scores = network.attention_scores(rates["0.query"], rates["0.key"], model.shape).masked_fill(
        ~MASK[:, None, None], 0
    )
    return (logits * weight).sum() + rates["0.output"].square().sum() + 0.1 * scores.square().sum()


def test_implicit_gradients_equal_finite_differences():
    model, step = tiny_network(), 1e-6
    loss_of(model).backward()
    for name, parameter in model.named_parameters():
        flat, gradient = parameter.data.view(-1), parameter.grad.view(-1)
        for place in {0, flat.numel() // 2, flat.numel() - 1}:
            before = flat[place].item()
            values = []
            for sign in (1, -1):
                flat[place] = before + sign * step
                with torch.no_grad():
                    values.append(loss_of(model).item())
            flat[place] = before
            assert (values[0] - values[1]) / (2 * step) == pytest.approx(gradient[place].item(), abs=1e-6, rel=1e-5), (
                name
            )


def test_implicit_gradients_equal_backpropagation_through_the_unrolled_map(monkeypatch):
    model = tiny_network("ternary")
    loss_of(model).backward()
    implicit = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    monkeypatch.setattr(network, "equilibrium", unrolled)
    model.zero_grad()
    loss_of(model).backward()
    for name, parameter in model.named_parameters():
        assert torch.allclose(parameter.grad, implicit[name], rtol=1e-10, atol=1e-12), name


def unrolled(sublayers):
    """All sublayers whose inputs are known at once, as often as there are sublayers; gradients by backpropagation."""
    rates = {}
    for _ in sublayers:
        ready = [s for s in sublayers if rates.keys() >= set(s.inputs)]
        rates = {s.name: s.function(*(rates[name] for name in s.inputs)) for s in ready}
    return rates


def test_rates_solve_the_equation_of_the_equilibrium():
    model = tiny_network("binary")
    with torch.no_grad():
        sublayers = model._sublayers(IDS, MASK, True)
        rates = equilibrium(sublayers)
        for sublayer in sublayers:
            assert torch.equal(rates[sublayer.name], sublayer.function(*(rates[name] for name in sublayer.inputs)))


def test_rates_with_levels_are_multiples_of_their_inverse_next_to_the_exact_ones():
    model = tiny_network("ternary")
    with torch.no_grad():
        exact = model(IDS, MASK, whole=True)[1]
        model.levels = 15
        rounded = model(IDS, MASK, whole=True)[1]
    for name, rates in rounded.items():
        if not name.endswith("query"):
            assert torch.allclose(rates * 15, (rates * 15).round(), atol=1e-9)
    assert 0 < (rounded["hidden"] - exact["hidden"]).abs().max() <= 0.5 / 15 + 1e-9


def test_steps_approach_the_equilibrium_as_one_over_t():
    simulator = tiny_simulator("full", seed=3)
    model = network.of_checkpoint(simulator.checkpoint, lambda ids: torch.tensor(simulator.embed(ids.numpy())))
    ids = [7, 3, 9]
    with torch.no_grad():
        exact = model(torch.tensor([ids]), torch.ones(1, 3, dtype=torch.bool), whole=True)[1]
    run = simulator.run(ids, 2048)
    for name in run.spikes:
        far, near = (abs(run.rates(name)[t - 1] - exact[name][0].numpy()).mean() for t in (64, 2048))
        assert near < 0.01 and near < far / 4, name


@pytest.mark.parametrize("kind, levels", [("binary", {-1, 1}), ("ternary", {-1, 0, 1}), ("int4", set(range(-7, 8)))])
def test_quantized_weights_are_integers_times_one_scale_and_pass_gradients_straight_through(kind, levels):
    torch.manual_seed(1)
    layer = QuantizedLinear(64, 64, kind)
    nn.init.normal_(layer.weight)
    seen = layer.seen_weights()
    integers = (seen / KINDS[kind].scale_of(layer.weight)).detach()
    assert torch.allclose(integers, integers.round(), atol=1e-4)
    assert set(integers.round().int().flatten().tolist()) == levels
    seen.sum().backward()
    assert torch.equal(layer.weight.grad, torch.ones(64, 64))


def test_binary_and_ternary_follow_bitnet():
    w = torch.tensor([[0.9, -0.1, 0.2, -0.6]])
    # mean 0.1, mean|W| 0.45: 0.9 -> 2, -0.1 -> -0.22, 0.2 -> 0.44, -0.6 -> -1.33.
    assert KINDS["binary"].integers_of(w).tolist() == [[1, -1, 1, -1]]
    assert KINDS["ternary"].integers_of(w).tolist() == [[1, 0, 0, -1]]
    assert float(KINDS["ternary"].scale_of(w)) == pytest.approx(0.45)
