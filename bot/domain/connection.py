"""A connection: one helpdesk that tells a team of failed cases, and the rules by which it is heard."""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field

from bot.domain.errors import Refused
from bot.domain.reference import ConnectionRef
from bot.domain.signal import Signal

Action = Literal["propose", "open"]
RuleName = Literal["rating", "tag", "priority", "sla_breached", "reopened"]
USUAL_A_DAY = 5
MAX_A_DAY = 50
"""More proposals than this nobody reads in a day; the number is ours."""
WAITS_FOR_TEST = timedelta(hours=1)
"""So long the next delivery is only shown: a forgotten test swallows no customer's word for days."""
MAX_WORDS, MAX_WORD = 20, 60
"""Of a rule: how many tags or priorities, and characters of each; the numbers are ours."""
BETWEEN_REFUSALS = timedelta(seconds=10)
"""Between two refusals that are noted: whoever knows the address sets no pace for our writes."""
MAX_WHY = 200
"""Characters of why something was refused; the longest of our own sentences has half as many."""
BETWEEN = re.compile(r"[,;\n]")
PRINTABLE = re.compile(r"[!-~]+")
"""What a secret or a token is made of, whoever makes it."""
NOT_ONE = "This has a blank or a special character in it: copy it again."
NO_RULE = "Choose at least one rule, or I never propose anything."
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
    since: datetime | None = None
    """From when on they are in force; None: since the connection was made."""


class FormerChannel(BaseModel, frozen=True):
    """A channel to which a connection led, and until when."""

    channel_id: str
    until: datetime


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
    test_until: datetime | None = None
    """Until when they wait for it."""
    asked_at: datetime | None = None
    """When the lead was asked to change the rules, since these are in force."""
    refused_at: datetime | None = None
    """When something was last refused, for as long as deliveries are kept; noted without a version."""
    refused_why: str = ""
    """Why, in our own words: nothing of what was sent."""
    former_channels: tuple[FormerChannel, ...] = ()
    """Where it led before, the last one last: what came of that stays there."""
    removed_at: datetime | None = None
    version: int = 1

    @property
    def ref(self) -> ConnectionRef:
        """What its buttons and forms carry."""
        return ConnectionRef(id=self.id)

    @property
    def here_since(self) -> datetime:
        """Since when it leads to its channel."""
        return self.former_channels[-1].until if self.former_channels else self.made_at

    @property
    def ever_in(self) -> tuple[str, ...]:
        """The channels to which it ever led, the present one first."""
        former = (channel.channel_id for channel in self.former_channels)
        return tuple(dict.fromkeys((self.channel_id, *former)))

    def led_to(self, channel_id: str, at: datetime) -> bool:
        """Whether it leads to a channel now, or still did at this moment."""
        return channel_id == self.channel_id or any(
            channel.channel_id == channel_id and at <= channel.until for channel in self.former_channels
        )

    def tester(self, at: datetime) -> str | None:
        """Who waits for a test at this moment; None: what arrives is taken."""
        return self.test_for if self.test_until is not None and at < self.test_until else None


def new_secret() -> str:
    """A secret of 256 random bits, for a product that makes none."""
    return secrets.token_urlsafe(32)


def new_id() -> str:
    """An id of 160 random bits, as hexadecimal digits."""
    return secrets.token_hex(20)


def _is_at_or_below(signal: Signal, rules: Rules) -> bool:
    return signal.rating is not None and rules.rating is not None and signal.rating <= rules.rating


def _among(words: tuple[str, ...], wanted: tuple[str, ...]) -> frozenset[str]:
    """Those of the words that are wanted, capitals or not."""
    return frozenset(word.casefold() for word in words) & {word.casefold() for word in wanted}


MEETS: Mapping[RuleName, Callable[[Signal, Rules], bool]] = {
    "rating": _is_at_or_below,
    "sla_breached": lambda signal, rules: signal.sla_breached and rules.sla_breached,
    "reopened": lambda signal, rules: signal.reopened and rules.reopened,
    "priority": lambda signal, rules: bool(_among((signal.priority,), rules.priorities)),
    "tag": lambda signal, rules: bool(_among(signal.tags, rules.tags)),
}
"""Each rule and when a signal meets it, the most telling first."""


def met(signal: Signal, rules: Rules) -> tuple[RuleName, ...]:
    """The rules that a signal meets; none: it tells of no failed case."""
    return tuple(name for name, meets in MEETS.items() if meets(signal, rules))


def quiet_since(connection: Connection, at: datetime) -> datetime:
    """From when on another refusal keeps one at `at` from being noted.

    That is ten seconds before, however many arrive: so much time takes whoever mends one thing by hand,
    sends it again, and is told the next. Or it is when somebody asked for a test, who waits to hear.
    """
    just_before = at - BETWEEN_REFUSALS
    if connection.test_until is None or connection.tester(at) is None:
        return just_before
    return max(just_before, connection.test_until - WAITS_FOR_TEST)


