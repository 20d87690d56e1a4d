"""Texts for files, in which a spreadsheet finds no formula and a reader of Markdown no markup."""

import re

_BEGINNING = re.compile(r"^(\d{1,9}(?=[.)](?:\s|$))|(?=[-+](?:\s|$)|-+$|=+$))")
"""Where a line would begin a list, be a rule, or make a heading of the line above it."""


def harmless(value: str | int | None) -> str | int | None:
    """A value for a spreadsheet, which would run some as a formula: they get an apostrophe in front."""
    risky = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if risky else value


def plain_markdown(text: str) -> str:
    """A text on one line of Markdown, in which nothing is markup."""
    escaped = "".join(
        f"\\{character}" if character in "\\`*_[]<>#|~" else character for character in text
    )
    return _BEGINNING.sub(r"\1\\", " ".join(escaped.split()))
