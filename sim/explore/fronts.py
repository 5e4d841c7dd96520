"""Which trials no other is better than."""

from optuna.trial import TrialState


def is_feasible(trial):
    """Whether an Optuna trial is complete and inside all constraints."""
    violations = [v for key, v in trial.system_attrs.items() if key.startswith("constraints:")]
    return trial.state == TrialState.COMPLETE and all(violation <= 0 for violation in violations)


def dominates(one, other):
    """Whether `one` is nowhere worse and somewhere better, all values to be minimized."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and tuple(one) != tuple(other)


def front(points):
    """Indices of the points [[value ...]], all to be minimized, that no other dominates."""
    return [i for i, point in enumerate(points) if not any(dominates(other, point) for other in points)]


def front_of(trials, study_file):
    """The feasible Optuna trials on the front of all objectives of a StudyFile."""
    signs = [1 if direction == "minimize" else -1 for direction in study_file.objectives.values()]
    feasible = [trial for trial in trials if is_feasible(trial)]
    points = [[s * v for s, v in zip(signs, trial.values, strict=True)] for trial in feasible]
    return [feasible[i] for i in front(points)]
