"""`import` without --map at a terminal asks which column says what."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from tests.command_line import amends, environment
from tests.exports import ZENDESK_TICKETS
from tests.test_command_line import table
from tests.workbooks import Rows, xlsx

pty = pytest.importorskip("pty", reason="there are no pseudo terminals here")

STORY: Rows = (
    ("Ticket", "Subject", "Opened", "Who", "Notes"),
    (4711, "Parcel promised twice", datetime(2026, 3, 4, 10, 15), "Mrs. Ó.", "x"),  # noqa: DTZ001
    (4712, None, datetime(2026, 3, 5, 10, 15), "Mr. X", "y"),  # noqa: DTZ001
    (4713, "Late", "soon", "Mr. Y", "z"),
    (4714, "Never shown", "2026-03-06", "Mr. Z", "z"),
)


class Terminal:
    """A program with a terminal in front of it."""

    def __init__(self, process: subprocess.Popen[bytes], end: int) -> None:
        self.process, self._end = process, end
        self.words = ""
        self._read = 0

    def until(self, words: str, *, insisting: str = "") -> str:
        """What it says up to these words, which it has not said before.

        `insisting` is typed first, and again after a second of silence: Python notices a Ctrl-C
        that came between its question and its reading only with the next one.
        """
        patience = time.monotonic() + 60
        self.type(insisting)
        while (at := self.words.find(words, self._read)) < 0:
            wait = 1.0 if insisting else patience - time.monotonic()
            if not select.select([self._end], [], [], wait)[0]:
                assert time.monotonic() < patience, self.words
                self.type(insisting)
                continue
            try:
                more = os.read(self._end, 10_000)
            except OSError:  # Linux says so when nobody is at the other end
                more = b""
            assert more, f"it ended without saying {words!r}: {self.words}"
            self.words += more.decode().replace("\r\n", "\n")
        said = self.words[self._read : at + len(words)]
        self._read = at + len(words)
        return said

    def type(self, line: str) -> None:
        """Types a line and Enter, or a control character."""
        os.write(self._end, line.encode())

    def ended(self) -> int:
        """Its exit code; what it said last is in `words`."""
        code = self.process.wait(60)
        while select.select([self._end], [], [], 0)[0]:
            try:
                self.words += os.read(self._end, 10_000).decode().replace("\r\n", "\n")
            except OSError:
                break
        return code


@contextmanager
def terminal(folder: Path, *arguments: str) -> Iterator[Terminal]:
    """Runs `python -m bot import FILE --team support …` in a terminal of its own."""
    ours, theirs = pty.openpty()

    def begin() -> None:
        # So that Ctrl-C reaches it, which a shell lets ignore whatever it starts in the background.
        os.login_tty(theirs)
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(
        [sys.executable, "-m", "bot", "import", *arguments, "--team", "support"],
        cwd=folder,
        env=environment(TERM="dumb", COLUMNS="200"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=begin,  # noqa: PLW1509
    ) as process:
        os.close(theirs)
        try:
            yield Terminal(process, ours)
        finally:
            process.kill()
            os.close(ours)


def references(folder: Path) -> list[str]:
    exported = json.loads(amends(folder, "export", "--format", "json").stdout)
    return [case["reference"] for case in exported]


def test_it_asks_for_each_field_shows_three_rows_and_imports_after_a_yes(tmp_path: Path) -> None:
    file = xlsx(tmp_path / "cases.xlsx", {"March": STORY, "April": [("Id",), (1,)]}).name
    with terminal(tmp_path, file) as screen:
        said = screen.until("What happened (needed) [Subject]: ")
        assert "Of 2 sheets 'March' is read; --sheet names another: 'April'." in said
        assert "   1 Ticket   (such as 4711)\n   2 Subject   (such as Parcel promised twice)\n" in said
        screen.type("Subjekt\n")
        assert "There is no such column: Subjekt" in screen.until("What happened (needed) [Subject]: ")
        screen.type("-\n")
        assert "Without it a case says nothing" in screen.until("What happened (needed) [Subject]: ")
        screen.type("subject|5\n")
        screen.until("Case reference [Ticket]: ")
        screen.type("\n")
        screen.until("Customer [Who]: ")
        screen.type("-\n")
        screen.until("When it happened [Opened]: ")
        screen.type("3\n")
        screen.until("Public post [-]: ")
        screen.type("\n")
        assert screen.until("Next time, without questions:\n") == (
            "\nThe first 3 rows as they would be read:\n"
            "  row 2 of March\n"
            "    What happened: Parcel promised twice\n"
            "    Case reference: 4711\n"
            "    When it happened: 04 March 2026, 10:15\n"
            "  row 3 of March\n"
            "    What happened: y\n"
            "    Case reference: 4712\n"
            "    When it happened: 05 March 2026, 10:15\n"
            "  row 4 of March\n"
            "    What happened: Late\n"
            "    Case reference: 4713\n"
            "    When it happened: 'soon' is not a date that can be read. This row would be left out.\n"
            "Next time, without questions:\n"
        )
        line = screen.until("Go on with all rows like this? [y/n] ").splitlines()[0]
        assert line == (
            "  --map 'what_happened=Subject|Notes' --map reference=Ticket --map happened_at=Opened"
        )
        screen.type("\n")
        assert "Type y or n." in screen.until("Go on with all rows like this? [y/n] ")
        assert not (tmp_path / "amends.db").exists(), "nothing is written before the yes"
        screen.type("y\n")
        screen.until("3 opened, 0 already there, 1 skipped.")
        assert screen.ended() == 1
        assert "row 4 of March: 'soon' is not a date" in screen.words
    assert references(tmp_path) == ["4711", "4712", "4714"]
    # And the line that it showed does the same without questions.
    columns = ("what_happened=Subject|Notes", "reference=Ticket", "happened_at=Opened")
    mapped = [word for column in columns for word in ("--map", column)]
    again = amends(tmp_path, "import", file, "--team", "support", *mapped)
    assert again.stdout == "0 opened, 3 already there, 1 skipped.\n", again.stderr


@pytest.mark.parametrize("way", ["n\n", "\x03", "\x04"], ids=["no", "Ctrl-C", "Ctrl-D"])
def test_whoever_does_not_go_on_has_imported_nothing_and_reads_so(tmp_path: Path, way: str) -> None:
    file = table(tmp_path, "Story\nLost\n")
    with terminal(tmp_path, file) as screen:
        screen.until("What happened (needed) [Story]: ")
        for question in ("Case reference", "Customer", "When it happened", "Public post"):
            screen.type("\n")
            screen.until(f"{question} [-]: ")
        screen.type("\n")
        screen.until("[y/n] ")
        screen.until("Nothing was imported.", insisting=way)
        assert screen.ended() == (1 if way == "n\n" else 130)
        assert "Traceback" not in screen.words
    assert not (tmp_path / "amends.db").exists()


def test_ctrl_c_before_any_answer_imports_nothing(tmp_path: Path) -> None:
    with terminal(tmp_path, table(tmp_path, "Story\nLost\n")) as screen:
        screen.until("What happened (needed) [Story]: ")
        screen.until("Nothing was imported.", insisting="\x03")
        assert screen.ended() == 130
    assert not (tmp_path / "amends.db").exists()


def test_a_rehearsal_asks_as_well_and_keeps_nothing(tmp_path: Path) -> None:
    with terminal(tmp_path, table(tmp_path, "Story\nLost\n"), "--dry-run") as screen:
        screen.until("What happened (needed) [Story]: ")
        for question in ("Case reference", "Customer", "When it happened", "Public post"):
            screen.type("\n")
            screen.until(f"{question} [-]: ")
        screen.type("\n")
        screen.until("[y/n] ")
        screen.type("y\n")
        screen.until("Nothing was written; it would be: 1 opened")
        assert screen.ended() == 0
    assert references(tmp_path) == []


def test_nothing_is_asked_about_columns_that_are_named_or_known(tmp_path: Path) -> None:
    header = ",".join(ZENDESK_TICKETS)
    cells = {"Id": "4711", "Subject": "Lost", "Satisfaction Score": "Bad"}
    row = ",".join(cells.get(name, "") for name in ZENDESK_TICKETS)
    file = table(tmp_path, f"{header}\n{row}\n")
    with terminal(tmp_path, file, "--map", "what_happened=Subject") as screen:
        screen.until("1 opened, 0 already there, 0 skipped.")
        assert screen.ended() == 0
        assert "[y/n]" not in screen.words
    with terminal(tmp_path, file) as screen:
        screen.until("This is a ticket export of Zendesk")
        screen.until("1 opened, 0 already there, 0 skipped.")
        assert screen.ended() == 0
        assert "[y/n]" not in screen.words


def test_a_file_that_cannot_be_read_is_one_line_and_no_question(tmp_path: Path) -> None:
    with terminal(tmp_path, "none.xlsx") as screen:
        screen.until("amends: none.xlsx cannot be read: No such file or directory.")
        assert screen.ended() == 2
