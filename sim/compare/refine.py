"""The best points once more, with other values of what no combination of the search varies, such as the mapping."""

from dataclasses import replace


def points(comparison, bout):
    """The best of every row and rival of a bout in every combination of `refine`, but for what ran already."""
    bests = [outcome.point for outcome in [*bout.rows, *bout.rivals]]
    found = [again(point, *refinement) for point in bests for refinement in comparison.refinements()]
    ran = {point.jobs for point in bests}
    return [point for point in found if point.jobs not in ran]


def again(point, labels, settings):
    """The point with further labels and settings."""
    jobs = tuple(replace(job, settings=tuple((dict(job.settings) | settings).items())) for job in point.jobs)
    return replace(point, labels=point.labels | labels, jobs=jobs)
