"""Asks somebody at a terminal which column of a table says what, and shows what would be read."""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from bot.domain.errors import Refused
from handlers.csv_import.records import Records
from handlers.csv_import.spreadsheet import Broken, Row, Table, parse_mapping
from handlers.csv_import.written_date import DayOrder, parse_moment, settle_order

SHOWN_ROWS = 3
MAX_SHOWN = 60
"""Characters of a cell; a line of a terminal has at least 80."""


class Question(NamedTuple):
    """A field, what it is called, and what its column may be called, likeliest first."""

    field: str
    label: str
    likely: tuple[str, ...]


QUESTIONS = (
    Question(
        "what_happened",
        "What happened (needed)",
        (
            *("what happened", "narrative", "description", "story", "complaint", "summary", "details"),
            *("subject", "issue", "problem", "title", "remark", "comment", "message", "text"),
        ),
    ),
    Question(
        "reference",
        "Case reference",
        (
            *("case reference", "reference", "ticket id", "case id", "complaint id", "ticket number"),
            *("case number", "ticket", "id", "key", "number", "no"),
        ),
    ),
    Question(
        "customer",
        "Customer",
        ("customer", "customer name", "requester", "client", "account", "company", "who", "name"),
    ),
    Question(
        "happened_at",
        "When it happened",
        (
            *("happened at", "happened", "when", "occurred", "date received", "received", "date"),
            *("created at", "created", "opened", "reported", "day", "time"),
        ),
    ),
    Question("public_post", "Public post", ("public post", "post", "review", "link", "url")),
)


def ask_columns(
    records: Records,
    where: Sequence[str],
    day_order: DayOrder | None,
    ask: Callable[[str], str],
    say: Callable[[str], None],
) -> Sequence[str] | None:
    """The arguments of --map, once somebody saw what they mean and said yes; None when they said no.

    `ask` is given a question and returns the line that was typed. Takes the records over. Raises Refused
    when the dates are written in two orders, and CsvError when a condition names no column.
    """
    try:
        Table(records, {}, where)  # a slip in a condition is told before anything is asked
        examples = _examples(records)
        # What --map could not name in one way only is not offered.
        names = [
            name for name in records.header if name and "|" not in name and _times(name, records) == 1
        ]
        say("Which column says it? Type its number or name; several with | between them, of which the")
        say("first one that is not empty counts; - for none; only Enter for what stands in brackets.")
        for number, name in enumerate(names, 1):
            example = examples.get(name, "")
            say(f"{number:4} {_short(name)}" + (f"   (such as {_short(example)})" if example else ""))
        pairs = _answers(names, ask, say)
        again = records.again()
    finally:
        records.close()
    if again is None:
        raise AssertionError("nobody is asked about a pipe")
    with Table(again, parse_mapping(pairs), where) as table:
        _show(table, day_order, say)
    say("Next time, without questions:")
    say("  " + shlex.join(word for pair in pairs for word in ("--map", pair)))
    while (answer := ask("Go on with all rows like this? [y/n] ").strip().casefold()) not in YES | NO:
        say("Type y or n.")
    return pairs if answer in YES else None


YES, NO = frozenset({"y", "yes"}), frozenset({"n", "no"})


def _times(name: str, records: Records) -> int:
    return list(records.header).count(name)


def _examples(records: Records) -> Mapping[str, str]:
    """What stands in each column first, in the first rows."""
    examples: dict[str, str] = {}
    for _, _, cells in islice(records, 20):
        if not isinstance(cells, str):
            for name, cell in zip(records.header, cells, strict=False):
                if cell.strip() and records.flaw(cell) is None:
                    examples.setdefault(name, cell)
    return examples


def _answers(
    names: Sequence[str], ask: Callable[[str], str], say: Callable[[str], None]
) -> Sequence[str]:
    pairs: list[str] = []
    left = list(names)
    for question in QUESTIONS:
        guess = _guess(question, left)
        needed = question.field == "what_happened"
        while True:
            typed = ask(f"{question.label} [{_short(guess or '-')}]: ").strip() or guess or "-"
            columns = [] if typed == "-" else [_column(part.strip(), names) for part in typed.split("|")]
            if needed and not columns:
                say("Without it a case says nothing: name a column.")
            elif None in columns:
                say(f"There is no such column: {_short(typed)}")
            else:
                break
        chosen = [column for column in columns if column is not None]
        left = [name for name in left if name not in chosen]
        if chosen:
            pairs.append(f"{question.field}={'|'.join(chosen)}")
    return pairs


def _guess(question: Question, names: Sequence[str]) -> str | None:
    """The likeliest column: whose name is or ends with these words, or else has them in it."""
    folded = {re.sub(r"[\W_]+", " ", f" {name} ").casefold(): name for name in names}
    for fits in (str.endswith, str.__contains__):
        for word in question.likely:
            for plain, name in folded.items():
                if fits(plain, f" {word} "):
                    return name
    return None


def _column(typed: str, names: Sequence[str]) -> str | None:
    if typed in names:
        return typed
    if typed.isdecimal() and 1 <= int(typed) <= len(names):
        return names[int(typed) - 1]
    return next((name for name in names if name.casefold() == typed.casefold()), None)


def _show(table: Table, day_order: DayOrder | None, say: Callable[[str], None]) -> None:
    settled = None if day_order else settle_order(table.column("happened_at"))
    order = settled.order if settled else day_order
    rows = list(islice(table, SHOWN_ROWS))
    say(f"The first {len(rows)} rows as they would be read:" if rows else "No row is asked for.")
    for row in rows:
        say(f"  {table.place(row.line)}")
        if isinstance(row, Broken):
            say(f"    left out: {row.reason}")
            continue
        for question in QUESTIONS:
            if value := _read(row, question.field, order):
                say(f"    {question.label.removesuffix(' (needed)')}: {value}")
    if settled:
        say(settled.sentence)


def _read(row: Row, field: str, order: DayOrder | None) -> str:
    value = row.values.get(field, "")
    if field == "what_happened" and not value:
        return "nothing, so this row would be left out"
    if field != "happened_at" or not value:
        return _short(value)
    try:
        # Which zone the team is in does not matter: the clock shows what is written.
        at, by_day = parse_moment(value, "UTC", order)
    except Refused as refused:
        return f"{refused.sentence} This row would be left out."
    return f"{at:%d %B %Y}" if by_day else f"{at:%d %B %Y, %H:%M}"


def _short(text: str) -> str:
    # Whatever a file holds, it commands no terminal.
    line = "".join(sign if sign.isprintable() else "\ufffd" for sign in " ".join(text.split()))
    return line if len(line) <= MAX_SHOWN else line[: MAX_SHOWN - 1] + "…"
