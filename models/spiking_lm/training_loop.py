"""A training that can be stopped anywhere and goes on: state in one file, seeded, with the time left."""

import math
import pickle
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from spikeloom import UserError
from spikeloom.files import whole_file
from spikeloom.progress import Progress

# The learning rate rises over this share of the steps, and falls over the rest.
WARM_UP = 0.06
LARGEST_GRADIENT = 1.0
SAVE_SECONDS = 30


class Diverged(UserError):
    """A loss or a gradient that is no number."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast. `name` is shown; `state` is the file that a stopped training goes on from."""

    name: str
    state: Path
    seed: int
    epochs: int
    rate: float
    weight_decay: float = 0.01

    @property
    def key(self):
        """What two trainings must share to be one."""
        return f"{self.name}, seed {self.seed}, {self.epochs} epochs, rate {self.rate}, decay {self.weight_decay}"


def train(module, schedule, batches_of, loss_of):
    """Train `module`'s parameters that want a gradient; returns the seconds that it took, over all its runs.

    `batches_of(generator)` gives a list of an epoch's batches, `loss_of(batch)` a scalar. Raises Diverged, and
    UserError for a state file of another training; the state of the last good step is kept.
    """
    training = _Training(module, schedule)
    if training.resume() >= schedule.epochs:
        return training.seconds
    for epoch in range(schedule.epochs):
        batches = batches_of(torch.Generator().manual_seed(1000 * schedule.seed + epoch))
        with Progress(f"{schedule.name}, epoch {epoch + 1} of {schedule.epochs}", len(batches), "step") as bar:
            for step, batch in enumerate(batches, start=epoch * len(batches)):
                if step >= training.done:
                    training.step(loss_of(batch), len(batches) * schedule.epochs)
                bar.step()
    training.save(epochs=schedule.epochs)
    return training.seconds


class _Training:
    """A module, its optimizer, and how many steps and seconds are behind them."""

    def __init__(self, module, schedule):
        self._module, self._schedule = module, schedule
        self._parameters = [p for p in module.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(self._parameters, lr=schedule.rate, weight_decay=schedule.weight_decay)
        self.done, self._before = 0, 0.0
        self._started = self._saved = time.monotonic()

    @property
    def seconds(self):
        """Of training, over all runs."""
        return self._before + time.monotonic() - self._started

    def step(self, loss, total):
        """One step. Raises Diverged, with nothing changed and all saved, if the loss or its gradient is no number."""
        schedule = self._schedule
        self._optimizer.zero_grad()
        loss.backward()
        size = torch.nn.utils.clip_grad_norm_(self._parameters, LARGEST_GRADIENT)
        if not (math.isfinite(loss.item()) and math.isfinite(size.item())):
            self.save()
            raise Diverged(
                f"{schedule.name} diverges: at step {self.done + 1} of {total} the loss is {loss.item():.4g}, its "
                f"gradient {size.item():.4g}. Lower the rate ({schedule.rate:g}); {schedule.state} keeps the last good "
                "state"
            )
        for group in self._optimizer.param_groups:
            group["lr"] = schedule.rate * _share(self.done, total)
        self._optimizer.step()
        self.done += 1
        if time.monotonic() - self._saved > SAVE_SECONDS:
            self.save()

    def save(self, epochs=0):
        """Write the state file, whole or not at all; `epochs`: how many are finished in all."""
        state = {"module": self._module.state_dict(), "optimizer": self._optimizer.state_dict(), "epochs": epochs}
        state |= {"schedule": self._schedule.key, "done": self.done, "seconds": self.seconds}
        state |= {"random": torch.get_rng_state()}
        self._schedule.state.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(self._schedule.state) as partial:
            torch.save(state, partial)
        self._saved = time.monotonic()

    def resume(self):
        """Take over what the state file says, if there is one; returns the epochs that are finished if all are."""
        path, key = self._schedule.state, self._schedule.key
        if not path.exists():
            return 0
        try:
            state = torch.load(path, weights_only=True)
        except (RuntimeError, pickle.UnpicklingError, EOFError, LookupError, ValueError) as error:
            raise UserError(f"{path}: damaged: delete it to train again") from error
        if state["schedule"] != key:
            raise UserError(f"{path}: of another training ({state['schedule']}; asked: {key}): delete it, or change -o")
        try:
            self._module.load_state_dict(state["module"])
        except RuntimeError as error:
            raise UserError(f"{path}: of another shape: {str(error).splitlines()[1].strip()}") from error
        self._optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        self.done, self._before = state["done"], state["seconds"]
        self._started = time.monotonic()
        return state["epochs"]


def _share(step, total):
    """Share of the full learning rate at a step: up, then down to 0."""
    return min((step + 1) / (WARM_UP * total), (total - step) / ((1 - WARM_UP) * total), 1)
