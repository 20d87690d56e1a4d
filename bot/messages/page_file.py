"""A page as a file, holding what is shown: Markdown to read, CSV for spreadsheets, JSON for programs."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
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
        case Grid():
            names = [column.label for column in part.columns]
            return [dict(zip(names, map(_cell, row), strict=True)) for row in part.rows]
        case Table():
            return [
                {"table": part.caption, **dict(zip(part.columns, map(shown_cell, row), strict=True))}
                for row in part.rows
            ]
        case Chart():
            return records(part.table)
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
        {"section": section.heading, **record}
        for section in page.sections
        for part in section.parts
        for record in records(part)
    ]
    columns = list(dict.fromkeys(["section", *(name for row in rows for name in row)]))
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
                yield from ("", *_table_lines(records(part)))
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


def _table_lines(rows: list[Record]) -> Iterator[str]:
    columns = [name for name in (rows[0] if rows else {}) if name != "table"]
    if not columns:
        return
    yield f"| {' | '.join(map(plain_markdown, columns))} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(plain_markdown(row[name]) for name in columns)} |"


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
