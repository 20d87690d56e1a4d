"""A page as a file, holding what is shown: Markdown to read, CSV for spreadsheets, JSON for programs."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, count
from typing import NamedTuple

from bot.messages.file_text import harmless, plain_markdown
from bot.messages.page import Cell, Grid, Page, Section
from bot.messages.parts import (
    Chart,
    Context,
    Day,
    Fields,
    Inline,
    Line,
    Paragraph,
    Part,
    Pasted,
    Progress,
    Quote,
    Table,
    Timestamp,
    Words,
    plain_progress,
    plain_words,
    shown_cell,
)

Record = dict[str, str]
SECTION, TABLE = "section", "table"
"""Columns that say where a row stands."""


def written(words: Words) -> str:
    """Words for a file, with days and moments as ISO 8601 writes them."""
    return " ".join("".join(map(_piece, words)).split("\n")).strip()


def _piece(piece: Inline) -> str:
    match piece:
        case Day():
            return piece.day.isoformat()
        case Timestamp():
            return piece.at.isoformat()
        case _:
            return plain_words((piece,))


def records(part: Part | Grid) -> list[Record]:
    """What a part tells, row by row."""
    match part:
        case Grid() | Table() | Chart():
            columns, rows = _table(part)
            named = {} if isinstance(part, Grid) else {TABLE: _caption(part)}
            return [{**named, **dict(zip(_unlike(columns), row, strict=True))} for row in rows]
        case Fields():
            return [{"label": label, "text": written(words)} for label, words in part.rows]
        case Paragraph() | Context() | Line():
            return [{"text": written(part.words)}]
        case Quote() | Pasted():
            return [{"text": part.text}]
        case Progress():
            return [{"text": plain_progress(part)}]
        case _:
            return []


def _table(part: Grid | Table | Chart) -> tuple[Sequence[str], list[list[str]]]:
    """What stands over the columns, and in the rows."""
    match part:
        case Grid():
            return [one.label for one in part.columns], [[*map(_cell, row)] for row in part.rows]
        case Table():
            return part.columns, [[*map(shown_cell, row)] for row in part.rows]
        case Chart():
            return _table(part.table)


def _caption(part: Table | Chart) -> str:
    return part.title if isinstance(part, Chart) else part.caption


def _unlike(columns: Sequence[str]) -> list[str]:
    """The columns' names, each once and none of those beside them: teams name gaps as they like."""
    names = [SECTION, TABLE]
    for column in columns:
        numbered = (f"{column} ({number})" for number in count(2))
        names.append(next(name for name in chain((column,), numbered) if name not in names))
    return names[2:]


def _cell(cell: Cell) -> str:
    return written(cell.words)


def as_json(page: Page) -> str:
    """The page as one object; its sections hold what is said in them, row by row."""
    data = {
        "title": page.title,
        "state": page.status.text if page.status else None,
        "about": written(page.where) or None,
        "sections": [
            {
                "heading": section.heading,
                "rows": [record for part in section.parts for record in records(part)],
            }
            for section in page.sections
        ],
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def as_csv(page: Page) -> str:
    """The page's rows, each with its section; a formula gets an apostrophe, as in every export."""
    rows = [
        {SECTION: section.heading, **record}
        for section in page.sections
        for part in section.parts
        for record in records(part)
    ]
    columns = list(dict.fromkeys([SECTION, *(name for row in rows for name in row)]))
    file = io.StringIO()
    writer = csv.DictWriter(file, [str(harmless(column)) for column in columns])
    writer.writeheader()
    for row in rows:
        writer.writerow({str(harmless(name)): harmless(value) for name, value in row.items()})
    return file.getvalue()


def as_markdown(page: Page) -> str:
    """The page to read: its headings, tables and words."""
    state = f"{page.status.text} · " if page.status else ""
    lines = [f"# {plain_markdown(page.title)}"]
    if about := f"{state}{written(page.where)}".strip(" ·"):
        lines += ["", plain_markdown(about)]
    for section in page.sections:
        lines += _section_lines(section)
    return "\n".join(lines) + "\n"


def _section_lines(section: Section) -> Iterator[str]:
    yield from ("", f"## {plain_markdown(section.heading)}")
    for part in section.parts:
        match part:
            case Grid() | Table() | Chart():
                yield from ("", *_table_lines(*_table(part)))
            case Fields():
                yield ""
                for label, words in part.rows:
                    yield f"- **{plain_markdown(label)}**: {plain_markdown(written(words))}"
            case Quote() | Pasted():
                yield ""
                yield from (f"> {plain_markdown(line)}".rstrip() for line in part.text.splitlines())
            case _:
                for record in records(part):
                    yield from ("", plain_markdown(record["text"]))


def _table_lines(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(map(plain_markdown, columns))} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(map(plain_markdown, row))} |"


class PageFormat(NamedTuple):
    """How a page is written to a file, and what browsers call such a file."""

    label: str
    write: Callable[[Page], str]
    content_type: str


PAGE_FORMATS: Mapping[str, PageFormat] = {
    "md": PageFormat("Markdown", as_markdown, "text/markdown"),
    "csv": PageFormat("CSV", as_csv, "text/csv"),
    "json": PageFormat("JSON", as_json, "application/json"),
}
