"""Weights of 1, 2 or 4 bits as bytes: output n of a row at bits n * bits from the row's low end."""

import numpy as np


def pack(weights, bits):
    """uint8 [K, ceil(N * bits / 8)] of integers [K,N]: 1 bit is 1 for +1 and 0 for -1; more are two's complement."""
    fields = (weights > 0) if bits == 1 else weights & ((1 << bits) - 1)
    single = fields.astype(np.uint8)[..., None] >> np.arange(bits, dtype=np.uint8) & 1
    return np.ascontiguousarray(np.packbits(single.reshape(len(weights), -1), axis=1, bitorder="little"))


def unpack(packed, outputs, bits):
    """Integers int8 [K,N] of `pack`. Raises ValueError for a 2-bit -2 or padding that is not 0."""
    flat = np.unpackbits(packed, axis=1, bitorder="little")
    if flat[:, outputs * bits :].any():
        raise ValueError("padding bits that are not 0")
    single = flat[:, : outputs * bits].reshape(len(packed), outputs, bits)
    if bits == 1:
        return 2 * single[..., 0].astype(np.int8) - 1
    values = (single << np.arange(bits, dtype=np.uint8)).sum(axis=2, dtype=np.int8)
    values[values >= 1 << (bits - 1)] -= 1 << bits
    if bits == 2 and (values == -2).any():
        raise ValueError("a 2-bit weight of -2")
    return values
