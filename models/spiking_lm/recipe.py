"""`spikeloom train-spiking-lm`: teacher, a full-precision student, and a student with few bits that begins as that.

Everything is in one folder, which a stopped training goes on from:
    teacher.state                 the fine-tuned teacher
    answers.state                 its answers to the training texts
    full-seed0/, ternary-seed0/   students: model.safetensors (the checkpoint), training.state, accuracy.json
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional

from spikeloom import UserError
from spikeloom.files import require_writable_folder, whole_file
from spikeloom.models.spiking_lm import checkpoint, distillation, network, tasks, teacher, training_loop, wordpieces
from spikeloom.models.spiking_lm.dynamics import QUERY_LIMIT
from spikeloom.models.spiking_lm.shape import Shape, rate_name
from spikeloom.models.spiking_lm.start import start_from_teacher
from spikeloom.models.spiking_lm.weights import KINDS

# The teacher's layers that the encoders begin as, from 0.
BEGINS_AS = (0, 5)
BATCH = 32
# Texts that show how far values spread.
SHOWN_TEXTS = 64
TEACHER_SEED, TEACHER_EPOCHS, TEACHER_RATE = 0, 2, 1e-4


@dataclass(frozen=True)
class TrainOptions:
    """`weights` of KINDS; `task` a name or file of `tasks`; `rate` and `epochs` those of the student (None: usual)."""

    weights: str
    task: str
    seed: int
    directory: Path
    shuffle_labels: bool = False
    epochs: int | None = None
    rate: float | None = None

    def check(self):
        """Raises UserError for options outside their ranges."""
        if self.weights not in KINDS:
            raise UserError(f"--weights {self.weights}: not one of {', '.join(KINDS)}")
        if self.seed < 0:
            raise UserError(f"--seed {self.seed}: at least 0")
        if (self.epochs or 1) < 1:
            raise UserError(f"--epochs {self.epochs}: at least 1")
        require_writable_folder(self.directory)


# Kind -> (epochs, learning rate) of a student.
USUAL = {"full": (3, 3e-4), "ternary": (4, 6e-4), "binary": (4, 6e-4), "int4": (2, 3e-4)}


def train(options, say=lambda line: None):
    """Train what is missing and measure it; returns {"teacher": .., "equilibrium": ..} test accuracies.

    Raises UserError for options, downloads or folders that cannot be used, and for a loss that diverges.
    """
    options.check()
    course = Course(options)
    say(f"{course.task.name}: {len(course.task.train)} texts to learn from, {len(course.task.test)} to test")
    taught = course.teacher()
    student, seconds = course.student(options.weights, taught)
    found = {
        "task": course.task.name,
        "weights": options.weights,
        "seed": options.seed,
        "shuffled_labels": options.shuffle_labels,
        "texts": {part: len(getattr(course.task, part)) for part in ("train", "validation", "test")},
        "teacher": {part: course.accuracy(taught, part) for part in ("validation", "test")},
        "equilibrium": {part: course.accuracy(student, part) for part in ("validation", "test")},
        "seconds": round(seconds),
    }
    folder = course.folder(options.weights)
    checkpoint.save(folder, checkpoint.of_student(student, course.query_units(student), course.header()))
    with whole_file(folder / "accuracy.json") as partial:
        partial.write_text(json.dumps(found, indent=2) + "\n")
    return found


class Course:
    """The texts of a task and the models that learn them, kept in a folder."""

    def __init__(self, options):
        self.options = options
        self.task = tasks.load(options.task)
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

    def folder(self, weights):
        """Where a student of this seed is kept."""
        return Path(self.options.directory) / f"{weights}-seed{self.options.seed}"

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
        state = Path(self.options.directory) / "teacher.state"
        schedule = training_loop.Schedule("teacher", state, TEACHER_SEED, TEACHER_EPOCHS, TEACHER_RATE)

        def loss_of(batch):
            return functional.cross_entropy(model(batch.ids, batch.mask)[0], self.labels["train"][batch.places])

        training_loop.train(model, schedule, self._batches, loss_of)
        return model.eval()

    def student(self, weights, taught):
        """(SpikingEncoder, seconds of its training): a full one begins as the teacher, another as the full one."""
        torch.manual_seed(self.options.seed)
        student = network.build(Shape(weights), self._state)
        if weights == "full":
            start_from_teacher(student, taught, wordpieces.padded(self.sequences["train"][:SHOWN_TEXTS]), BEGINS_AS)
        else:
            student.load_state_dict(self.student("full", taught)[0].state_dict())
        epochs, rate = USUAL[weights]
        schedule = training_loop.Schedule(
            weights,
            self.folder(weights) / "training.state",
            self.options.seed,
            self.options.epochs or epochs,
            self.options.rate or rate,
        )
        lesson = distillation.Distillation(student, self._lessons(taught))
        seconds = training_loop.train(lesson, schedule, self._batches, lesson.loss)
        return student.eval(), seconds

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
        kept = Path(self.options.directory) / "answers.state"
        return distillation.lessons(kept, taught, self.sequences["train"])
