"""`coach` at the command line: lines in, JSON lines out, nothing needed and nothing lost."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

from bot.coach.lines import coach

ROOT = Path(__file__).parent.parent.parent


def said(lines: list[bytes], reader: str = "team") -> tuple[list[dict[str, object]], list[str]]:
    """What comes out, and what is complained of."""
    out = io.BytesIO()
    wrong = list(coach(lines, out, reader, "en"))
    return [json.loads(line) for line in out.getvalue().splitlines()], wrong


def test_a_line_is_a_text_or_json_with_a_text() -> None:
    out, wrong = said([b"Ana forgot to call.\r\n", b'{"id": 7, "text": "All is well."}\n', b"\n"])
    assert [list(each) for each in out] == [["text", "labels", "remarks"]] * 3
    assert [each["text"] for each in out] == ["Ana forgot to call.", "All is well.", ""]
    assert [each["labels"] for each in out] == [["blame"], [], []]
    assert wrong == []


def test_a_line_that_cannot_be_read_is_named_and_the_rest_goes_on() -> None:
    out, wrong = said([b'{"words": 1}\n', b'{"text": 1}\n', b'{"text": "open\n', b"{name}, hello\n"])
    assert [each["text"] for each in out] == ["{name}, hello"]
    assert wrong == [
        'Line 1 was left out: it is JSON without a "text" in quotation marks.',
        'Line 2 was left out: it is JSON without a "text" in quotation marks.',
        "Line 3 was left out: it begins like JSON, and is none.",
    ]


def test_odd_bytes_are_texts_too() -> None:
    out, wrong = said([b"\xef\xbb\xbfcaf\xc3\xa9\n", b"\xff\n", b'{"text": "\\ud800"}\n', b"last"])
    assert [each["text"] for each in out] == ["café", "\ufffd", "\ud800", "last"]
    assert wrong == []


def test_the_command_answers_each_line_at_once_without_settings_or_a_database(tmp_path: Path) -> None:
    settings = {"PYTHONPATH": str(ROOT), "AMENDS_DATABASE_URL": "nonsense", "AMENDS_PORT": "nonsense"}
    command = [sys.executable, "-m", "bot", "coach", "--for", "customer"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdin
        assert running.stdout
        assert running.stderr
        for text, marks in (("I am sorry if it was late.", ["conditional_apology"]), ("Thank you.", [])):
            running.stdin.write(f"{text}\n".encode())
            running.stdin.flush()
            # The next line is written only when this one has its answer.
            assert json.loads(running.stdout.readline())["labels"] == marks
        running.stdin.write(b'{"text"\n')
        running.stdin.close()
        assert running.stderr.read().decode() == (
            "amends: Line 3 was left out: it begins like JSON, and is none.\n"
        )
        assert running.wait(timeout=60) == 2
    assert list(tmp_path.iterdir()) == []


def test_the_command_needs_to_know_for_whom(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "bot", "coach"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert "--for" in told.stderr
