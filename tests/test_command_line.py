"""The command line, as an operator meets it: in a process of its own, in an empty folder."""

import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from bot.__main__ import parser
from bot.check import check
from bot.demo.notes import NOTES
from bot.routes import TYPED_WORDS
from bot.settings import Settings
from storage.database import Database
from tests.command_line import ROOT, amends, environment
from tests.domain.test_proposal import a_proposal
from tests.shared import COMPLAINTS, generated_complaints
from tests.storage.made import saved
from tests.workbooks import xlsx

IMPORT = (
    "--map",
    "what_happened=Consumer complaint narrative|Issue",
    "--map",
    "reference=Complaint ID",
    "--map",
    "happened_at=Date received",
    "--where",
    "Timely response?=No",
)


@contextmanager
def serving(folder: Path, *arguments: str, **settings: str) -> Iterator[str]:
    """The address of the workspace, looked at as with a browser; it is open until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env=environment(AMENDS_PORT="0", AMENDS_PACE="0", **settings),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            (address,) = re.findall(r"Amends is open at (http://\S+)", line)
            with urlopen(address) as page:
                assert page.status == 200
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 0


def told_in_readme(first_words: str) -> list[str]:
    """The arguments of the README's first command line that begins so, behind `python -m bot`."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    start = ".venv/bin/python -m bot"
    (line, *_) = re.findall(rf"{re.escape(start + first_words)}.*$", readme, re.MULTILINE)
    return shlex.split(line.removeprefix(start))


def table(folder: Path, text: str, name: str = "cases.csv") -> str:
    """A file to import."""
    (folder / name).write_text(text, encoding="utf-8")
    return name


def test_rows_become_retros_once_and_what_cannot_be_read_is_named_by_line(tmp_path: Path) -> None:
    rows = "Id;Story;Day\nZD-1;Lost;2026/3/4\nZD-2;;2026/3/4\nZD-3;Late;soon\nZD-4;Broken;2026/3/5\n"
    file = table(tmp_path, rows)
    columns = ("--map", "what_happened=Story", "--map", "reference=Id", "--map", "happened_at=Day")
    asked = ("import", file, "--team", "support", *columns)
    first = amends(tmp_path, *asked)
    assert first.returncode == 1
    made = "There was no channel support yet, so it was made.\n"
    assert first.stdout == f"{made}2 opened, 0 already there, 2 skipped.\n", first.stderr
    assert "line 3: Say what happened" in first.stderr
    assert "line 4: 'soon' is not a date" in first.stderr
    assert amends(tmp_path, *asked).stdout == "0 opened, 2 already there, 2 skipped.\n"
    exported = json.loads(amends(tmp_path, "export", "--format", "json").stdout)
    assert [(case["reference"], case["happened_at"]) for case in exported] == [
        ("ZD-1", "2026-03-04"),
        ("ZD-4", "2026-03-05"),
    ]


def test_rows_without_a_reference_are_known_again_too(tmp_path: Path) -> None:
    file = table(tmp_path, "Story\nLost\nLate\n")
    asked = ("import", file, "--team", "support", "--map", "what_happened=Story")
    assert "\n2 opened" in amends(tmp_path, *asked).stdout
    assert amends(tmp_path, *asked).stdout.startswith("0 opened, 2 already there")


def test_a_rehearsal_writes_nothing_and_a_backlog_opens_nothing(tmp_path: Path) -> None:
    with serving(tmp_path):
        pass
    rows = "".join(f"ZD-{row},Story {row}\n" for row in range(94))
    file = table(tmp_path, f"Id,Story\n{rows}ZD-1,Double\n")
    columns = ("--map", "what_happened=Story", "--map", "reference=Id")
    asked = ("import", file, "--team", "support", *columns)
    told = amends(tmp_path, *asked, "--dry-run")
    assert told.stdout == (
        "94 retros: 376 messages in #support within a minute.\n"
        "Nothing was written; it would be: 94 opened, 1 already there, 0 skipped.\n"
    ), told.stderr
    both = amends(tmp_path, *asked, "--open", "--backlog")
    assert (both.returncode, both.stdout) == (2, "")
    elsewhere = amends(tmp_path, "import", file, "--team", "billing", *columns, "--dry-run")
    assert elsewhere.stdout.startswith("94 retros: 376 messages in #billing")
    assert json.loads(amends(tmp_path, "export", "--format", "json").stdout) == []
    quiet = amends(tmp_path, *asked, "--backlog", AMENDS_LOG_LEVEL="INFO")
    assert quiet.stdout == "94 taken in, 0 opened, 1 already there, 0 skipped.\n"
    # Not a line for each row.
    assert len(quiet.stderr.splitlines()) < 10, quiet.stderr
    states = {
        c["retro_state"] for c in json.loads(amends(tmp_path, "export", "--format", "json").stdout)
    }
    assert states == {"not opened yet"}
    assert "1 said" in amends(tmp_path, "tick").stdout


