"""When spiking rates have settled, so that further time steps say little: the rule of a chip's early exit.

After t steps, the last B of which were a block, with c spikes of a neuron before the block and n in it, its average
spiking rate has changed by |(c + n) / t - c / (t - B)| = |n (t - B) - c B| / (t (t - B)). Rates have settled where the
mean change over all tokens and neurons is at most a limit, in units of 2^-16 spikes a step. `models/settling.h` is the
same in C++.
"""

import numpy as np

UNITS = 1 << 16


def changes(spikes, block):
    """Of spikes [T,M,N] a pair for each block: sum of |n (t - B) - c B|, what it is a share of. None for the first."""
    steps = len(spikes) // block * block
    blocks = spikes[:steps].reshape(-1, block, *spikes.shape[1:]).sum(axis=1, dtype=np.int64)
    if not len(blocks):
        return []
    found, counts = [None], blocks[0]
    for i, new in enumerate(blocks[1:], 1):
        before, after = i * block, (i + 1) * block
        found.append((int(np.abs(new * before - counts * block).sum()), before * after * new.size))
        counts = counts + new
    return found


def exit_steps(watched, block, limit):
    """Steps of T after which a model stops: with the first block in which rates of all its encoders have settled, or T.

    `watched`: spikes [T,M,N] of the last sublayer of each encoder; `limit` in spikes a step.
    """
    units = int(limit * UNITS + 0.5)
    of_blocks = zip(*(changes(spikes, block) for spikes in watched), strict=True)
    for i, encoders in enumerate(of_blocks):
        if i and all(change * UNITS <= units * whole for change, whole in encoders):
            return (i + 1) * block
    return len(watched[0])
