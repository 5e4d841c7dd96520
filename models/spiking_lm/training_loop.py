"""A training that can be stopped anywhere and goes on: state in one file, seeded, with the time left."""

import math
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
        return (
            f"{self.name}, seed {self.seed}, {self.epochs} epochs, rate {self.rate}, weight decay {self.weight_decay}"
        )


def train(module, schedule, batches_of, loss_of):
    """Train `module`'s parameters that want a gradient; returns the seconds that it took, over all its runs.

    `batches_of(generator)` gives a list of an epoch's batches, `loss_of(batch)` a scalar. A loss that is no number
    raises UserError; the state of the last good step is kept.
    """
    parameters = [p for p in module.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=schedule.rate, weight_decay=schedule.weight_decay)
    done, before = _resume(module, optimizer, schedule)
    found = done
    started = saved = time.monotonic()
    for epoch in range(schedule.epochs):
        batches = batches_of(torch.Generator().manual_seed(1000 * schedule.seed + epoch))
        total = len(batches) * schedule.epochs
        first = epoch * len(batches)
        if first + len(batches) <= done:
            continue
        with Progress(f"{schedule.name}, epoch {epoch + 1} of {schedule.epochs}", len(batches), "step") as bar:
            for step, batch in enumerate(batches, start=first):
                if step >= done:
                    _step(optimizer, parameters, schedule, step, total, loss_of(batch))
                    done = step + 1
                    if time.monotonic() - saved > SAVE_SECONDS:
                        saved = time.monotonic()
                        _save(module, optimizer, schedule, done, before + saved - started)
                bar.step()
    if done == found:
        return before
    seconds = before + time.monotonic() - started
    _save(module, optimizer, schedule, done, seconds)
    return seconds


def _step(optimizer, parameters, schedule, step, total, loss):
    if not math.isfinite(loss.item()):
        raise UserError(
            f"{schedule.name}: the loss is {loss.item()} at step {step + 1} of {total}: it diverges. Lower the rate "
            f"({schedule.rate}); {schedule.state} keeps the last good state"
        )
    for group in optimizer.param_groups:
        group["lr"] = schedule.rate * _share(step, total)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, LARGEST_GRADIENT)
    optimizer.step()


def _share(step, total):
    """Share of the full learning rate at a step: up, then down to 0."""
    return min((step + 1) / (WARM_UP * total), (total - step) / ((1 - WARM_UP) * total), 1)


def _save(module, optimizer, schedule, done, seconds):
    state = {"module": module.state_dict(), "optimizer": optimizer.state_dict(), "done": done, "seconds": seconds}
    state |= {"schedule": schedule.key, "random": torch.get_rng_state()}
    schedule.state.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(schedule.state) as partial:
        torch.save(state, partial)


def _resume(module, optimizer, schedule):
    """(steps done, seconds taken) of the state file, which is read into module and optimizer; (0, 0) without one."""
    if not schedule.state.exists():
        return 0, 0.0
    state = torch.load(schedule.state, weights_only=True)
    if state["schedule"] != schedule.key:
        raise UserError(
            f"{schedule.state}: left by another training ({state['schedule']}): delete it, or use another -o"
        )
    try:
        module.load_state_dict(state["module"])
    except RuntimeError as error:
        what = str(error).splitlines()[1].strip()
        raise UserError(f"{schedule.state}: of a model of another shape: {what}") from error
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"])
    return state["done"], state["seconds"]
