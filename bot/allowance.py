"""How many things one person may start a minute: a token bucket each, in the memory of this process."""

import time
from collections.abc import Callable

MAX_PEOPLE = 10_000
"""People whose buckets are kept; whoever started something longest ago begins with a full one again."""


class Allowance:
    """Lets a person start `a_minute` things at once, and as many a minute in the long run; 0: no limit.

    A bucket is named by a person, lives for a minute or so and is stored nowhere.
    """

    def __init__(self, a_minute: int, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._a_minute = a_minute
        self._elapsed = elapsed
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, workspace: str, person_id: str) -> bool:
        """Whether one more may be started now; counts it if so."""
        if not self._a_minute:
            return True
        now, name = self._elapsed(), (workspace, person_id)
        left, since = self._buckets.pop(name, (float(self._a_minute), now))
        left = min(float(self._a_minute), left + (now - since) * self._a_minute / 60)
        allowed = left >= 1
        self._buckets[name] = (left - 1 if allowed else left, now)
        if len(self._buckets) > MAX_PEOPLE:
            del self._buckets[next(iter(self._buckets))]
        return allowed
