"""A team's days off, beside its weekends: its own, and its country's public holidays."""

from collections.abc import Iterable
from datetime import date, timedelta

from pydantic import BaseModel

from bot.domain.errors import Refused
from bot.domain.holiday import holidays_in

MAX_DAYS = 400
"""A team's own days off: ten years of them. It bounds how far a working day may be away."""


MAX_SPANS = 100
"""Days in a row count once: so many, written out, have room in a form."""


class Span(BaseModel, frozen=True):
    """Days in a row, from the first to the last, both among them."""

    first: date
    last: date

    @property
    def count(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


class DaysOff(BaseModel, frozen=True):
    """The team's own days off in their order, and the country whose holidays it has ("": none)."""

    spans: tuple[Span, ...] = ()
    country: str = ""
    region: str = ""

    def __contains__(self, day: date) -> bool:
        return any(span.first <= day <= span.last for span in self.spans) or (
            self.country != "" and day in holidays_in(self.country, self.region, day.year)
        )


NONE = DaysOff()


def in_order(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same days in their order, each once; refuses more than anybody means."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda span: span.first):
        if joined and span.first <= joined[-1].last + timedelta(days=1):
            last = max(span.last, joined[-1].last)
            joined[-1] = joined[-1].model_copy(update={"last": last})
        else:
            joined.append(span)
    if len(joined) > MAX_SPANS:
        raise Refused(f"These are {len(joined)} days or weeks, and {MAX_SPANS} fit: take old ones out.")
    count = sum(span.count for span in joined)
    if count > MAX_DAYS:
        raise Refused(f"These are {count:,} days off, and {MAX_DAYS} fit: take old ones out.")
    return tuple(joined)


def written(spans: Iterable[Span]) -> str:
    """`2026-12-24, 2026-12-31 to 2027-01-01`, as a person types it."""
    return ", ".join(
        str(span.first) if span.first == span.last else f"{span.first} to {span.last}" for span in spans
    )