@pytest.mark.parametrize("beside", [False, True], ids=["stopped again", "still open"])
def test_the_readmes_import_fills_the_workspace_that_the_readme_opened(
    tmp_path: Path, beside: bool
) -> None:
    if COMPLAINTS.exists():
        shutil.copy(COMPLAINTS, tmp_path / "complaints.csv")
    else:
        generated_complaints(tmp_path / "complaints.csv")
    opens, imports = told_in_readme(""), told_in_readme(" import ")
    assert imports[:4] == ["import", "complaints.csv", "--team", "support"]

    def twice() -> None:
        for counts in ("94 opened, 0 already there", "0 opened, 94 already there"):
            told = amends(tmp_path, *imports)
            assert (told.stdout, told.returncode) == (f"{counts}, 0 skipped.\n", 0), told.stderr

    with serving(tmp_path, *opens):
        if beside:
            twice()
    if not beside:
        twice()
    cases = json.loads(amends(tmp_path, "export", "--format", "json").stdout)
    assert len({case["reference"] for case in cases}) == 94


def test_a_channel_of_the_workspace_is_the_channel_by_name_and_by_id_before_anybody_used_it(
    tmp_path: Path,
) -> None:
    with serving(tmp_path):
        pass
    file = table(tmp_path, "Story\nLost\n")
    for team, counts in (("#Support", "1 opened, 0"), ("support", "0 opened, 1")):
        told = amends(tmp_path, "import", file, "--team", team, "--map", "what_happened=Story")
        assert told.stdout == f"{counts} already there, 0 skipped.\n", told.stderr
    other = amends(tmp_path, "import", file, "--team", "billing", "--map", "what_happened=Story")
    assert other.stdout.startswith("There was no channel billing yet, so it was made.\n1 opened")


DATED = ("--team", "support", "--map", "what_happened=Story", "--map", "happened_at=Day")


@pytest.mark.parametrize(
    ("row", "order", "days"),
    [
        ("07/14/23", (), ["2023-03-04", "2023-07-14"]),
        ("14/07/23", (), ["2023-04-03", "2023-07-14"]),
        ("07/14/23", ("--day-order", "mdy"), ["2023-03-04", "2023-07-14"]),
    ],
)
def test_one_row_shows_how_the_whole_column_means_its_dates_even_one_that_is_not_asked_for(
    tmp_path: Path, row: str, order: tuple[str, ...], days: list[str]
) -> None:
    file = table(tmp_path, f"Story,Day,Late\nLost,03/04/23,yes\nLate,{row},yes\nFine,{row},no\n")
    told = amends(tmp_path, "import", file, *DATED, *order, "--where", "Late=yes")
    assert told.returncode == 0, told.stderr
    first = "month" if row.startswith("07") else "day"
    said = f"Dates are read {first} first, as {row!r} in line 3 shows (see --day-order).\n"
    assert told.stderr == ("" if order else said)
    cases = json.loads(amends(tmp_path, "export", "--format", "json").stdout)
    assert [case["happened_at"] for case in cases] == days
    again = amends(tmp_path, "import", file, *DATED, "--where", "Late=no")
    assert again.stdout == "1 opened, 0 already there, 0 skipped.\n"


def test_dates_in_two_orders_are_one_sentence_until_the_order_is_said(tmp_path: Path) -> None:
    file = table(tmp_path, "Story,Day\nLost,07/14/23\nLate,14/07/23\nGone,03/04/23\n")
    told = amends(tmp_path, "import", file, *DATED)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == (
        "amends: The dates are written in two orders, '07/14/23' in line 2 and '14/07/23' in line 3; "
        "say which with --day-order dmy or mdy.\n"
    )
    assert not (tmp_path / "amends.db").exists()
    said = amends(tmp_path, "import", file, *DATED, "--day-order", "mdy")
    assert said.returncode == 1
    assert said.stdout.endswith("\n2 opened, 0 already there, 1 skipped.\n")
    assert said.stderr == "line 3: '14/07/23' is not a date that can be read.\n"


@pytest.mark.parametrize("rows", ["03/04/23", "03/04/23\nLate,14/07/23"], ids=["a file", "a pipe"])
def test_a_date_that_nothing_settles_is_left_out_and_may_be_said(tmp_path: Path, rows: str) -> None:
    # A pipe is read once, so that its other rows are not seen before.
    text, piped = f"Story,Day\nLost,{rows}\n", "14/07" in rows
    file = "/dev/stdin" if piped else table(tmp_path, text)
    told = amends(tmp_path, "import", file, *DATED, piped=text if piped else None)
    assert told.returncode == 1
    assert told.stderr == (
        "line 2: '03/04/23' can be read in two ways; say which with --day-order dmy or mdy.\n"
    )
    order = ("--day-order", "dmy")
    said = amends(tmp_path, "import", file, *DATED, *order, piped=text if piped else None)
    assert said.returncode == 0
    assert said.stdout == f"1 opened, {int(piped)} already there, 0 skipped.\n"


def test_a_year_of_two_digits_that_lies_ahead_is_left_out(tmp_path: Path) -> None:
    file = table(tmp_path, "Story,Day\nLost,07/14/68\nLate,07/14/69\n")
    told = amends(tmp_path, "import", file, *DATED)
    assert told.stderr == "line 2: This is in the future; say when it happened.\n"
    cases = json.loads(amends(tmp_path, "export", "--format", "json").stdout)
    assert [case["happened_at"] for case in cases] == ["1969-07-14"]


