"""Equilibrium of the average spiking rates, and gradients by implicit differentiation there.

The rates z obey z = f(z, parameters), a system of sublayers that each read the rates of others. For a loss with the
direct gradient g, the adjoint v solves v = J^T v + g, J = df/dz at the equilibrium, and the gradient of the
parameters is v^T df/dparameters. No time step is stored.

Sublayers stand in an order in which each reads earlier ones only: then substitution in that order solves z = f(z), and
substitution backwards solves the adjoint equation, both exactly and in one sweep.
"""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Sublayer:
    """`function(*rates of inputs)` gives the rates of `name`; its parameters are those that it closes over."""

    name: str
    inputs: tuple
    function: callable


def equilibrium(sublayers):
    """{name: rates} of Sublayers at the equilibrium. A loss of them reaches the parameters by the adjoint."""
    if not torch.is_grad_enabled():
        return _substitute(sublayers, lambda rates: rates)[1]
    probe = torch.ones((), requires_grad=True)
    rates = _Equilibrium.apply(sublayers, probe)
    return {sublayer.name: each for sublayer, each in zip(sublayers, rates, strict=True)}


def _substitute(sublayers, leaf_of):
    """({name: f of the sublayer}, {name: `leaf_of` it, which later sublayers read})."""
    maps, leaves = {}, {}
    for sublayer in sublayers:
        maps[sublayer.name] = sublayer.function(*(leaves[name] for name in sublayer.inputs))
        leaves[sublayer.name] = leaf_of(maps[sublayer.name])
    return maps, leaves


class _Equilibrium(torch.autograd.Function):
    @staticmethod
    def forward(ctx, sublayers, _probe):
        with torch.enable_grad():
            ctx.maps, ctx.leaves = _substitute(sublayers, lambda rates: rates.detach().requires_grad_())
        return tuple(leaf.detach() for leaf in ctx.leaves.values())

    @staticmethod
    def backward(ctx, *direct):
        """Solves v = J^T v + g: a leaf's `grad` is its v once all that read it have passed theirs back."""
        for leaf, gradient in zip(ctx.leaves.values(), direct, strict=True):
            leaf.grad = gradient.clone(memory_format=torch.contiguous_format)
        for name in reversed(ctx.maps):
            torch.autograd.backward(ctx.maps[name], ctx.leaves[name].grad)
        return None, None
