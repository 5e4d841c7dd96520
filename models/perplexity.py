"""Perplexity of a method on real text, from the same arithmetic that its chip computes."""

import json
import math
from dataclasses import dataclass

import numpy as np

from spikeloom.models import calibration as calibrations
from spikeloom.models import pipeline
from spikeloom.models.activation_count import ActivationCount
from spikeloom.models.text import Perplexity, perplexity_of

COUNTED_TOKENS = 4


@dataclass(frozen=True)
class Reading:
    """One method on one text. `count` is an ActivationCount over all inputs of linear operations, of every
    COUNTED_TOKENS-th token; `widths` the widest registers that calibration asked for, None without codes."""

    method: str
    options: dict
    text: str
    perplexity: Perplexity
    count: ActivationCount
    widths: dict | None

    def json(self):
        """The reading as a JSON line."""
        p, count = self.perplexity, self.count
        bounds = [None if math.isnan(x) else x for x in (p.low, p.high)]
        return json.dumps(
            {
                "method": self.method,
                "options": self.options,
                "text": self.text,
                "perplexity": p.value,
                "low": bounds[0],
                "high": bounds[1],
                "windows": p.windows,
                "salient_share": count.salient_share,
                "digit_share": count.digit_share,
                "payload_bits": count.payload_bits,
                "all_bits": count.all_bits,
                "widths": self.widths,
            }
        )


def read_perplexity(model, method, sequences, texts):
    """A Reading per text; `texts` maps names to token ids [S,C] of evaluation windows.

    The method is calibrated on token ids `sequences` [S,C]. Raises OverflowError if a weighted sum could exceed
    what is exact (a bug or an absurd model).
    """
    streams = {name: pipeline.embed(model, ids) for name, ids in texts.items()}
    rotaries = {name: pipeline.rotary_of(model, np.shape(ids)[1]) for name, ids in texts.items()}
    counts, widths = {name: ActivationCount() for name in texts}, None
    for program in calibrations.programs(model, method, sequences):
        widths = _wider(widths, program)
        for name, ids in texts.items():
            observer = _counter(program, counts[name])
            streams[name] = pipeline.run_layer(
                model, program, streams[name], np.shape(ids)[1], rotaries[name], observer
            )
    return [
        Reading(
            method.name,
            method.options,
            name,
            perplexity_of(pipeline.token_losses(model, streams[name], ids)),
            counts[name],
            widths,
        )
        for name, ids in texts.items()
    ]


def _counter(program, count):
    """Adds up what each linear input takes, on a part of the tokens."""

    def observe(name, x):
        projection = program.projections.get(name)
        if hasattr(projection, "count"):
            count.add(projection.count(np.ascontiguousarray(x[::COUNTED_TOKENS])))

    return observe


def _wider(widths, program):
    """Widths of registers, in bits with sign, that hold what `widths` and a program's operations need."""
    for projection in program.projections.values():
        for op in getattr(projection, "operations", {}).values():
            needed = {
                "output": op.output_bits,
                "membrane": op.largest.bit_length() + 1,
                "threshold": int(op.theta.max()).bit_length() + 1,
                "largest_membrane": op.largest,
            }
            widths = {key: max(needed[key], (widths or needed)[key]) for key in needed}
    return widths
