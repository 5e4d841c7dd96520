"""What a trained spiking language model does after each step: accuracy, and how far its rates are from equilibrium."""

import numpy as np
import torch

from spikeloom.models.spiking_lm import network, wordpieces
from spikeloom.models.spiking_lm.dynamics import Simulator
from spikeloom.models.spiking_lm.settling import exit_steps
from spikeloom.models.spiking_lm.shape import SUBLAYERS, rate_name
from spikeloom.progress import Progress

# Membranes of the neurons that the vector unit feeds begin at half a threshold, so that counts are rounded, not cut.
INITIAL = 0.5
DIGITS = 6
# Of early exits that are measured: steps of a block, and limits of the mean change of rates, spikes a step.
BLOCK = 8
LIMITS = (0.05, 0.02, 0.01)


class Reader:
    """A Checkpoint with its embedding: step by step (`simulator`) and at the equilibrium."""

    def __init__(self, checkpoint, embedding):
        self.checkpoint = checkpoint
        self.network = network.of_checkpoint(checkpoint, embedding)
        self.simulator = Simulator(checkpoint, self._embed, INITIAL)

    def equilibrium(self, ids):
        """{name: rates float32 [M,N]} of token `ids` [M] at the equilibrium, all tokens of all encoders."""
        batch = wordpieces.padded([ids])
        with torch.no_grad():
            return {
                name: rates[0].numpy() for name, rates in self.network(batch.ids, batch.mask, whole=True)[1].items()
            }

    def _embed(self, ids):
        return self.network.embedding(torch.tensor([ids]))[0].numpy()


def rate_names(shape):
    """All spiking sublayers of a model, in order."""
    return ["hidden", *(rate_name(i, name) for i in range(shape.encoders) for name in SUBLAYERS)]


def accuracy_by_step(reader, sequences, labels, steps):
    """(share of texts on the right side after each step, float64 [T]; of early exits, for each of LIMITS).

    A text that exits early after s steps, by `settling.exit_steps`, is on the side that it is on after s steps.
    """
    right, exits = np.zeros(steps), {limit: [] for limit in LIMITS}
    with Progress("simulating", len(sequences), "text") as bar:
        for ids, label in zip(sequences, labels, strict=True):
            run = reader.simulator.run(ids, steps, whole=False)
            is_right = run.logits.argmax(axis=1) == label
            right += is_right
            watched = [run.spikes[rate_name(i, "output")] for i in range(reader.checkpoint.shape.encoders)]
            for limit, seen in exits.items():
                after = exit_steps(watched, BLOCK, limit)
                seen.append((after, is_right[after - 1]))
            bar.step()
    early = [{"limit": limit, "steps": _mean(seen, 0), "accuracy": _mean(seen, 1)} for limit, seen in exits.items()]
    return right / len(sequences), early


def _mean(pairs, place):
    return round(float(np.mean([pair[place] for pair in pairs])), DIGITS)


def rates_by_step(reader, texts):
    """How each sublayer's rates settle, means over `texts` of pairs (ids, Run of the whole model): {sublayer: ..} with

    `equilibrium`: mean rate there; after each step `level`: the mean rate, and `distance`: the mean over neurons of
    |rate - its equilibrium|, in spikes a step.
    """
    found = {}
    for ids, run in texts:
        exact = reader.equilibrium(ids)
        for name in rate_names(reader.checkpoint.shape):
            rates = run.rates(name)
            distance = np.abs(rates - exact[name]).mean(axis=(1, 2))
            seen = exact[name].mean(), rates.mean(axis=(1, 2)), distance
            found.setdefault(name, []).append(seen)
    return {name: _means(seen) for name, seen in found.items()}


def _means(seen):
    equilibrium, level, distance = (np.mean(part, axis=0) for part in zip(*seen, strict=True))
    return {
        "equilibrium": round(float(equilibrium), DIGITS),
        "level": level.round(DIGITS).tolist(),
        "distance": distance.round(DIGITS).tolist(),
    }
