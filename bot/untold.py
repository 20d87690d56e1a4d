"""What goes wrong with answers without a name: told to the operator, and so late that it traces nobody.

A line in a log bears its moment, and who was at their desk at that moment is known. So of an unnamed
answer there is no line when it arrives, nor when it is said. What failed is counted here instead, in
memory, and told once an hour: what it was, and how often.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable

log = logging.getLogger(__name__)

HOUR = 3600.0
"""Seconds between two tellings, whenever in between something failed."""


class Untold:
    """Failures that wait to be told."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._tell_at = elapsed() + HOUR
        self._times: Counter[str] = Counter()

    def note(self, failure: str) -> None:
        """Keeps it for later; `failure` names nobody, and quotes nothing that a person wrote."""
        self._times[failure] += 1

    def tell_hourly(self) -> None:
        """Tells them if an hour is over; to be called every now and then."""
        if (now := self._elapsed()) >= self._tell_at:
            self._tell_at = now + HOUR
            self.tell()

    def tell(self) -> None:
        """Writes a line for each kind, in an order that says nothing, and forgets them."""
        for failure, times in sorted(self._times.items()):
            log.error("unnamed answers, within the last hour: %d times: %s", times, failure)
        self._times.clear()
