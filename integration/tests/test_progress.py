"""What a log file and a terminal see of work that takes its time."""

import re
import threading
from threading import Event

import pytest

from pruneproof.integration import progress
from pruneproof.integration.progress import Bars
from pruneproof.integration.text.sources import draw_calibration, evaluation_tokens


@pytest.fixture
def bars(monkeypatch):
    """Bars that say at once what they would say after 15 seconds."""
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.001)
    with Bars() as bars:
        yield bars


def test_a_log_file_is_told_at_the_beginning_and_now_and_then(bars, monkeypatch, capsys):
    told = Event()
    say = bars.say

    def saying(line):
        say(line)
        if line.endswith("s gone"):
            told.set()

    monkeypatch.setattr(bars, "say", saying)
    with bars.waiting("reading [a]"):
        assert told.wait(60)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "reading [a] …"
    assert re.fullmatch(r"reading \[a\]: \d+ s gone", lines[1])


def test_nothing_is_told_after_an_error(bars):
    before = threading.enumerate()
    with pytest.raises(ValueError, match="no"), bars.waiting("reading"):
        raise ValueError("no")
    assert threading.enumerate() == before


def test_a_terminal_has_a_bar_that_ends_full(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with Bars() as bars:
        assert bars.console.is_terminal
        with bars.waiting("reading [a]"):
            assert bars.tasks[0].total is None
        assert bars.tasks[0].finished
    assert "reading [a]" in capsys.readouterr().err


def test_no_time_left_is_guessed_before_the_first_step(bars, monkeypatch, capsys):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    task = bars.add_task("drawing", total=2)
    bars.step(task, 0)
    bars.step(task)
    bars.step(task)
    first, *_, last = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"drawing: 0 %, \d+ s gone", first)
    assert re.fullmatch(r"drawing: 100 %, \d+ s gone, about 0 s left", last)


def test_texts_are_read_and_tokenised_under_a_bar(bars, tmp_path, tokenizer, capsys):
    text, rows = tmp_path / "a.txt", tmp_path / "a.jsonl"
    text.write_text("abcdefgh" * 9)
    rows.write_text('{"text": "abcdefgh"}\n')
    draw_calibration(str(text), tokenizer, 1, 4, 0, bars=bars)
    draw_calibration(str(rows), tokenizer, 2, 4, 0, bars=bars)
    evaluation_tokens(str(rows), tokenizer, 4, bars)
    said = capsys.readouterr().err
    for line in (f"tokenising {text} …", f"reading {rows} …", f"tokenising {rows} …"):
        assert line in said
    assert "drawing calibration: 100 %" in said