def notes_refusal(connection: Connection, at: datetime) -> bool:
    """Whether a refusal at `at` is noted."""
    return connection.refused_at is None or connection.refused_at < quiet_since(connection, at)


def refuses(connection: Connection, last_at: datetime | None) -> bool:
    """Whether something was refused, and nothing taken after it; `last_at`: the last that was taken."""
    return connection.refused_at is not None and (last_at is None or connection.refused_at > last_at)


def is_worse(now: Signal, decided: Signal, rules: Rules) -> bool:
    """Whether a ticket got worse since it was decided, as the rules see it.

    It meets a rule, a tag or a priority that it did not meet then, or its bad rating is lower.
    """
    meets = met(now, rules)
    return (
        not set(meets) <= set(met(decided, rules))
        or ("rating" in meets and (now.rating or 0) < (decided.rating or 0))
        or not _among(now.tags, rules.tags) <= _among(decided.tags, rules.tags)
        or not _among((now.priority,), rules.priorities) <= _among((decided.priority,), rules.priorities)
    )


def without_secrets(connection: Connection, at: datetime) -> Connection:
    """The connection once it was removed: nothing that arrives is taken any more."""
    gone = {"secret": "", "token": "", "removed_at": at}
    return without_test(connection).model_copy(update=gone)


def moved(connection: Connection, channel_id: str, at: datetime) -> Connection:
    """The connection that leads to this channel from now on."""
    if channel_id == connection.channel_id:
        return connection
    left = FormerChannel(channel_id=connection.channel_id, until=at)
    # Of a channel that it led to twice, the last time counts.
    others = (each for each in connection.former_channels if each.channel_id != left.channel_id)
    changed = {"channel_id": channel_id, "former_channels": (*others, left)}
    return connection.model_copy(update=changed)


def with_test(connection: Connection, person_id: str, at: datetime) -> Connection:
    """The connection while somebody waits for its next delivery; whoever asked last sees it."""
    waits = {"test_for": person_id, "test_until": at + WAITS_FOR_TEST}
    return connection.model_copy(update=waits)


def without_test(connection: Connection) -> Connection:
    """The connection that takes what arrives."""
    return connection.model_copy(update={"test_for": None, "test_until": None})


def continues(connection: Connection, other: Connection) -> bool:
    """Whether a connection tells of the same tickets as another: it is that one, or took its place.

    Two accounts of one product number their tickets alike. So it took the place of another only if that
    was removed before, and if nothing says that they are of different accounts.
    """
    if other.id == connection.id:
        return True
    after = other.removed_at is not None and connection.made_at >= other.removed_at
    accounts = {connection.origin, other.origin} - {""}
    return after and other.product == connection.product and len(accounts) < 2


def is_one_account(connection: Connection, other: Connection) -> bool:
    """Whether two connections speak of the same tickets, whichever was there first."""
    return continues(connection, other) or continues(other, connection)


def listed(text: str) -> tuple[str, ...]:
    """The words between commas, each once, capitals or not; refuses too many, and too long ones."""
    words = {word.casefold(): word for piece in BETWEEN.split(text) if (word := " ".join(piece.split()))}
    if len(words) > MAX_WORDS:
        raise Refused(f"These are {len(words)}, and {MAX_WORDS} are the most that a rule takes.")
    if any(len(word) > MAX_WORD for word in words):
        raise Refused(f"Each has {MAX_WORD} characters at most: write them with commas between.")
    return tuple(words.values())


def check_listed(text: str) -> None:
    """Refuses words that no rule takes."""
    listed(text)


def check_a_day(count: int) -> None:
    """Refuses a number of proposals that nobody reads, and none at all."""
    if not 1 <= count <= MAX_A_DAY:
        raise Refused(f"Write a number from 1 to {MAX_A_DAY}.")


def check_rules(rules: Rules) -> None:
    """Refuses rules that no signal can meet."""
    if rules == Rules(rating=None):
        raise Refused(NO_RULE, "rating")


def check_printable(secret: str) -> None:
    """Refuses a secret or a token that was not copied as it is."""
    if not PRINTABLE.fullmatch(secret):
        raise Refused(NOT_ONE)


def origin_of(written: str) -> str:
    """`https://acme.example.com` of what somebody copied from a browser; "" for what is no address."""
    address = written if "://" in written else f"https://{written}"
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    named = parts.scheme in ("http", "https") and parts.netloc
    return f"{parts.scheme}://{parts.netloc.lower()}" if named else ""
