"""A connection: one helpdesk that tells a team of failed cases, and the rules by which it is heard."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from bot.domain.reference import ConnectionRef
from bot.domain.signal import Signal

Action = Literal["propose", "open"]
RuleName = Literal["rating", "tag", "priority", "sla_breached", "reopened"]
USUAL_A_DAY = 5
MAX_A_DAY = 50
"""More proposals than this nobody reads in a day; the number is ours."""
IN_A_ROW = 10
"""So many proposals waved off one after the other show that the rules let too much through."""


class Rules(BaseModel, frozen=True):
    """Which signals are of a failed case: those that meet any of these."""

    rating: int | None = 2
    """At or below this, from 1 to 5; None: whatever the rating."""
    tags: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    sla_breached: bool = False
    reopened: bool = False


class Connection(BaseModel, frozen=True):
    """One helpdesk's way into one channel; `id` stands in its address, and nobody guesses it.

    `secret` and `token` are sealed (`ports.Vault`): what signs its deliveries, and what lets us leave
    notes at `origin`, where its API is. A removed one keeps neither.
    """

    id: str
    channel_id: str
    product: str
    """The name of its file in `handlers/helpdesks`."""
    made_by: str
    """The lead who made it."""
    made_at: datetime
    secret: str = Field("", repr=False)
    token: str = Field("", repr=False)
    origin: str = ""
    rules: Rules = Rules()
    action: Action = "propose"
    kind: str | None = None
    """Which of the team's kinds of case these are; None: what the signal says, if it is one."""
    a_day: int = USUAL_A_DAY
    """How many proposals a day are a message each; the rest is gathered in one."""
    test_for: str | None = None
    """Who wants to see the next delivery, on which nothing else is done."""
    asked_at: datetime | None = None
    """When the lead was asked to change the rules, since these are in force."""
    removed_at: datetime | None = None
    version: int = 1

    @property
    def ref(self) -> ConnectionRef:
        """What its buttons and forms carry."""
        return ConnectionRef(id=self.id)


def new_id() -> str:
    """An id of 160 random bits, as hexadecimal digits."""
    return secrets.token_hex(20)


def _is_at_or_below(signal: Signal, rules: Rules) -> bool:
    return signal.rating is not None and rules.rating is not None and signal.rating <= rules.rating


def _among(words: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    return not {word.casefold() for word in words}.isdisjoint(word.casefold() for word in wanted)


MEETS: Mapping[RuleName, Callable[[Signal, Rules], bool]] = {
    "rating": _is_at_or_below,
    "sla_breached": lambda signal, rules: signal.sla_breached and rules.sla_breached,
    "reopened": lambda signal, rules: signal.reopened and rules.reopened,
    "priority": lambda signal, rules: _among((signal.priority,), rules.priorities),
    "tag": lambda signal, rules: _among(signal.tags, rules.tags),
}
"""Each rule and when a signal meets it, the most telling first."""


def met(signal: Signal, rules: Rules) -> tuple[RuleName, ...]:
    """The rules that a signal meets; none: it tells of no failed case."""
    return tuple(name for name, meets in MEETS.items() if meets(signal, rules))


def without_secrets(connection: Connection, at: datetime) -> Connection:
    """The connection once it was removed: nothing that arrives is taken any more."""
    gone = {"secret": "", "token": "", "test_for": None, "removed_at": at}
    return connection.model_copy(update=gone)
