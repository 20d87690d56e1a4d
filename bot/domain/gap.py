"""Gaps that came back in a week, soon after a fix of them was verified."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.domain.trends import Failure, Fix, Return, returns

SOON = timedelta(weeks=12)
"""How long after its fix was verified a case fails in which a gap has come back soon."""
LOOKED_BACK = timedelta(weeks=26)
"""How old the cases may be whose fixes are remembered when a gap comes back."""


class CameBack(NamedTuple):
    """A gap that came back in these cases, which failed after its fix was verified at a moment."""

    gap: str
    cases: tuple[int, ...]
    verified_at: datetime


def fix_before(gap: str, failed_at: datetime, fixes: Iterable[Fix]) -> Fix | None:
    """The fix of a gap that was verified last, and soon, before a case failed in which it is back.

    None where there is none, or where it was opened again or dropped since.
    """
    soon = [
        fix
        for fix in fixes
        if fix.gap == gap
        and fix.state == "verified"
        and fix.verified_at is not None
        and fix.verified_at < failed_at <= fix.verified_at + SOON
    ]
    return max(soon, key=lambda fix: fix.verified_at or failed_at, default=None)


def came_back(
    failures: Iterable[Failure], fixes: Sequence[Fix], since: datetime, until: datetime
) -> Sequence[CameBack]:
    """The gaps that cases named first between two moments, and that came back soon after their fix."""
    failed_at = {failure.number: failure for failure in failures}
    found: dict[str, list[Return]] = defaultdict(list)
    for back in returns(failed_at.values(), fixes):
        soon = failed_at[back.case_number].failed_at - back.verified_at <= SOON
        if soon and since <= back.named_at < until:
            found[back.gap].append(back)
    return [
        CameBack(
            gap, tuple(sorted(one.case_number for one in times)), min(one.verified_at for one in times)
        )
        for gap, times in sorted(found.items())
    ]
