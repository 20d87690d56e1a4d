"""Where everything of a chart stands: pure geometry, which `templates/figures.html` draws as SVG.

Each series has a strip of its own under its name, all on one scale; each figure has its number, and
each strip the labels below it. So nothing is told by a colour, and there is no legend to look things up
in. Lengths are in the picture's own units, about a pixel each where there is room.
"""

from typing import NamedTuple

from bot.messages.parts import Chart, shown_cell

WIDTH = 380
NAME, NUMBER, TALLEST, LABEL, GAP = 16, 12, 34, 16, 10
"""From the top of a strip down: its name, the room for numbers, the highest bar; the labels; a gap."""
STRIP = NAME + NUMBER + TALLEST + LABEL
BAR = 0.62
"""The share of its place that a bar is wide."""
MAX_WIDE = 48


class Mark(NamedTuple):
    """One figure: its bar (x, y, width, height), the middle of it, and its number above."""

    x: float
    y: float
    width: float
    height: float
    middle: float
    number: str


class Strip(NamedTuple):
    """One series: its name at `top`, its figures above `base`, the labels below."""

    name: str
    top: int
    base: int
    marks: tuple[Mark, ...]

    @property
    def labels_at(self) -> int:
        """Where the labels stand: far down in a list of strips, too, it shows which figure is whose."""
        return self.base + LABEL - 4

    @property
    def line(self) -> str:
        """The points of its line, from left to right."""
        return " ".join(f"{mark.middle},{mark.y}" for mark in self.marks)

    @property
    def area(self) -> str:
        """The points around what lies under its line."""
        first, last = self.marks[0].middle, self.marks[-1].middle
        return f"{first},{self.base} {self.line} {last},{self.base}"


class Picture(NamedTuple):
    """A whole chart: how high it is, its strips, and the labels with the middle of each."""

    height: int
    strips: tuple[Strip, ...]
    labels: tuple[tuple[str, float], ...]


def picture(chart: Chart) -> Picture:
    """Where everything of a chart stands; the slices of a pie become bars of one strip."""
    place = WIDTH / len(chart.labels)
    middles = [round((number + 0.5) * place, 1) for number in range(len(chart.labels))]
    highest = max(max(series.values) for series in chart.series) or 1
    wide = round(min(place * BAR, MAX_WIDE), 1)
    strips = []
    for number, series in enumerate(chart.series):
        top = number * (STRIP + GAP)
        base = top + STRIP - LABEL
        marks = tuple(
            Mark(
                x=round(middle - wide / 2, 1),
                y=round(base - (height := value / highest * TALLEST), 1),
                width=wide,
                height=round(height, 1),
                middle=middle,
                number=shown_cell(value),
            )
            for middle, value in zip(middles, series.values, strict=True)
        )
        strips.append(Strip(series.name, top, base, marks))
    labels = tuple(zip(chart.labels, middles, strict=True))
    return Picture(strips[-1].base + LABEL, tuple(strips), labels)