@pytest.mark.parametrize(("wrong", "more"), [(20, ""), (1234, "and 1214 more.\n")])
def test_of_many_rows_that_cannot_be_read_the_first_twenty_are_shown_and_all_are_counted(
    tmp_path: Path, wrong: int, more: str
) -> None:
    file = table(tmp_path, "Story,Day\n" + "Lost,soon\n" * wrong + "Late,07/14/23\n")
    told = amends(tmp_path, "import", file, *DATED)
    assert told.returncode == 1
    assert told.stdout.endswith(f"\n1 opened, 0 already there, {wrong} skipped.\n")
    lines = (f"line {line}: 'soon' is not a date that can be read.\n" for line in range(2, 22))
    assert told.stderr == "".join(lines) + more


def test_a_known_export_is_said_before_anything_is_written_and_in_a_rehearsal(tmp_path: Path) -> None:
    rows = "4711,Lost,Mrs. X,2026-03-04 10:15,Bad\n4712,Fine,Mr. Y,2026-03-04 10:15,Good\n"
    file = table(tmp_path, f"Id,Subject,Requester,Created at,Satisfaction Score\n{rows}")
    asked = ("import", file, "--team", "support")
    told = amends(tmp_path, *asked, "--dry-run")
    assert told.stdout.endswith("it would be: 1 opened, 0 already there, 0 skipped.\n")
    assert told.stderr.startswith("This is a ticket export of Zendesk: what happened from 'Subject', ")
    first = amends(tmp_path, *asked)
    assert first.stderr == told.stderr
    assert first.stdout.endswith("\n1 opened, 0 already there, 0 skipped.\n")
    piped = amends(
        tmp_path, "import", "/dev/stdin", "--team", "support", piped=(tmp_path / file).read_text()
    )
    assert piped.stdout == "0 opened, 1 already there, 0 skipped.\n", piped.stderr


def test_a_sheet_may_be_named_and_a_wrong_one_is_one_line(tmp_path: Path) -> None:
    file = xlsx(
        tmp_path / "a.xlsx", {"March": [("Story",), ("Lost",)], "April": [("Story",), ("Late",)]}
    )
    asked = ("import", file.name, "--team", "support", "--map", "what_happened=Story")
    wrong = amends(tmp_path, *asked, "--sheet", "Mai")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr == "amends: The workbook has no sheet 'Mai'; it has 'March', 'April'.\n"
    assert not (tmp_path / "amends.db").exists()
    told = amends(tmp_path, *asked, "--sheet", "April")
    assert (told.returncode, told.stderr) == (0, "")
    assert (
        json.loads(amends(tmp_path, "export", "--format", "json").stdout)[0]["what_happened"] == "Late"
    )


@pytest.mark.skipif(not COMPLAINTS.exists(), reason=f"{COMPLAINTS} is not here")
def test_the_real_complaints_open_94_retros(tmp_path: Path) -> None:
    first = amends(tmp_path, "import", str(COMPLAINTS), "--team", "support", *IMPORT)
    assert first.returncode == 0
    assert first.stdout.endswith("\n94 opened, 0 already there, 0 skipped.\n"), first.stderr
    again = amends(tmp_path, "import", str(COMPLAINTS), "--team", "support", *IMPORT)
    assert again.stdout == "0 opened, 94 already there, 0 skipped.\n"
    said = amends(tmp_path, "tick")
    assert said.stdout == "376 said.\n", said.stderr
    cases = json.loads(amends(tmp_path, "export", "--format", "json").stdout)
    assert len(cases) == 94
    assert all(case["reference"] for case in cases)


def test_a_customer_is_forgotten_by_name_or_by_case_and_it_is_said_where(tmp_path: Path) -> None:
    rows = "Id;Story;Who\nZD-1;Lost;Ana Maria\nZD-2;Late;ana maria\nZD-3;Late;Ben\n"
    columns = ("what_happened=Story", "reference=Id", "customer=Who")
    mapped = [word for column in columns for word in ("--map", column)]
    amends(tmp_path, "import", table(tmp_path, rows), "--team", "support", *mapped)
    named = amends(tmp_path, "forget", "--customer", "Ana Maria")
    assert named.stdout.startswith("Forgot the customer of C-1, C-2: ")
    assert "nothing to forget" in amends(tmp_path, "forget", "--case", "C-1").stdout
    assert amends(tmp_path, "forget", "--case", "C-3").stdout.startswith("Forgot the customer of C-3")
    whole = amends(tmp_path, "export", "--format", "json").stdout
    assert not [word for word in ("Maria", "maria", "Ben", "ZD-") if word in whole]
    assert amends(tmp_path, "forget").returncode == 2


def test_with_the_customer_of_a_case_goes_what_a_helpdesk_told_of_them(tmp_path: Path) -> None:
    rows = table(tmp_path, "Id;Who\nZD-1;Mrs Lopez\n")
    asked = ("--team", "support", "--map", "what_happened=Id", "--map", "customer=Who")
    assert amends(tmp_path, "import", rows, *asked).returncode == 0
    with open_database(tmp_path) as database:
        saved(database, lambda work: work.proposals.add(a_proposal(channel_id="support")), "web")
    named = amends(tmp_path, "forget", "--case", "C-1")
    assert named.stdout.startswith("Forgot the customer of C-1, P-1: "), named


