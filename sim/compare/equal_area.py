"""Chips matched by area: each rival's best point again, in the size whose area is next to the best spiking chip's."""

from dataclasses import dataclass

from spikeloom import UserError
from spikeloom.compare import outcomes
from spikeloom.compare.refine import again


@dataclass(frozen=True)
class Match:
    """A rival of a bout in another size: its point, its share of the best spiking chip's area, and what came of it.

    `outcome` is None where no size comes within the tolerance: `point` is then the nearest.
    """

    bout: object
    point: object
    share: float
    outcome: object


def matches(comparison, runs, bouts):
    """A Match per bout and rival; none where the configuration has no sizes. Areas are known without a run."""
    if not comparison.equal_area:
        return []
    pairs = [(bout, list(_sizes(comparison, rival.point))) for bout in bouts for rival in bout.rivals]
    areas = runs.areas([point.jobs[0] for _, points in pairs for point in points])
    chosen = [(bout, *_nearest(bout, points, areas)) for bout, points in pairs]
    taken = [point for _, point, share in chosen if abs(share - 1) <= comparison.equal_area.tolerance]
    results = runs.results([job for point in taken for job in point.jobs])
    return [
        Match(bout, point, share, _outcome(point, results) if point in taken else None) for bout, point, share in chosen
    ]


def _sizes(comparison, point):
    """The point in every size of the configuration."""
    for labels, settings in comparison.equal_area.sizes():
        yield again(point, labels, settings)


def _nearest(bout, points, areas):
    """(point, its area over that of the bout's best spiking chip)."""
    wanted = bout.best_spiking.report["area"]["total_mm2"]
    fitting = [(point, areas[point.jobs[0]] / wanted) for point in points if areas[point.jobs[0]] is not None]
    if not fitting:
        raise UserError(f"equal_area: every size of contender '{points[0].contender.name}' is refused")
    return min(fitting, key=lambda pair: abs(pair[1] - 1))


def _outcome(point, results):
    ran, refused = outcomes.outcomes([point], results)
    if refused:
        raise UserError(f"equal_area: {point.called()}: {refused[0][1]}")
    return ran[0]
