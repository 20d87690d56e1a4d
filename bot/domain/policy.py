"""What a team decided about its fixes; whatever it never said is as everywhere."""

from collections.abc import Mapping
from datetime import date

from pydantic import BaseModel

from bot.domain.errors import Refused
from bot.domain.working_hours import WorkingHours, add_working_days

OTHER = ""
"""Stands for every gap that has no number of its own, and for an item without a gap."""
MAX_DAYS_DUE = 260
"""About a year of working days; the number is ours."""
MAX_DAYS_TO_VERIFY = 30


class Policy(BaseModel, frozen=True):
    """A team's own way with items and retros.

    `due_by_gap` holds, by gap, after how many working days an item is due that was added without a
    date; without a number it has none. After `days_to_verify` working days somebody is reminded of an
    item that is done; `lead_verifies`: only the team's lead verifies. `small_failures`: a case may be
    marked failed without a retro, only to make it right for the customer.
    """

    due_by_gap: Mapping[str, int] = {}
    days_to_verify: int = 2
    lead_verifies: bool = False
    small_failures: bool = False

    def days_due(self, gap: str) -> int | None:
        """After how many working days an item of this gap is due; None where nobody said."""
        return self.due_by_gap.get(gap, self.due_by_gap.get(OTHER))

    def due(self, gap: str, hours: WorkingHours, today: date) -> date | None:
        """The day on which an item is due that is added today without a date."""
        days = self.days_due(gap)
        return None if days is None else add_working_days(hours, today, days)


def check_days_due(days: int) -> None:
    """Refuses what is no number of working days until an item is due."""
    if not 1 <= days <= MAX_DAYS_DUE:
        raise Refused(f"This is a number of working days from 1 to {MAX_DAYS_DUE}; or leave it empty.")


def check_days_to_verify(days: int) -> None:
    """Refuses what is no number of working days until somebody is reminded to verify."""
    if not 1 <= days <= MAX_DAYS_TO_VERIFY:
        raise Refused(f"Days to verify is a number from 1 to {MAX_DAYS_TO_VERIFY}.")
