"""SpikeQuant, improved: accumulate-only like the paper's, with a power-of-two salient rule, wide weight rows in
place, two-digit codes on their inputs, and GPTQ on the inputs that the chip sees."""

import numpy as np

from spikeloom import UserError
from spikeloom.models import key_balance, llama, value_rotation, wide_choice
from spikeloom.models import spike_attention as attention
from spikeloom.models import spike_projection as spikes
from spikeloom.models.codes import CodeFormat
from spikeloom.models.methods.floating import Method
from spikeloom.models.spike_projection import SalientRule

KEY_STRENGTH = 0.5
NARROW_LARGEST, WIDE_LARGEST = 7, 127
NO_INPUTS = np.empty(0, dtype=np.int64)


class SpikeQuantImproved(Method):
    """`salient_share` of an input's values are salient on calibration; `wide_share` of its rows are wide, or, by
    `choice_by_loss`, of all weights."""

    name = "spikequant-improved"

    def __init__(self, salient_share, wide_share, output_bits, group, spike_attention, choice_by_loss=False):
        self._share, self._wide_share = salient_share, wide_share
        self._output_bits, self._group = output_bits, group
        self._spike_attention = spike_attention
        self._choice_by_loss, self._wide_rows, self._layer = choice_by_loss, {}, 0
        self.options = {
            "salient_share": salient_share,
            "wide_share": wide_share,
            "output_bits": output_bits,
            "group": group,
            "spike_attention": spike_attention,
        }
        self.weights = f"4 bit per channel, 8 bit in {wide_share:.2%} of the inputs, GPTQ"
        self.activations = (
            f"4 bit, 5 bit in {salient_share:.1%} of the values, two digits in {wide_share:.2%} of the inputs"
        )
        self.assumptions = {
            "weights": "4 bit signed, one scale per output channel in the threshold, clip searched, GPTQ on the "
            "quantized inputs, tokens alike",
            "wide_rows": f"{wide_share:.2%} of the inputs keep 8-bit weights, as a second 4-bit row in place, and "
            "two-digit codes: those with the largest product of the sums of squares of activations and of weights",
            "salient_rule": "|x| > k * 2^round(log2 MAD), MAD the median of |x| over the token; k per layer and input, "
            f"so that {salient_share:.2%} of the calibration values are salient",
            "token_exponent": "e = round(log2 MAD) and u = k / 7.5: a value is salient where the normal code ends",
            "output_bits": f"{output_bits} per output code, static range that nothing in calibration exceeds",
        }
        if group:
            self.weights += f", shifts in groups of {group}"
            self.assumptions["groups"] = f"windows of {group} inputs, whose weights an output scales by 2^h, h in 0..3"
        if choice_by_loss:
            self._describe_choice()
        if spike_attention:
            self.assumptions["key_balance"] = (
                f"rotary pairs of keys divided, and of queries multiplied, by their size^{KEY_STRENGTH}, in the weights"
            )
            self.assumptions["value_rotation"] = (
                "values of a head turned by a Hadamard matrix, in the weights of v and o"
            )
            self.assumptions |= attention.assumptions(salient_share)

    def check(self, shape):
        for name, operations in llama.OPERATIONS_OF.items():
            inputs = shape.operation_shape(operations[0])[1]
            if self._group and inputs % self._group:
                raise UserError(f"--group {self._group}: does not divide the {inputs} inputs of '{name}'")

    def _describe_choice(self):
        self.options["wide_choice"] = "loss"
        self.weights = self.weights.replace("of the inputs", "of the weights where it saves most loss")
        self.activations = self.activations.replace(f"{self._wide_share:.2%} of the inputs", "their inputs")
        self.assumptions["wide_rows"] = self.assumptions["wide_rows"].replace(
            f"{self._wide_share:.2%} of the inputs", "as many inputs as `wide_choice` says"
        )
        self.assumptions["wide_choice"] = (
            f"wide rows are {self._wide_share:.2%} of all weights; each input of each layer has as many as save most "
            "loss per weight, from the gradients of the whole model on calibration text, at most half of its rows"
        )

    def survey(self, model, sequences):
        if self._choice_by_loss:
            self._wide_rows = wide_choice.counts_by_loss(
                model, sequences, self._wide_share, self._coding_steps, self._group
            )

    def _coding_steps(self, x):
        """The step 2^e * u of each token's normal codes, float32 [M], of x [M,K]."""
        code, coded = self._coded_input(x, NO_INPUTS)
        return np.ldexp(np.float32(code.unit), coded.token_exponent)

    def prepare(self, model, layer, x, length, rotary):
        """The layer with balanced keys and rotated values."""
        self._layer = layer
        weights = model.layers[layer]
        if not self._spike_attention:
            return weights
        keys = key_balance.keys_of(model, weights, x, length, rotary)
        balanced = key_balance.balance_keys(weights, keys - keys.mean(axis=0), model.shape, KEY_STRENGTH)
        return value_rotation.rotate_values(balanced, model.shape)

    def _coded_input(self, x, wide):
        k = spikes.salient_constant(x, self._share)
        fmt = CodeFormat("signed", "floating", digits=len(wide) > 0)
        return spikes.calibrate_code(x, fmt, SalientRule(k, rounded=True), wide, k / spikes.NORMAL_REACH)

    def calibrate_projection(self, x, weights):
        stacked = np.concatenate(list(weights.values())).astype(np.float64)
        wide = loudest(x, stacked, self._wide_rows_of(weights, x.shape[1]))
        largest = np.full(x.shape[1], NARROW_LARGEST)
        largest[wide] = WIDE_LARGEST
        return spikes.calibrate_projection(
            weights, *self._coded_input(x, wide), largest, self._output_bits, self._group
        )

    def _wide_rows_of(self, weights, inputs):
        if not self._choice_by_loss:
            return round(self._wide_share * inputs)
        name, _ = llama.OPERATIONS[next(iter(weights))]
        return self._wide_rows[self._layer, name]

    def calibrate_attention(self, shape, q, k, v, length):
        if not self._spike_attention:
            return super().calibrate_attention(shape, q, k, v, length)
        return attention.calibrate(q, k, v, length, self._share)


def loudest(x, weights, count):
    """Indices, ascending, of the `count` inputs with the largest product of activation and weight size.

    x [M,K]; weights [N,K].
    """
    loudness = np.einsum("mk,mk->k", x, x, dtype=np.float64) * (weights**2).sum(axis=0)
    return np.sort(np.argsort(-loudness, kind="stable")[:count])
