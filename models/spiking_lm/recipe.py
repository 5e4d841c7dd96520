"""`spikeloom train-spiking-lm`: teacher, a full-precision student, and a student with few bits that begins as that.

Everything of a task is in one folder, which a stopped training goes on from:
    movies/teacher.state      the fine-tuned teacher
    movies/answers.state      its answers to the training texts
    movies/full-seed0/, movies/ternary-seed0/, ..
                              students: model.safetensors (the checkpoint), training.state, results.json
Students of few bits begin as the full-precision one of seed 0, whatever their seed.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional

from spikeloom import UserError
from spikeloom.files import require_writable_folder, whole_file
from spikeloom.models.spiking_lm import (
    checkpoint,
    distillation,
    measure,
    network,
    tasks,
    teacher,
    training_loop,
    wordpieces,
)
from spikeloom.models.spiking_lm.dynamics import QUERY_LIMIT
from spikeloom.models.spiking_lm.shape import Shape, rate_name
from spikeloom.models.spiking_lm.start import start_from_teacher
from spikeloom.models.spiking_lm.weights import KINDS

# The teacher's layers that the encoders begin as, from 0.
BEGINS_AS = (0, 1)
BATCH = 32
# Texts of the test part whose rates are compared with the equilibrium, sublayer by sublayer.
SETTLING_TEXTS = 16
# At least so many steps: rates settle more slowly than what the model says.
SETTLING_STEPS = 256
# Of steps between a power of two and the next, rates are kept of so many.
KEPT_STEPS = 8
SHOWN_STEPS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
# Rates rounded to so many parts: 4 bits, and the spike counts of 64 steps, as multiply-accumulate rivals read them.
ROUNDED_LEVELS = (15, 64)
# Texts that show how far values spread.
SHOWN_TEXTS = 64
TEACHER_SEED, TEACHER_EPOCHS, TEACHER_RATE = 0, 2, 1e-4


@dataclass(frozen=True)
class TrainOptions:
    """`weights` of KINDS; `task` a name or file of `tasks`; `rate` and `epochs` those of the student (None: usual).
    `steps` are measured."""

    weights: str
    task: str
    seed: int
    directory: Path
    shuffle_labels: bool = False
    epochs: int | None = None
    rate: float | None = None
    steps: int = 64

    def check(self):
        """Raises UserError for options outside their ranges."""
        if self.weights not in KINDS:
            raise UserError(f"--weights {self.weights}: not one of {', '.join(KINDS)}")
        if self.seed < 0:
            raise UserError(f"--seed {self.seed}: at least 0")
        if self.epochs is not None and self.epochs < 1:
            raise UserError(f"--epochs {self.epochs}: at least 1")
        if self.steps < 1:
            raise UserError(f"--steps {self.steps}: at least 1")
        if self.rate is not None and not self.rate > 0:
            raise UserError(f"--rate {self.rate}: above 0")
        require_writable_folder(self.directory)


# Kind -> (epochs, learning rate) of a student.
USUAL = {"full": (4, 5e-4), "ternary": (4, 1e-3), "binary": (4, 1e-3), "int4": (2, 5e-4)}
START_SEED = 0
RESULTS = "results.json"


def train(options, say=lambda line: None):
    """Train what is missing and measure it; returns what it writes to RESULTS.

    Raises UserError for options, downloads or folders that cannot be used, and for a loss that diverges.
    """
    options.check()
    course = Course(options)
    say(f"{course.task.name}: {len(course.task.train)} texts to learn from, {len(course.task.test)} to test")
    taught = course.teacher()
    student, seconds = course.student(options.weights, options.seed, taught)
    folder = course.folder(options.weights, options.seed)
    made = checkpoint.of_student(student, course.query_units(student), course.header())
    checkpoint.save(folder, made)
    found = course.header() | {
        "weights": options.weights,
        "texts": {part: len(sequences) for part, sequences in course.sequences.items()},
        "teacher": {part: course.accuracy(taught, part) for part in ("validation", "test")},
        "equilibrium": {part: course.accuracy(student, part) for part in ("validation", "test")},
        "seconds": round(seconds),
    }
    found |= course.measure(made)
    with whole_file(folder / RESULTS) as partial:
        partial.write_text(json.dumps(found) + "\n")
    return found


def summary(found):
    """Lines that say what was found."""
    steps = len(found["accuracy"])
    yield f"{found['weights']} weights, seed {found['seed']}, {found['task']}: {found['texts']['test']} texts to test"
    yield f"  teacher      {found['teacher']['test']:.2%}"
    yield f"  equilibrium  {found['equilibrium']['test']:.2%}"
    for t in sorted({t for t in SHOWN_STEPS if t < steps} | {steps}):
        yield f"  {t:4} steps   {found['accuracy'][t - 1]:.2%}"
    rates = found["rates"].values()
    kept = found["rates_steps"]
    for t in sorted({steps, kept[-1]}):
        level = max(abs(rate["level"][kept.index(t)] / rate["equilibrium"] - 1) for rate in rates)
        distance = max(rate["distance"][kept.index(t)] for rate in rates)
        yield f"  after {t} steps mean rates of every sublayer are within {level:.2%} of the equilibrium, single"
        yield f"  neurons on average within {distance:.4f} spikes a step"


def kept_rates(rates, marks):
    """Of `rates` after every step, those that RESULTS keeps: up to KEPT_STEPS an octave, and those after `marks`."""
    longest = max(marks)
    steps = [t for t in range(1, longest + 1) if t in marks or t % max(1, 2 ** (t.bit_length() - 1) // KEPT_STEPS) == 0]

    def thinned(curve):
        return [curve[t - 1] for t in steps]

    kept = {
        name: {
            "equilibrium": rate["equilibrium"],
            "level": thinned(rate["level"]),
            "distance": thinned(rate["distance"]),
        }
        for name, rate in rates.items()
    }
    return {"rates_steps": steps, "rates": kept}


class Course:
    """The texts of a task and the models that learn them, kept in a folder."""

    def __init__(self, options):
        self.options = options
        self.task = tasks.load(options.task)
        self._directory = Path(options.directory) / (self.task.name + ("-shuffled" if options.shuffle_labels else ""))
        self._state = teacher.pretrained()
        tokenizer = wordpieces.tokenizer()
        self.sequences = {
            part: wordpieces.encode(tokenizer, [example.text for example in getattr(self.task, part)])
            for part in ("train", "validation", "test")
        }
        self.labels = {part: torch.tensor([e.label for e in getattr(self.task, part)]) for part in self.sequences}
        if options.shuffle_labels:
            order = torch.randperm(len(self.task.train), generator=torch.Generator().manual_seed(options.seed))
            self.labels["train"] = self.labels["train"][order]

    def folder(self, weights, seed):
        """Where a student is kept."""
        return self._directory / f"{weights}-seed{seed}"

    def header(self):
        """What a checkpoint says of where it comes from."""
        return {
            "task": self.task.name,
            "seed": self.options.seed,
            "shuffled_labels": self.options.shuffle_labels,
            "teacher": str(teacher.downloads.MINILM),
        }

    def teacher(self):
        """The fine-tuned Teacher, trained where it is not yet."""
        torch.manual_seed(TEACHER_SEED)
        model = teacher.Teacher(self._state)
        state = self._directory / "teacher.state"
        schedule = training_loop.Schedule("teacher", state, TEACHER_SEED, TEACHER_EPOCHS, TEACHER_RATE)

        def loss_of(batch):
            return functional.cross_entropy(model(batch.ids, batch.mask)[0], self.labels["train"][batch.places])

        training_loop.train(model, schedule, self._batches, loss_of)
        return model.eval()

    def student(self, weights, seed, taught):
        """(SpikingEncoder, seconds of its training): a full one begins as the teacher, another as the full one."""
        is_first = weights == "full"
        start = None if is_first else self.student("full", START_SEED, taught)[0].state_dict()
        torch.manual_seed(seed)
        student = network.SpikingEncoder(Shape(weights), teacher.Embedding(self._state))
        if is_first:
            start_from_teacher(student, taught, wordpieces.padded(self.sequences["train"][:SHOWN_TEXTS]), BEGINS_AS)
        else:
            student.load_state_dict(start)
        asked = (self.options.epochs, self.options.rate) if weights == self.options.weights else (None, None)
        epochs, rate = (mine or usual for mine, usual in zip(asked, USUAL[weights], strict=True))
        state = self.folder(weights, seed) / "training.state"
        lesson = distillation.Distillation(student, self._lessons(taught))
        schedule = training_loop.Schedule(weights, state, seed, epochs, rate)
        seconds = training_loop.train(lesson, schedule, self._batches, lesson.loss)
        return student.eval(), seconds

    def measure(self, made):
        """Accuracy after each step on the whole test part, and how the rates of its first texts settle."""
        reader, steps = measure.Reader(made, teacher.Embedding(self._state)), self.options.steps
        test = self.sequences["test"]
        accuracy = measure.accuracy_by_step(reader, test, self.labels["test"].tolist(), steps)
        shown, longest = test[:SETTLING_TEXTS], max(steps, SETTLING_STEPS)
        rates = measure.rates_by_step(reader, ((ids, reader.simulator.run(ids, longest)) for ids in shown))
        return {
            "accuracy": accuracy.round(measure.DIGITS).tolist(),
            "rounded": {str(levels): self.rounded(reader.network, levels) for levels in ROUNDED_LEVELS},
            "rates_texts": len(shown),
            **kept_rates(rates, {steps, longest}),
        }

    def rounded(self, model, levels):
        """Share of the test texts on the right side at the equilibrium of rates that are multiples of 1 / levels."""
        model.levels = levels
        share = self.accuracy(model, "test")
        model.levels = None
        return share

    def query_units(self, student):
        """Units of the query codes: the largest query of SHOWN_TEXTS training texts is QUERY_LIMIT."""
        batch = wordpieces.padded(self.sequences["train"][:SHOWN_TEXTS])
        with torch.no_grad():
            rates = student(batch.ids, batch.mask, whole=True)[1]
        largest = (rates[rate_name(i, "query")][batch.mask].abs().max() for i in range(student.shape.encoders))
        return tuple(float(each) / QUERY_LIMIT for each in largest)

    def accuracy(self, model, part):
        """Share of a part's texts that `model` puts on the right side."""
        right = 0
        with torch.no_grad():
            for batch in wordpieces.batches(self.sequences[part], 2 * BATCH):
                logits = model(batch.ids, batch.mask)[0]
                right += int((logits.argmax(-1) == self.labels[part][batch.places]).sum())
        return right / len(self.sequences[part])

    def _batches(self, generator):
        return list(wordpieces.batches(self.sequences["train"], BATCH, generator))

    def _lessons(self, taught):
        kept = self._directory / "answers.state"
        return distillation.lessons(kept, taught, self.sequences["train"])
