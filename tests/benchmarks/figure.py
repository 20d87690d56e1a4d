"""One row of the table: what was measured, beside the floor that was measured in the same run."""

from collections.abc import Sequence
from statistics import quantiles
from typing import NamedTuple


class Figure(NamedTuple):
    """A row, in words as they are printed; a figure without a floor of its own says "-"."""

    what: str
    measured: str
    floor: str = "-"
    ratio: str = "-"
    aim: str = "-"


HEAD = Figure("what", "measured", "floor", "ratio", "aim")


def table(figures: Sequence[Figure]) -> str:
    """The rows under their head, in columns."""
    rows = [HEAD, Figure(*("-" * len(word) for word in HEAD)), *figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = (
        "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)) for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def percentile(values: Sequence[float], hundredth: int) -> float:
    """The value that `hundredth` per cent of them stay below."""
    return quantiles(values, n=100, method="inclusive")[hundredth - 1]


def ms(seconds: float) -> str:
    """Seconds as milliseconds, in words."""
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"
