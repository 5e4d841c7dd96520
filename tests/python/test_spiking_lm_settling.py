"""Early exit: the mean change of rates by hand, and by its definition in fractions."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from tiny_spiking_lm import tiny_checkpoint

from spikeloom.models.spiking_lm import measure
from spikeloom.models.spiking_lm.settling import changes, exit_steps


def blocks_of(*counts):
    """Spikes [T,1,N] of blocks of 4 steps with so many spikes each."""
    steps = [[[int(step < count) for count in block]] for block in counts for step in range(4)]
    return np.array(steps, dtype=np.uint8)


def test_changes_are_those_by_hand():
    """Two neurons: rates 2/4 and 4/4, then 4/8 and 7/8, then 8/12 and 11/12."""
    first, second, third = changes(blocks_of((2, 4), (2, 3), (4, 4)), 4)
    assert first is None
    assert Fraction(*second) == Fraction(1, 8) / 2
    assert Fraction(*third) == (Fraction(1, 6) + Fraction(1, 24)) / 2


def test_steps_end_where_all_encoders_have_settled_and_never_with_the_first_block():
    still, moving = blocks_of((2, 2), (2, 2), (2, 2)), blocks_of((0, 0), (4, 4), (2, 2))
    assert exit_steps([still], 4, 0.0) == 8
    assert exit_steps([moving], 4, 0.0) == 12
    assert exit_steps([still, moving], 4, 0.49) == 12
    assert exit_steps([still, moving], 4, 0.5) == 8  # |4/8 - 0/4| of both neurons


def test_fewer_steps_than_a_block_are_all_taken():
    assert exit_steps([blocks_of((1, 2))[:3]], 4, 1.0) == 3


def test_early_exits_are_right_as_often_as_the_step_after_which_each_text_stops():
    """Two tiny texts, by the runs themselves."""
    found = tiny_checkpoint("ternary")
    table = np.random.default_rng(3).normal(size=(100, 16)).astype(np.float32)
    reader = measure.Reader(found, lambda ids: torch.tensor(table)[ids])
    texts, labels, steps = [[1, 2, 3], [4, 5]], [1, 0], 24
    accuracy, early = measure.accuracy_by_step(reader, texts, labels, steps)
    runs = [reader.simulator.run(ids, steps) for ids in texts]
    says = [run.logits.argmax(axis=1) for run in runs]
    assert accuracy.tolist() == [np.mean([a[t] == b for a, b in zip(says, labels, strict=True)]) for t in range(steps)]
    for entry in early:
        after = [
            exit_steps([run.spikes["0.output"], run.spikes["1.output"]], measure.BLOCK, entry["limit"]) for run in runs
        ]
        assert entry["steps"] == np.mean(after)
        assert entry["accuracy"] == np.mean([say[s - 1] == b for say, s, b in zip(says, after, labels, strict=True)])


def test_a_limit_of_half_a_unit_is_rounded_up():
    """256 neurons, of which one changes: 0/128 to 1/256, in the mean 1/65536 spikes a step, one unit."""
    spikes = np.zeros((256, 1, 256), dtype=np.uint8)
    spikes[255, 0, 0] = 1
    still = np.zeros((384, 1, 256), dtype=np.uint8)
    still[:256] = spikes
    assert exit_steps([still], 128, 0.5 / 65536) == 256
    assert exit_steps([still], 128, 0.4 / 65536) == 384


@pytest.mark.parametrize("seed", range(5))
def test_random_spikes_settle_by_the_definition(seed):
    random = np.random.default_rng(seed)
    spikes = random.integers(0, 2, (24, 3, 5), dtype=np.uint8)
    for i, change in enumerate(changes(spikes, 6)):
        if i == 0:
            continue
        rates = [[Fraction(int(n), t) for n in spikes[:t].sum(axis=0, dtype=int).ravel()] for t in (6 * i, 6 * i + 6)]
        assert Fraction(*change) == sum(abs(b - a) for a, b in zip(*rates, strict=True)) / 15
