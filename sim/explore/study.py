"""A study's results, as data frames."""

import warnings
from functools import cached_property
from pathlib import Path

import optuna
import pandas as pd

from spikeloom import UserError
from spikeloom.explore import fronts, identity, parameters
from spikeloom.explore import study_file as study_files
from spikeloom.explore.evaluation import COMPLETE
from spikeloom.store import program as programs

# Of complete trials: those that importance asks what they have in common.
BEST_SHARE = 0.25


class Study:
    """The study in a results folder; what is finished meanwhile shows when `refresh` is called.

    `objectives` maps metrics to "minimize" or "maximize"; `parameters` names what varied.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        described = identity.read(self.folder)
        if described is None:
            raise UserError(f"{folder}: no study there; `spikeloom explore STUDY.yaml` makes one")
        self.name, self.file, self.identity = described["name"], Path(described["file"]), described["identity"]
        self.objectives, self.parameters = self.identity["objectives"], list(self.identity["parameters"])
        self.synthetic = described["synthetic"]
        self._storage = described["storage"]
        self.refresh()

    def refresh(self):
        """Read the trials again."""
        self.optuna = optuna.load_study(study_name=self.name, storage=self._storage)
        self._trials = self.optuna.get_trials(deepcopy=False)

    def trials(self):
        """A row per trial: number, state, parameters, metrics, reason, seconds_all, _simulation and _format, kept.

        `state` is complete, infeasible (refused by the chip's checks or outside a constraint), pruned or failed; `kept`
        says that no simulation was needed.
        """
        rows = [self._row(trial) for trial in self._trials]
        return pd.DataFrame(rows).set_index("number") if rows else pd.DataFrame()

    def front(self, *metrics):
        """The feasible trials that no other is better than in `metrics` (default: all objectives), sorted by them.

        Of trials with the same parameters the first stands for all.
        """
        names = list(metrics) or list(self.objectives)
        rows = self.trials()
        rows = rows[(rows["state"] == COMPLETE) & ~rows.duplicated(self.parameters)] if len(rows) else rows
        if not len(rows):
            return rows
        signs = [-1 if self.objectives.get(name) == "maximize" else 1 for name in names]
        points = [[s * v for s, v in zip(signs, point, strict=True)] for point in rows[names].to_numpy().tolist()]
        return rows.iloc[fronts.front(points)].sort_values(names)

    def best(self, count=10):
        """The trials of the front that come nearest to the best of every objective at once, each objective scaled to
        the range that the front spans."""
        rows = self.front()
        if not len(rows):
            return rows
        values = rows[list(self.objectives)].astype(float)
        for name, direction in self.objectives.items():
            values[name] *= -1 if direction == "maximize" else 1
        span = (values.max() - values.min()).replace(0, 1)
        far = (((values - values.min()) / span) ** 2).sum(axis=1) ** 0.5
        return rows.loc[far.sort_values(kind="stable").index[:count]]

    def importance(self, metric):
        """Share of each parameter in whether a complete trial is among the best quarter in an objective (PED-ANOVA).

        Empty with fewer than 4 complete trials, or where nothing varies.
        """
        complete = [t for t in self._trials if t.state == optuna.trial.TrialState.COMPLETE]
        column = list(self.objectives).index(metric)
        if len(complete) < 4 or len({t.values[column] for t in complete}) < 2:
            return pd.Series(dtype=float)
        if len(self.parameters) < 2:
            return pd.Series(1.0, index=self.parameters)
        sign = -1 if self.objectives[metric] == "maximize" else 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that low targets are the good ones
            found = optuna.importance.get_param_importances(
                self.optuna,
                evaluator=optuna.importance.PedAnovaImportanceEvaluator(target_quantile=BEST_SHARE),
                target=lambda trial: sign * trial.values[column],
            )
        return pd.Series(found, dtype=float)

    def assignments(self, number):
        """{config path: text} of a trial, as `--set` takes them."""
        described = self.identity["parameters"]
        values = dict(self.identity["set"])
        for name, value in self._trials[number].params.items():
            sets = described[name].get("sets")
            values |= sets[value] if sets else {name: value}
        trace = self._trials[number].user_attrs["outcome"]["trace"]
        texts = {
            path: parameters.value_text(value, self.file.parent)
            for path, value in values.items()
            if not path.startswith("format.")
        }
        return texts | ({"workload.trace": trace} if trace and len(texts) < len(values) else {})

    def config(self, number):
        """The complete configuration of a trial, as YAML text. Raises UserError when the study's file is gone."""
        try:
            return programs.price(programs.default_program(), self._experiment, self.assignments(number))["resolved"]
        except programs.Refused as refused:
            raise UserError(f"trial {number}: {refused}") from refused

    @cached_property
    def _experiment(self):
        return study_files.read(self.file).experiment

    def _row(self, trial):
        outcome = trial.user_attrs["outcome"]
        return {
            "number": trial.number,
            "state": outcome["state"],
            **trial.params,
            **outcome["metrics"],
            "reason": outcome["reason"],
            **{f"seconds_{kind}": seconds for kind, seconds in outcome["seconds"].items()},
            "kept": outcome["kept"],
        } | self._feasible(trial, outcome)

    @staticmethod
    def _feasible(trial, outcome):
        """A complete trial outside a constraint is infeasible."""
        if outcome["state"] != COMPLETE or fronts.is_feasible(trial):
            return {}
        outside = [
            key.split(":", 1)[1] for key, v in trial.system_attrs.items() if key.startswith("constraints:") and v > 0
        ]
        return {"state": "infeasible", "reason": f"outside {'; '.join(outside)}"}