def test_a_case_is_forgotten_with_its_doubles_and_each_is_named(tmp_path: Path) -> None:
    columns = ("--map", "what_happened=Story", "--map", "customer=Who")
    rows = table(tmp_path, "Story;Who\nLost;Ana\nLost again;Ben\nLate;Cleo\n")
    amends(tmp_path, "import", rows, "--team", "support", *columns)
    with closing(sqlite3.connect(tmp_path / "amends.db")) as database, database:
        history = [{"step": "cancel", "by": "u_1", "at": "2026-03-05T00:00:00Z", "same_as": 3}]
        database.execute(
            "UPDATE cases SET history = ? WHERE number = 1", [json.dumps(history, separators=(",", ":"))]
        )
    forgotten = amends(tmp_path, "forget", "--case", "C-3")
    assert forgotten.stdout.startswith("Forgot the customer of C-1, C-3: "), forgotten


def test_forgetting_goes_by_a_reference_too_and_what_nobody_knows_is_refused_in_a_sentence(
    tmp_path: Path,
) -> None:
    columns = ("--map", "what_happened=Story", "--map", "reference=Id", "--map", "customer=Who")
    file = table(tmp_path, "Id;Story;Who\nZD-1;Lost;Ana\nZD-2;Late;Ben\n")
    amends(tmp_path, "import", file, "--team", "support", *columns)
    assert amends(tmp_path, "forget", "--case", "zd-2").stdout.startswith("Forgot the customer of C-2: ")
    unknown = amends(tmp_path, "forget", "--customer", "Ben")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr == (
        "amends: No case has a customer called 'Ben'; whoever was forgotten has no name here.\n"
    )
    for nothing in ("C-99", "ZD-2", "7"):
        refused = amends(tmp_path, "forget", "--case", nothing)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr == f"amends: There is no case {nothing}, and none with that reference.\n"


def test_a_colleague_is_forgotten_by_name_and_it_is_said_what_is_left_to_delete(tmp_path: Path) -> None:
    columns = ("--map", "what_happened=Story")
    amends(tmp_path, "import", table(tmp_path, "Story\nWilma was late\n"), "--team", "support", *columns)
    with closing(sqlite3.connect(tmp_path / "amends.db")) as database, database:
        database.execute("INSERT INTO people VALUES ('web', 'u_77', 'Wilma', NULL, 0, 0)")
        database.execute("UPDATE teams SET lead = 'u_77'")
    said = amends(tmp_path, "forget", "--person", "wilma")
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith('Wilma is "a former colleague" from now on: ')
    assert "Without a lead now: support." in said.stdout
    for place in ("what they wrote in Slack or Teams themselves", "exports and logs", "backups"):
        assert place in said.stdout
    assert "Wilma" not in amends(tmp_path, "export", "--format", "json").stdout
    again = amends(tmp_path, "forget", "--person", "wilma")
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == "amends: Nobody here is called 'wilma', and nobody has that id.\n"


def forty_days_later(folder: Path, cases: int, of: int) -> None:
    """An import of which the first cases were stored forty days ago."""
    rows = "Id;Who\n" + "".join(f"ZD-{number};Customer {number}\n" for number in range(1, of + 1))
    asked = ("--team", "support", "--map", "what_happened=Id", "--map", "customer=Who")
    assert amends(folder, "import", table(folder, rows), *asked).returncode == 0
    back = "strftime('%Y-%m-%d %H:%M:%f000', failed_at, '-40 days')"
    with closing(sqlite3.connect(folder / "amends.db")) as database, database:
        database.execute(f"UPDATE cases SET failed_at = {back} WHERE number <= {cases}")


@contextmanager
def open_database(folder: Path) -> Iterator[Database]:
    """Its database, by another way than the command line."""
    database = Database(f"sqlite:///{folder / 'amends.db'}")
    try:
        yield database
    finally:
        database.close()


def known_customers(folder: Path) -> int:
    """In how many cases the customer is known."""
    cases = json.loads(amends(folder, "export", "--format", "json").stdout)
    return sum(case["customer"] is not None for case in cases)


def test_a_tick_at_a_time_that_is_told_forgets_nobody(tmp_path: Path) -> None:
    forty_days_later(tmp_path, 3, of=5)
    for later in ((), ("--at", "2036-01-01T09:00")):
        ticked = amends(tmp_path, "tick", *later, AMENDS_FORGET_AFTER_DAYS="30", AMENDS_PACE="0")
        assert ticked.returncode == 0
        assert "forgotten" not in ticked.stdout
    assert known_customers(tmp_path) == 5


def test_who_waits_to_be_forgotten_is_counted_and_forgotten_when_the_operator_says_so(
    tmp_path: Path,
) -> None:
    forty_days_later(tmp_path, 3, of=21)
    with open_database(tmp_path) as database:
        made = datetime.now(UTC) - timedelta(days=40)
        told = a_proposal(channel_id="support", made_at=made)
        saved(database, lambda work: work.proposals.add(told), "web")
    unset = amends(tmp_path, "forget", "--due")
    assert unset.returncode == 2
    assert unset.stderr == "amends: AMENDS_FORGET_AFTER_DAYS is not set, so no customer is ever due.\n"
    after = {"AMENDS_FORGET_AFTER_DAYS": "30"}
    counted = amends(tmp_path, "check", **after)
    assert counted.returncode == 1
    assert (
        "missing 1 more customers are due to be forgotten than may be in a day (a tenth of all cases, "
        "and of proposed ones), so they wait. If that is right, 'python -m bot forget --due' forgets "
        "them now.\n"
    ) in counted.stdout
    assert amends(tmp_path, "forget", "--due", "--workspace", "elsewhere", **after).returncode == 2
    said = amends(tmp_path, "forget", "--due", "--workspace", "web", **after)
    assert said.stdout.startswith("Forgot the customer of C-1, C-2, P-1, C-3: ")
    again = amends(tmp_path, "forget", "--due", **after)
    assert again.stdout == "There is nothing to forget: no case or proposed case is that old.\n"
    assert amends(tmp_path, "check", **after).returncode == 0
    assert known_customers(tmp_path) == 18


