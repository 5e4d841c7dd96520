"""The integer contract of one linear operation, by plain integer matrix products.

    V[m,n] = V0[n] + sum_k a[m,k] * 2^(g[m,window(k)] + h[window(k),n]) * w[k,n]
    o[m,n] = clamp(floor((V * 2^F + floor(theta / 2)) / theta), -2^(B-1), 2^(B-1) - 1)

Shapes: M tokens, K inputs, N outputs, W windows of K / W inputs each. Everything is int64 and exact;
there are no spikes here, so that this can check a machine that has them.
"""

import numpy as np

MINIMUM_THRESHOLD = 1024


def combine_weight_rows(nibbles, wide):
    """Weights w [K,N] (int64) from stored rows [K + n_wide, N] of raw nibbles 0..15.

    A row holds signed 4-bit weights, except the rows of the `wide` inputs [n_wide]: those hold the unsigned
    low nibble, and row K + i holds the signed high nibble of the i-th: w = 16 * hi + lo.
    """
    inputs = len(nibbles) - len(wide)
    rows = nibbles.astype(np.int64)
    signed = np.where(rows > 7, rows - 16, rows)
    weights = signed[:inputs]
    weights[wide] = 16 * signed[inputs:] + rows[wide]
    return weights


def split_weight_rows(weights, wide):
    """Raw nibbles [K + n_wide, N] (uint8) of weights w [K,N]; the inverse of `combine_weight_rows`.

    Raises ValueError if a weight exceeds 4 signed bits, or 8 on a wide input.
    """
    weights = np.asarray(weights, dtype=np.int64)
    narrow = np.delete(weights, wide, axis=0)
    if narrow.size and not -8 <= narrow.min() <= narrow.max() <= 7:
        raise ValueError("a weight does not fit 4 signed bits")
    if len(wide) and not -128 <= weights[wide].min() <= weights[wide].max() <= 127:
        raise ValueError("a wide weight does not fit 8 signed bits")
    return np.concatenate([weights & 15, (weights[wide] >> 4) & 15]).astype(np.uint8)


def initial_membranes(weights, zero_point, weight_shifts=None):
    """V0[n] = -z * sum over windows of 2^h * (column sum of w over the window); int64 [N].

    `weights` [K,N]; `weight_shifts` is h [W,N], or None for one window without shift.
    """
    column_sums = _windowed(weights, _window_count(weight_shifts)).sum(axis=1)
    return -zero_point * _shift(column_sums, weight_shifts).sum(axis=0)


def weighted_sums(activations, weights, v0, activation_shifts=None, weight_shifts=None):
    """Final membranes V [M,N] (int64).

    `activations` a [M,K]; `weights` w [K,N]; `v0` [N]; `activation_shifts` g [M,W] and `weight_shifts`
    h [W,N] in 0..3, or None. Raises ValueError if K is not divisible by W.
    """
    windows = _window_count(weight_shifts, activation_shifts)
    a = np.asarray(activations, dtype=np.int64)
    w = _windowed(weights, windows)
    size = w.shape[1]
    v = np.tile(np.asarray(v0, dtype=np.int64), (len(a), 1))
    for i in range(windows):
        partial = exact_matmul(a[:, i * size : (i + 1) * size], w[i])
        if activation_shifts is not None:
            partial <<= activation_shifts[:, i : i + 1].astype(np.int64)
        v += _shift(partial, None if weight_shifts is None else weight_shifts[i])
    return v


def exact_matmul(a, w):
    """a [M,K] times w [K,N] as int64 [M,N].

    Through float64 where no partial sum can reach 2^53 (every step is then an exact integer, in any order,
    and far faster); through int64 otherwise.
    """
    bound = int(np.abs(a).max(initial=0)) * int(np.abs(w).max(initial=0)) * max(a.shape[1], 1)
    if bound < 1 << 53:
        return (a.astype(np.float64) @ w.astype(np.float64)).astype(np.int64)
    return a.astype(np.int64) @ w.astype(np.int64)


def thresholds(ratio):
    """Thresholds theta [N] (int64) and F, from ratio [N] = 2^gamma * u_r / (u * s_w[n]).

    theta = round(2^F * ratio), ties to even; F is the smallest that gives every theta at least 1024.
    Raises ValueError for ratios that are not positive and finite.
    """
    ratio = np.asarray(ratio, dtype=np.float64)
    if not (np.isfinite(ratio).all() and (ratio > 0).all()):
        raise ValueError("threshold ratios must be positive and finite")
    fraction_bits = 0
    while np.rint(np.ldexp(ratio.min(), fraction_bits)) < MINIMUM_THRESHOLD:
        fraction_bits += 1
    return np.rint(np.ldexp(ratio, fraction_bits)).astype(np.int64), fraction_bits


def fire(membranes, fraction_bits, theta, output_bits):
    """Output codes o [M,N] (int64) of membranes V [M,N], thresholds [N] and B = output_bits.

    Raises OverflowError if V * 2^F does not fit the int64 that this reference computes in.
    """
    if int(np.abs(membranes).max(initial=0)) << fraction_bits >= 1 << 62:
        raise OverflowError("V * 2^F exceeds 62 bits")
    numerator = (membranes << fraction_bits) + (theta >> 1)
    limit = 1 << (output_bits - 1)
    return np.clip(np.floor_divide(numerator, theta), -limit, limit - 1)


def _window_count(weight_shifts, activation_shifts=None):
    if weight_shifts is not None:
        return len(weight_shifts)
    return 1 if activation_shifts is None else activation_shifts.shape[1]


def _windowed(weights, windows):
    inputs, outputs = weights.shape
    if inputs % windows:
        raise ValueError(f"{inputs} inputs cannot be cut into {windows} equal windows")
    return np.asarray(weights, dtype=np.int64).reshape(windows, inputs // windows, outputs)


def _shift(values, shifts):
    return values if shifts is None else values << np.asarray(shifts, dtype=np.int64)
