"""What a student learns from the teacher: hidden states, and the distribution of its logits."""

import torch
from torch import nn
from torch.nn import functional

from spikeloom.files import whole_file
from spikeloom.models.spiking_lm import wordpieces
from spikeloom.models.spiking_lm.network import CENTRE
from spikeloom.models.spiking_lm.shape import rate_name
from spikeloom.progress import Progress

# The teacher's layers that the encoders follow, from 0: the third of six, and the last.
FOLLOWED = (2, 5)
HIDDEN_WEIGHT = 0.1


class Lessons:
    """The teacher's answers to a list of token sequences, in 16 bits: computed once, read in every epoch."""

    def __init__(self, answers):
        self._answers = answers

    @classmethod
    def of_teacher(cls, teacher, sequences, batch_size=64):
        """Ask the teacher."""
        lessons = cls([None] * len(sequences))
        batches = list(wordpieces.batches(sequences, batch_size))
        with torch.no_grad(), Progress("teacher's answers", len(batches), "step") as bar:
            for batch in batches:
                lessons._keep(batch, *teacher(batch.ids, batch.mask))
                bar.step()
        return lessons

    def _keep(self, batch, logits, hidden):
        for row, place in enumerate(batch.places):
            size = int(batch.mask[row].sum())
            self._answers[place] = (logits[row], [hidden[i][row, :size].half() for i in FOLLOWED])

    def of(self, batch):
        """(logits [B,2], hidden states [B,M,D] of FOLLOWED, padded with 0)."""
        answers = [self._answers[place] for place in batch.places]
        hidden = [
            torch.nn.utils.rnn.pad_sequence([answer[1][i].float() for answer in answers], batch_first=True)
            for i in range(len(FOLLOWED))
        ]
        return torch.stack([answer[0] for answer in answers]), hidden


def lessons(kept, teacher, sequences):
    """The Lessons in the file `kept`, which is written first if it is not there or of another teacher."""
    key = float(sum(p.detach().double().abs().sum() for p in teacher.parameters())), len(sequences)
    if kept.exists():
        stored = torch.load(kept, weights_only=True)
        if stored["key"] == key:
            return Lessons(stored["answers"])
    made = Lessons.of_teacher(teacher, sequences)
    with whole_file(kept) as partial:
        torch.save({"key": key, "answers": made._answers}, partial)
    return made


class Distillation(nn.Module):
    """A student with the projections (thrown away later) that compare its rates with the teacher's values."""

    def __init__(self, student, lessons, hidden_weight=HIDDEN_WEIGHT):
        super().__init__()
        self.student, self.lessons = student, lessons
        self.hidden_weight = hidden_weight
        size = student.shape.hidden
        self.projections = nn.ModuleList(nn.Linear(size, size) for _ in student.encoders)
        for encoder, projection in zip(student.encoders, self.projections, strict=True):
            # Undoes CENTRE + gain x, so that both begin close to each other.
            gain = float(encoder.norm["output"].weight.detach().mean())
            nn.init.eye_(projection.weight)
            projection.weight.data /= gain
            nn.init.zeros_(projection.bias)

    def loss(self, batch):
        """Scalar: soft cross-entropy at temperature 1, and the mean squared errors of states."""
        logits, rates = self.student(batch.ids, batch.mask)
        taught, hidden = self.lessons.of(batch)
        loss = functional.cross_entropy(logits, taught.softmax(-1))
        for i, projection in enumerate(self.projections):
            # Of its last layer the teacher has the first token only.
            size = hidden[i].shape[1]
            seen = projection(rates[rate_name(i, "output")][:, :size] - CENTRE)
            loss = loss + self.hidden_weight * _error(seen, hidden[i], batch.mask[:, :size, None])
        return loss


def _error(made, taught, mask):
    """Mean squared difference where `mask` is true."""
    difference = (made - taught) * mask
    return difference.square().sum() / (mask.expand_as(made).sum())
