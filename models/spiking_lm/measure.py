"""What a trained spiking language model does after each step: accuracy, and how far its rates are from equilibrium."""

import numpy as np
import torch

from spikeloom.models.spiking_lm import network, wordpieces
from spikeloom.models.spiking_lm.dynamics import Simulator
from spikeloom.models.spiking_lm.shape import SUBLAYERS, rate_name
from spikeloom.progress import Progress

# Membranes of the neurons that the vector unit feeds begin at half a threshold, so that counts are rounded, not cut.
INITIAL = 0.5


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


def settling(reader, run, ids):
    """Of one whole Run, after each step: what the model says, and each sublayer's distance from its equilibrium."""
    exact = reader.equilibrium(ids)
    return {
        "steps": len(run.logits),
        "logits": run.logits.tolist(),
        "prediction": run.logits.argmax(axis=1).tolist(),
        "rates": {
            name: {"mean": float(exact[name].mean()), "distance": distance(run.rates(name), exact[name]).tolist()}
            for name in rate_names(reader.checkpoint.shape)
        },
    }


def distance(rates, exact):
    """Mean absolute difference [T] of rates [T,M,N] from [M,N], in spikes a step."""
    return np.abs(rates - exact).mean(axis=(1, 2))


def accuracy_by_step(reader, sequences, labels, steps):
    """Share of texts on the right side after each step, float64 [T]."""
    right = np.zeros(steps)
    with Progress("simulating", len(sequences), "text") as bar:
        for ids, label in zip(sequences, labels, strict=True):
            right += reader.simulator.run(ids, steps, whole=False).logits.argmax(axis=1) == label
            bar.step()
    return right / len(sequences)


def distance_by_step(reader, sequences, steps):
    """{sublayer: (mean rate at the equilibrium, distance [T])}, means over texts."""
    names = rate_names(reader.checkpoint.shape)
    means, distances = dict.fromkeys(names, 0.0), {name: np.zeros(steps) for name in names}
    for ids in sequences:
        exact, run = reader.equilibrium(ids), reader.simulator.run(ids, steps)
        for name in names:
            means[name] += float(exact[name].mean()) / len(sequences)
            distances[name] += distance(run.rates(name), exact[name]) / len(sequences)
    return {name: (means[name], distances[name]) for name in names}