def test_an_export_is_one_retro_or_everything_in_three_formats(tmp_path: Path) -> None:
    file = table(tmp_path, "Id,Story\nZD-1,=cmd()\nZD-2,# Not a heading\n")
    asked = ("--team", "support", "--map", "what_happened=Story", "--map", "reference=Id")
    amends(tmp_path, "import", file, *asked)
    one = amends(tmp_path, "export", "C-2").stdout
    assert one.startswith("# Retro: \\# Not a heading (C-2, open)")
    assert "> # Not a heading" in one
    lines = amends(tmp_path, "export", "--format", "csv").stdout.splitlines()
    assert len(lines) == 3  # nothing was answered, decided or added yet
    assert lines[1].endswith(",'=cmd()")
    amends(tmp_path, "export", "--format", "json", "--out", "all.json")
    assert len(json.loads((tmp_path / "all.json").read_text())) == 2
    missing = amends(tmp_path, "export", "C-9", "--out", "all.json")
    assert (missing.returncode, missing.stderr) == (2, "amends: There is no case C-9.\n")
    assert len(json.loads((tmp_path / "all.json").read_text())) == 2
    nowhere = amends(tmp_path, "export", "--out", "none/all.json")
    assert nowhere.returncode == 2
    assert nowhere.stderr.startswith("amends: --out none/all.json cannot be written")
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".part") == []


def one_case(folder: Path) -> None:
    """A database with one case, in which something was lost."""
    asked = ("--team", "support", "--map", "what_happened=Story")
    assert amends(folder, "import", table(folder, "Story\nLost\n"), *asked).returncode == 0


def test_an_export_into_a_file_is_for_whoever_runs_it_alone(tmp_path: Path) -> None:
    amends(
        tmp_path,
        "import",
        table(tmp_path, "Story\nLost\n"),
        "--team",
        "s",
        "--map",
        "what_happened=Story",
    )
    (tmp_path / "all.json").write_text("an older one")
    (tmp_path / ".all.json.part").write_text("left behind")
    for file in ("all.json", ".all.json.part"):
        (tmp_path / file).chmod(0o644)
    assert amends(tmp_path, "export", "--format", "json", "--out", "all.json").returncode == 0
    assert (tmp_path / "all.json").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / ".all.json.part").exists()


@pytest.mark.parametrize("only", ["file", "folder", "both"])
def test_an_export_works_from_where_nobody_may_write_and_leaves_nothing_there(
    tmp_path: Path, only: str
) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    amends(
        folder, "import", table(folder, "Story\nLost\n"), "--team", "s", "--map", "what_happened=Story"
    )
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    file = folder / "amends.db"
    try:
        file.chmod(0o600 if only == "folder" else 0o400)
        folder.chmod(0o700 if only == "file" else 0o500)
        url = f"sqlite:///{file}"
        told = amends(tmp_path, "export", "--format", "json", AMENDS_DATABASE_URL=url)
        assert (told.returncode, told.stderr) == (0, "")
        assert [case["what_happened"] for case in json.loads(told.stdout)] == ["Lost"]
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    finally:
        folder.chmod(0o700)


