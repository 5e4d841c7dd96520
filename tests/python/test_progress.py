"""Progress lines on a terminal and elsewhere, and the wording of numbers and differences."""

import io

import pytest

from spikeloom import progress
from spikeloom.progress import Progress
from spikeloom.wording import counted, first_difference


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets: clock[0] seconds."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def run_layers(clock, seconds):
    with Progress("exporting", len(seconds)) as bar:
        for taken in seconds:
            clock[0] += taken
            bar.step()


def test_a_terminal_shows_one_line_with_the_time_left(monkeypatch, clock):
    stream = Terminal()
    monkeypatch.setattr(progress.sys, "stderr", stream)
    run_layers(clock, [70, 70, 70])
    lines = stream.getvalue().split("\r\033[K")
    assert lines[1:3] == ["exporting: 0 of 3 layers done", "exporting: 1 of 3 layers done, about 2 min 20 s left"]
    assert lines[-1] == "" and "\n" not in stream.getvalue()


def test_the_time_left_follows_the_last_layers(monkeypatch, clock):
    stream = Terminal()
    monkeypatch.setattr(progress.sys, "stderr", stream)
    run_layers(clock, [1, 1, 1, 20, 20, 20, 20, 20])
    assert "7 of 8 layers done, about 0 min 20 s left" in stream.getvalue()


def test_elsewhere_plain_lines_come_now_and_then(monkeypatch, clock):
    stream = io.StringIO()
    monkeypatch.setattr(progress.sys, "stderr", stream)
    run_layers(clock, [16, 16, 16, 16, 16])
    # 32 s and 64 s after the start are 30 s or more after the line before; the end says itself.
    assert stream.getvalue().splitlines() == [
        "exporting: 2 of 5 layers done, about 0 min 48 s left",
        "exporting: 4 of 5 layers done, about 0 min 16 s left",
    ]


def test_of_two_at_once_the_outer_one_is_shown(monkeypatch, clock):
    stream = Terminal()
    monkeypatch.setattr(progress.sys, "stderr", stream)
    with Progress("exporting", 2) as outer, Progress("calibrating", 30) as inner:
        inner.step()
        outer.step()
    assert "calibrating" not in stream.getvalue() and "1 of 2 layers" in stream.getvalue()
    with Progress("calibrating", 1):
        pass
    assert "calibrating: 0 of 1 layer done" in stream.getvalue()


def test_numbers_have_their_plural():
    assert [counted(n, "layer") for n in (0, 1, 1200)] == ["0 layers", "1 layer", "1,200 layers"]


def test_the_first_difference_is_named_by_its_place():
    one = {"a": 1, "inputs": [{"name": "x", "e": [1, 2, 3]}]}
    two = {"a": 1, "inputs": [{"name": "x", "e": [1, 5, 4]}]}
    assert first_difference("d", one, two) == ("d.inputs[0].e[1]", "2", "5")
    assert first_difference("d", one, one) is None
    assert first_difference("d", {"a": 1}, {}) == ("d.a", "1", "nothing")
    assert first_difference("d", [1], [1, 2]) == ("d", "1 item", "2 items")
    place, shown, _ = first_difference("d", "long" * 100, "short")
    assert place == "d" and len(shown) < 70
