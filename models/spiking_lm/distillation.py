"""What a student learns from the teacher: hidden states, attention scores, and the distribution of its logits."""

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

    def _keep(self, batch, logits, hidden, scores):
        for row, place in enumerate(batch.places):
            size = int(batch.mask[row].sum())
            kept_hidden = [hidden[i][row, :size].half() for i in FOLLOWED]
            kept_scores = [scores[i][row, :, :size, :size].half() for i in FOLLOWED]
            self._answers[place] = (logits[row], kept_hidden, kept_scores)

    def of(self, batch):
        """(logits [B,2], hidden states [B,M',D], attention scores [B,H,M',M], each of FOLLOWED), padded with 0."""
        answers = [self._answers[place] for place in batch.places]
        size = batch.ids.shape[1]
        hidden = [torch.stack([_padded(a[1][i], size, (0,)) for a in answers]) for i in range(len(FOLLOWED))]
        scores = [torch.stack([_padded(a[2][i], size, (1, 2)) for a in answers]) for i in range(len(FOLLOWED))]
        return torch.stack([a[0] for a in answers]), hidden, scores


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

    def __init__(self, student, lessons, hidden_weight=1.0, scores_weight=0.1):
        super().__init__()
        self.student, self.lessons = student, lessons
        self.hidden_weight, self.scores_weight = hidden_weight, scores_weight
        size = student.shape.hidden
        self.projections = nn.ModuleList(nn.Linear(size, size) for _ in student.encoders)
        for encoder, projection in zip(student.encoders, self.projections, strict=True):
            # Undoes CENTRE + gain x, so that both begin close to each other.
            gain = float(encoder.norm["output"].weight.detach().mean())
            nn.init.eye_(projection.weight)
            projection.weight.data /= gain
            nn.init.zeros_(projection.bias)

    def loss(self, batch):
        """Scalar: soft cross-entropy at temperature 1, and the mean squared errors of states and scores."""
        logits, rates = self.student(batch.ids, batch.mask)
        taught, hidden, scores = self.lessons.of(batch)
        loss = functional.cross_entropy(logits, taught.softmax(-1))
        for i, projection in enumerate(self.projections):
            # Of its last layer the teacher has the first token only.
            size = hidden[i].shape[1]
            seen = projection(rates[rate_name(i, "output")][:, :size] - CENTRE)
            loss = loss + self.hidden_weight * _error(seen, hidden[i], batch.mask[:, :size, None])
            if self.scores_weight:
                made = self.student.scores(rates, i)[:, :, :size]
                both = batch.mask[:, None, None] & batch.mask[:, None, :size, None]
                loss = loss + self.scores_weight * _error(made, scores[i], both)
        return loss


def _error(made, taught, mask):
    """Mean squared difference where `mask` is true."""
    difference = (made - taught) * mask
    return difference.square().sum() / (mask.expand_as(made).sum())


def _padded(x, size, axes):
    """float32 `x`, padded with 0 at the end of the given axes to `size`, unless the axis has size 1."""
    grown = [size if axis in axes and n > 1 else n for axis, n in enumerate(x.shape)]
    out = x.new_zeros(grown, dtype=torch.float32)
    out[tuple(slice(n) for n in x.shape)] = x
    return out
