"""Of synthetic traces, what the share of zeros does to the headline: both best points run on copies of the trace."""

from dataclasses import dataclass, replace

from spikeloom import UserError
from spikeloom.compare import outcomes
from spikeloom.traces import manifest, zero_share
from spikeloom.traces.trace_files import file_sha256


@dataclass(frozen=True)
class OtherZeros:
    """The two best points of a bout with another share of zeros."""

    bout: object
    share: float
    rival: object
    spiking: object


def sweep(comparison, runs, bouts):
    """OtherZeros of every bout with a headline and a synthetic trace, for every share of the configuration."""
    chosen = [bout for bout in bouts if bout.best_rival and bout.best_spiking.report["synthetic"]]
    planned = [
        (
            bout,
            share,
            [_moved(runs.store, one.point, share) for one in (bout.best_rival, bout.best_spiking)],
        )
        for bout in chosen
        for share in comparison.zero_shares
    ]
    results = runs.results([job for _, _, pair in planned for point in pair for job in point.jobs])
    found = []
    for bout, share, pair in planned:
        ran, refused = outcomes.outcomes(pair, results)
        if refused:
            raise UserError(f"{share:g} of zeros: {refused[0][1]}")
        found.append(OtherZeros(bout, share, *ran))
    return found


def _moved(store, point, share):
    """The point on copies of its traces with a share of zeros of their own."""
    case = point.regime.case
    return replace(point, jobs=tuple(replace(job, trace=_copy(store, job.trace, case, share)) for job in point.jobs))


def _copy(store, trace, case, share):
    identity = {
        "kind": "zeros",
        "trace": [file_sha256(trace), file_sha256(manifest.weights_beside(trace))],
        "share": share,
    }

    def make(folder):
        zero_share.write_variant(trace.parent, folder, manifest.layer_of(trace), case, share)

    return store.product(identity, make).folder / trace.name