def test_an_export_says_what_to_do_where_changes_beside_the_file_cannot_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    amends(
        folder, "import", table(folder, "Story\nLost\n"), "--team", "s", "--map", "what_happened=Story"
    )
    file, copy = folder / "amends.db", tmp_path / "copy"
    copy.mkdir()
    with closing(sqlite3.connect(file)) as database:
        with database:
            database.execute("UPDATE cases SET what_happened = 'Found'")
        for name in ("amends.db", "amends.db-wal"):
            shutil.copy(folder / name, copy / name)
    try:
        copy.chmod(0o500)
        url = f"sqlite:///{copy / 'amends.db'}"
        told = amends(tmp_path, "export", "--format", "json", AMENDS_DATABASE_URL=url)
        if told.returncode == 0:  # whoever may write everywhere can have them read after all
            assert [case["what_happened"] for case in json.loads(told.stdout)] == ["Found"]
        else:
            assert (told.returncode, told.stdout) == (1, "[\n")
            assert "can only be read" in told.stderr
            assert "copy all its files to a folder that can be written" in told.stderr
    finally:
        copy.chmod(0o700)


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("export",),
        ("forget", "--case", "C-1"),
        ("forget", "--person", "Ana"),
        ("tick",),
        ("tick", "--dry-run"),
    ],
)
def test_a_wrong_path_of_the_database_is_said_and_makes_no_empty_one(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    told = amends(tmp_path, *arguments, AMENDS_DATABASE_URL="sqlite:///elsewhere.db")
    assert told.returncode == (1 if arguments == ("check",) else 2)
    assert f"There is no database {tmp_path / 'elsewhere.db'}: " in told.stdout + told.stderr
    assert "set AMENDS_DATABASE_URL to where it is" in told.stdout + told.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_check_before_the_first_start_is_well_and_makes_no_database(tmp_path: Path) -> None:
    told = amends(tmp_path, "check")
    assert told.returncode == 0
    assert "as soon as serve has made it: there is none here yet." in told.stdout
    assert list(tmp_path.iterdir()) == []
    noted = "amends: there is no database in this folder yet; serve makes one.\n"
    for arguments, stdout in ((("tick",), "Nothing was due.\n"), (("export",), "")):
        nothing = amends(tmp_path, *arguments)
        assert (nothing.returncode, nothing.stdout, nothing.stderr) == (0, stdout, noted)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"SLACK_SIGNING_SECRET": "s"}, "SLACK_BOT_TOKEN is missing"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_SIGNING_SECRET is missing"),
        ({"SLACK_BOT_TOKEN": "xapp-1", "SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN is wrong"),
        ({"AMENDS_PORT": "many"}, "AMENDS_PORT is wrong"),
        ({"AMENDS_HOST": "0.0.0.0"}, "the web workspace has no login"),
        ({"AMENDS_DATABASE_URL": "mysql://x"}, "AMENDS_DATABASE_URL is wrong"),
        ({"AMENDS_DATABASE_URL": "sqlite:///:memory:"}, "AMENDS_DATABASE_URL is wrong"),
        ({"AMENDS_DATABASE_URL": "postgresql://u@h:port/x"}, "AMENDS_DATABASE_URL is wrong"),
        ({"SLACK_API_URL": "http://[bad/"}, "SLACK_API_URL is wrong"),
        ({"AMENDS_URL": "amends.example.com"}, "AMENDS_URL is wrong: must be an address"),
        ({"AMENDS_URL": "https://amends.example.com/behind"}, "AMENDS_URL is wrong"),
        ({"AMENDS_URL": "http://[bad/"}, "AMENDS_URL is wrong"),
        (
            {
                "SLACK_BOT_TOKEN": "xoxb-1",
                "SLACK_SIGNING_SECRET": "s",
                "SLACK_API_URL": "http://127.0.0.1:9/api/",
            },
            "Slack cannot be reached",
        ),
        ({"TEAMS_APP_PASSWORD": "p"}, "TEAMS_APP_ID is missing"),
        ({"TEAMS_APP_ID": "a", "TEAMS_APP_TENANT_ID": "t"}, "TEAMS_APP_PASSWORD is missing"),
        ({"TEAMS_APP_ID": "a", "TEAMS_APP_PASSWORD": "p"}, "TEAMS_APP_TENANT_ID is missing"),
        (
            {"TEAMS_APP_ID": "a", "TEAMS_APP_TYPE": "UserAssignedMSI"},
            "TEAMS_APP_TENANT_ID is missing",
        ),
        ({"TEAMS_APP_ID": "a", "TEAMS_APP_TYPE": "MultiTenant"}, "TEAMS_APP_TYPE is wrong"),
        ({"TEAMS_UNAUTHENTICATED": "1", "AMENDS_HOST": "0.0.0.0"}, "TEAMS_UNAUTHENTICATED"),
    ],
)
def test_a_missing_or_wrong_setting_is_one_line_that_names_it(
    tmp_path: Path, settings: dict[str, str], part: str
) -> None:
    told = amends(tmp_path, **settings)
    assert told.returncode == 2
    assert part in told.stderr
    assert len(told.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("import", "none.csv", "--team", "x", "--map", "what_happened=Story"), "none.csv"),
        (("import", "cases.csv", "--team", "x", "--map", "what_happened=Storey"), "Story"),
        (("import", "cases.csv", "--team", "x", "--map", "reference=Story"), "what_happened"),
        (("import", "cases.csv", "--team", "x"), "what_happened"),
    ],
)
def test_an_import_that_cannot_be_meant_is_one_line_and_changes_nothing(
    tmp_path: Path, arguments: tuple[str, ...], part: str
) -> None:
    table(tmp_path, "Story\nLost\n")
    told = amends(tmp_path, *arguments)
    assert told.returncode == 2
    assert part in told.stderr
    assert len(told.stderr.splitlines()) == 1


def test_check_says_what_is_configured(tmp_path: Path) -> None:
    told = amends(tmp_path, "check")
    assert told.returncode == 0
    assert "The database is up to date" in told.stdout
    assert "Slack is not configured" in told.stdout
    assert "Teams is not configured" in told.stdout
    assert "The web workspace opens on 127.0.0.1:3000" in told.stdout
    assert "elpdesk" not in told.stdout


