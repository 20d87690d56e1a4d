"""What is known of our own messages without asking Slack, and how often Slack may be asked.

Slack tells of every message, and so of our own, where we are a member: that confirms a delivery whose
answer got lost. Reading back what was said is the second way. Apps that are distributed outside Slack's
Marketplace may do that once a minute, so it has a budget of its own: a look-up that has to wait leaves
posting alone. https://docs.slack.dev/apis/web-api/rate-limits
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

A_MINUTE = 40
"""Look-ups: Slack allows 50 of each method (tier 3), and other questions take some."""
MAX_HEARD = 2_000


class Heard(NamedTuple):
    """A message of ours, as an event tells it: our key for it, where it is, and in which thread."""

    key: str
    channel_id: str
    ts: str
    thread: str | None = None


class HeardMessages:
    """Our own messages that events told of, the latest of each key."""

    def __init__(self) -> None:
        self._heard: OrderedDict[str, Heard] = OrderedDict()

    def hear(self, heard: Heard) -> None:
        """Remembers a message."""
        self._heard.pop(heard.key, None)
        self._heard[heard.key] = heard
        if len(self._heard) > MAX_HEARD:
            self._heard.popitem(last=False)

    def find(self, key: str, since: float) -> Heard | None:
        """The message of this key, if it was said at or after `since`, in seconds of the epoch."""
        heard = self._heard.get(key)
        return heard if heard is not None and float(heard.ts) >= since else None

    def forget(self, channel_id: str, ts: str) -> None:
        """Somebody deleted it."""
        for heard in [heard for heard in self._heard.values() if heard[1:3] == (channel_id, ts)]:
            del self._heard[heard.key]


class LookUps:
    """How often may be looked: `a_minute` (None: as often as Slack answers), less when Slack says so."""

    def __init__(
        self, a_minute: int | None = A_MINUTE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._a_minute = a_minute
        self._clock = clock
        self._made: deque[float] = deque(maxlen=a_minute)
        self._rests_until = 0.0

    def may(self) -> bool:
        """Whether one may be made now; True counts it as made."""
        now = self._clock()
        full = len(self._made) == self._a_minute and self._made[0] > now - 60.0
        if full or now < self._rests_until:
            return False
        if self._a_minute:
            self._made.append(now)
        return True

    def rest(self, seconds: float) -> None:
        """Slack asked to wait so long."""
        self._rests_until = max(self._rests_until, self._clock() + seconds)
