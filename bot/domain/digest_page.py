"""Which part of the list behind a digest a button leads to: written on it, read when it is pressed."""

import re
from datetime import date
from typing import NamedTuple, Self

_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d)(?::(\d{1,3}))?(?:\+(\d{1,4}))?")


class DigestPage(NamedTuple):
    """The day of the message, which one of that day it is, and how much of its list is left (0: all).

    `number` is None for a channel, which has one message a day.
    """

    day: date
    number: int | None = None
    left: int = 0

    def __str__(self) -> str:
        number = "" if self.number is None else f":{self.number}"
        return f"{self.day.isoformat()}{number}{f'+{self.left}' if self.left else ''}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads it again; raises ValueError for any other text."""
        match = _WRITTEN.fullmatch(text)
        if match is None:
            raise ValueError(text)
        day, number, left = match.groups()
        return cls(date.fromisoformat(day), None if number is None else int(number), int(left or 0))