@pytest.mark.parametrize(
    ("url", "key", "said"),
    [
        ("https://a.example.com", "a key of some length", "can be connected: they send to https://a."),
        ("https://a.example.com", None, "cannot be connected yet: set AMENDS_SECRET_KEY, too."),
        ("", "a key of some length", "cannot be connected yet: set AMENDS_URL, too."),
    ],
)
async def test_check_says_whether_helpdesks_can_be_connected_before_the_first_is(
    sqlite: Database, url: str, key: str | None, said: str
) -> None:
    settings = Settings(
        _env_file=None,
        amends_database_url=f"sqlite:///{sqlite.file}",
        amends_url=url,
        amends_secret_key=key,
    )
    [found] = [one for one in await check(settings) if "Helpdesks" in one.words]
    assert found.fine
    assert said in found.words


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o604])
def test_an_env_file_that_others_can_read_is_a_warning_in_one_line(tmp_path: Path, mode: int) -> None:
    env = tmp_path / ".env"
    env.write_text("AMENDS_PORT=0\n")
    env.chmod(mode)
    words = "Others on this machine can read .env, which may hold secrets: run chmod 600 .env.\n"
    told = amends(tmp_path, "check")
    assert told.returncode == 0
    assert (f"warning {words}" in told.stdout) is (mode != 0o600)
    migrated = amends(tmp_path, "migrate")
    assert (migrated.returncode, migrated.stderr) == (0, "" if mode == 0o600 else f"amends: {words}")


def test_a_tick_by_a_wrong_time_is_refused_and_by_a_right_one_says_what_it_did(tmp_path: Path) -> None:
    assert amends(tmp_path, "tick", "--at", "soon").returncode == 2
    assert amends(tmp_path, "tick", "--at", "2030-01-01T09:00").stdout == "Nothing was due.\n"


def test_a_dry_run_of_a_tick_shows_who_would_hear_what_beside_serve_and_says_nothing(
    tmp_path: Path,
) -> None:
    nothing = amends(tmp_path, "tick", "--dry-run", "--at", "2130-01-01T09:00+02:00")
    assert nothing.stdout == "Nothing is due by 2130-01-01 07:00 UTC, and nothing was said.\n"
    assert list(tmp_path.iterdir()) == []
    asked = ("--team", "support", "--map", "what_happened=Story")
    amends(tmp_path, "import", table(tmp_path, "Story\nLost\n"), *asked)
    for _ in range(2):
        told = amends(tmp_path, "tick", "--dry-run", AMENDS_LOG_LEVEL="DEBUG")
        *lines, count = told.stdout.splitlines()
        assert told.returncode == 0
        assert "said" not in told.stderr
        assert count == "Nothing was said; it would be: 4 said."
        assert len(lines) == 4
        assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC  #support", line) for line in lines)
        assert lines[0].endswith("UTC  #support: Retro: Lost")
    assert amends(tmp_path, "tick", AMENDS_PACE="0").stdout == "4 said.\n"
    with serving(tmp_path):
        beside = amends(tmp_path, "tick", "--dry-run")
        assert (beside.returncode, beside.stderr) == (0, "")


