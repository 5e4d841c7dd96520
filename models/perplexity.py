"""Perplexity of a method on real text, from the same arithmetic that its chip computes."""

import json
import math
from dataclasses import dataclass

import numpy as np

from spikeloom.models import calibration as calibrations
from spikeloom.models import pipeline
from spikeloom.models.text import Perplexity, perplexity_of


@dataclass(frozen=True)
class Reading:
    """One method on one text. `salient_share` counts MAD-salient values over all inputs, None without codes."""

    method: str
    text: str
    perplexity: Perplexity
    salient_share: float | None

    def json(self):
        """The reading as a JSON line."""
        p = self.perplexity
        bounds = [None if math.isnan(x) else x for x in (p.low, p.high)]
        return json.dumps(
            {
                "method": self.method,
                "text": self.text,
                "perplexity": p.value,
                "low": bounds[0],
                "high": bounds[1],
                "windows": p.windows,
                "salient_share": self.salient_share,
            }
        )


def read_perplexity(model, method, sequences, texts):
    """A Reading per text; `texts` maps names to token ids [S,C] of evaluation windows.

    The method is calibrated on token ids `sequences` [S,C]. Raises OverflowError if a weighted sum could exceed
    what is exact (a bug or an absurd model).
    """
    streams = {name: pipeline.embed(model, ids) for name, ids in texts.items()}
    rotaries = {name: pipeline.rotary_of(model, np.shape(ids)[1]) for name, ids in texts.items()}
    counts = {name: [0, 0] for name in texts}
    for program in calibrations.programs(model, method, sequences):
        for name, ids in texts.items():
            observer = _salience_counter(program, counts[name])
            streams[name] = pipeline.run_layer(
                model, program, streams[name], np.shape(ids)[1], rotaries[name], observer
            )
    return [
        Reading(
            method.name,
            name,
            perplexity_of(pipeline.token_losses(model, streams[name], ids)),
            counts[name][0] / counts[name][1] if counts[name][1] else None,
        )
        for name, ids in texts.items()
    ]


def _salience_counter(program, count):
    """Counts, on what each input reads, the values that the method's MAD rule calls salient."""

    def observe(name, x):
        projection = program.projections.get(name)
        if hasattr(projection, "count_salient"):
            count[0] += projection.count_salient(x)
            count[1] += x.size

    return observe