def test_whoever_has_read_enough_of_a_dry_run_is_not_told_of_a_broken_pipe(tmp_path: Path) -> None:
    asked = ("--team", "support", "--map", "what_happened=Story")
    amends(tmp_path, "import", table(tmp_path, "Story\nLost\n"), *asked)
    nobody, output = os.pipe()
    os.close(nobody)
    told = subprocess.run(  # noqa: PLW1510 - the exit code is what is looked at
        [sys.executable, "-m", "bot", "tick", "--dry-run"],
        cwd=tmp_path,
        env=environment(),
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    os.close(output)
    assert (told.returncode, told.stderr) == (0, "")


def test_a_dry_run_that_is_told_to_stop_leaves_no_copy_behind(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    stories = "\n".join(f"Lost {number}" for number in range(40))
    asked = ("--team", "support", "--map", "what_happened=Story")
    amends(tmp_path, "import", table(tmp_path, f"Story\n{stories}\n"), *asked)
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "tick", "--dry-run"],
        cwd=tmp_path,
        env=environment(TMPDIR=str(temporary)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not list(temporary.glob("amends-tick-*/copy.db")):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        told = process.communicate(timeout=60)
    assert (process.returncode, told) == (-signal.SIGTERM, ("", ""))
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--at", "2020-01-01T09:00"), "amends: --at 2020-01-01 09:00 UTC is over, so nobody can hear"),
        (("--at", "soon"), "argument --at: 'soon' is not a time like 2026-11-30T09:00"),
        (("--at", "9999-01-01"), "argument --at: '9999-01-01' is beyond the calendar"),
        (("--held", "say"), "argument --held: not allowed with argument --dry-run"),
    ],
)
def test_a_dry_run_by_a_time_that_is_over_or_none_is_refused_in_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    refused = amends(tmp_path, "tick", "--dry-run", *arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert words in refused.stderr


@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
def test_an_outdated_postgresql_schema_is_refused_in_one_line_until_it_is_migrated(
    tmp_path: Path, empty_url: str
) -> None:
    refused = amends(tmp_path, AMENDS_DATABASE_URL=empty_url)
    assert refused.returncode == 2
    assert "run 'python -m bot migrate'" in refused.stderr
    assert amends(tmp_path, "migrate", AMENDS_DATABASE_URL=empty_url).returncode == 0
    assert amends(tmp_path, "check", AMENDS_DATABASE_URL=empty_url).returncode == 0


def test_a_backup_is_made_once_and_goes_on_with_other_numbers_where_it_is_restored(
    tmp_path: Path,
) -> None:
    asked = ("--team", "support", "--map", "what_happened=Story")
    assert amends(tmp_path, "backup", "copy.db").stderr.endswith(
        "amends.db is not there, so there is nothing to back up.\n"
    )
    amends(tmp_path, "import", table(tmp_path, "Story\nLost\n"), *asked)
    with serving(tmp_path):
        made = amends(tmp_path, "backup", "copy.db")
        assert (made.returncode, made.stderr) == (0, "")
        assert made.stdout.startswith("copy.db is a whole and checked copy. To restore it: stop me, ")
    again = amends(tmp_path, "backup", "copy.db")
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == "amends: copy.db is there already, and a backup overwrites nothing.\n"
    told = amends(tmp_path, "check").stdout
    assert "To copy the file amends.db, use 'python -m bot backup FILE'" in told
    shutil.copy(tmp_path / "copy.db", tmp_path / "amends.db")
    amends(tmp_path, "import", table(tmp_path, "Story\nLate\n"), *asked)
    assert "# Retro: Late (C-2001, open)" in amends(tmp_path, "export").stdout


def test_a_copy_made_in_another_way_is_restored_by_word(tmp_path: Path) -> None:
    asked = ("--team", "support", "--map", "what_happened=Story")
    amends(tmp_path, "import", table(tmp_path, "Story\nLost\n"), *asked)
    assert amends(tmp_path, "migrate").stdout == "The database is up to date.\n"
    marked = amends(tmp_path, "migrate", "--restored")
    assert "It is taken for a copy whose newest message is of " in marked.stdout
    ticked = amends(tmp_path, "tick", AMENDS_PACE="0")
    assert "messages to look up before they are said: 1; held until" in ticked.stderr
    assert ticked.stdout == "4 said.\n"
    assert amends(tmp_path, "tick", AMENDS_PACE="0").stderr == ""
    assert amends(tmp_path, "tick", "--held", "drop").stdout == "0 held: dropped.\n"
    amends(tmp_path, "import", table(tmp_path, "Story\nLate\n"), *asked)
    assert "# Retro: Late (C-2001, open)" in amends(tmp_path, "export").stdout


@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
def test_a_server_is_backed_up_by_its_own_tool_and_marked_as_restored(
    tmp_path: Path, empty_url: str
) -> None:
    amends(tmp_path, "migrate", AMENDS_DATABASE_URL=empty_url)
    told = amends(tmp_path, "backup", "copy.db", AMENDS_DATABASE_URL=empty_url)
    assert (told.returncode, told.stdout) == (2, "")
    assert "pg_dump --format=custom" in told.stderr
    assert "migrate --restored" in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert amends(tmp_path, "migrate", "--restored", AMENDS_DATABASE_URL=empty_url).returncode == 0
    assert (
        "use 'python -m bot backup"
        not in amends(tmp_path, "check", AMENDS_DATABASE_URL=empty_url).stdout
    )


def test_every_setting_command_and_typed_word_is_in_the_docs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for setting in Settings.model_fields:
        assert f"`{setting.upper()}`" in operations, (
            f"say in docs/operations.md what {setting.upper()} means"
        )
    for command in re.findall(r"^    (\w+) ", parser().format_help(), re.MULTILINE):
        assert f"`{command}" in operations, f"say in docs/operations.md what `{command}` does"
    for word in TYPED_WORDS:
        assert f"`/amends {word}" in readme, f"say in README.md what /amends {word} does"


@contextmanager
def showing(folder: Path, *arguments: str, **settings: str) -> Iterator[tuple[str, Path]]:
    """The demo, until the block ends: its address, and the file that it is in."""
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "demo", *arguments],
        cwd=folder,
        env=environment(AMENDS_PORT="0", **settings),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            told = "".join(process.stdout.readline() for _ in range(3))
            (address,) = re.findall(r"Amends is open at (http://\S+) \(the demo", told)
            (file,) = re.findall(r"It is in a file of its own, (\S+),", told)
            yield address, Path(file)
        finally:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 0


def test_the_demo_is_in_a_file_of_its_own_and_touches_nothing_else(tmp_path: Path) -> None:
    own = tmp_path / "amends.db"
    with serving(tmp_path):
        pass
    before = own.read_bytes()
    server = "postgresql://nobody@127.0.0.1:1/none"  # not asked, and no platform's token either
    tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "secret"}
    with showing(tmp_path, "--no-browser", AMENDS_DATABASE_URL=server, **tokens) as (address, file):
        assert file.exists()
        assert tmp_path not in file.parents
        with urlopen(f"{address}/healthz") as health:
            assert json.load(health)["ok"]
        request = Request(address, headers={"Cookie": f"you-{urlsplit(address).port}=u_mina"})
        with urlopen(request) as page:
            assert f"Note 1 of {len(NOTES)}" in page.read().decode()
    assert not file.parent.exists()
    assert own.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["amends.db", "amends.db-clock"]


def test_the_demo_opens_the_browser_at_its_address(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}.part && mv {seen}.part {seen}\n')
    browser.chmod(0o755)
    with showing(tmp_path, BROWSER=f"{browser} %s") as (address, _):
        until = time.monotonic() + 20
        while not seen.exists() and time.monotonic() < until:
            os.sched_yield()
        assert seen.read_text().strip() == address


def test_the_demo_is_not_shown_to_other_machines_unless_that_is_said(tmp_path: Path) -> None:
    settings = {"AMENDS_HOST": "0.0.0.0", "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "secret"}
    told = amends(tmp_path, "demo", "--no-browser", **settings)
    assert told.returncode == 2
    assert "the web workspace has no login" in told.stderr
