"""What is remembered, noun by noun, as Protocols: one repository each, all of one workspace.

`storage/` keeps these promises, a file per noun. What only reads is a type of its own (`ReadCases`), for
a ReadOnlyWork; what also changes things (`Cases`) is for a UnitOfWork (`bot/ports.py`).
"""

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from datetime import date, datetime
from typing import NamedTuple, Protocol

from pydantic import BaseModel

from bot.domain.action_item import ActionItem
from bot.domain.board import Source
from bot.domain.board_filter import Filters
from bot.domain.case import Case
from bot.domain.case_list import CaseList, Place
from bot.domain.channel import Channel
from bot.domain.connection import Connection
from bot.domain.job import Job, MessageRef
from bot.domain.notification_preferences import NotificationPreferences
from bot.domain.owner_day import DayEverywhere
from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalChange
from bot.domain.recovery import Recovery, Tally
from bot.domain.reminder import SentReminder, Subject
from bot.domain.retro import Answer, Comment, Counts, Retro, WithdrawnAnswer
from bot.domain.search import Asked
from bot.domain.sign_in import SignIn
from bot.domain.signal import SignalDelivery
from bot.domain.team import Team
from bot.domain.trends import Failure, Fix
from bot.messages.parts import Message


class ReadPeople(Protocol):
    """Persons the bot has met."""

    def get(self, person_id: str, /) -> Person | None: ...
    def among(self, persons: Collection[str], /) -> Mapping[str, Person]: ...
    def everybody(self) -> Sequence[Person]:
        """All of them by name (for the web adapter, whose workspaces are small)."""
        ...


class BeingSaid(Exception):
    """A message that names them is on its way, and nobody knows yet whether it has arrived.

    It can be changed only after that. Whoever catches this has changed nothing, and tries again.
    """

    def __init__(self) -> None:
        super().__init__(
            "A message that names them is on its way, and nobody knows yet whether it has arrived. "
            "Nothing was forgotten: serve finds out, so forget them again while it runs."
        )


class Traces(NamedTuple):
    """Where a person was: the cases and proposals in which something changed, and messages to change.

    `messages` name them in a channel or to a lead, by the keys that these have from now on; `again` are
    jobs of messages that were said and read otherwise now.
    """

    cases: frozenset[int]
    proposals: frozenset[int]
    messages: Mapping[str, MessageRef]
    again: Sequence[Job]


class People(ReadPeople, Protocol):
    """The same, and what changes them."""

    def remember(self, *persons: Person) -> None:
        """Stores who they are now; writes only what changed. A None zone keeps a known one."""
        ...

    def forget(
        self, person: Person, former: Person, scrub: Callable[[str], str], *, waits: bool = True
    ) -> "Traces":
        """Puts `former` in the place of a person, and scrubs every text, in whatever table it stands.

        Their settings, their own direct messages and what is owed to them go. Before anything else is
        read: what was read earlier in the same transaction is out of date. Raises BeingSaid, so that
        the transaction comes to nothing, while somebody else may be reading a message about them that
        we do not know of yet; unless it `waits` for none, because nobody could ever find out.
        """
        ...


class ReadChannels(Protocol):
    """Channels the bot has met."""

    def get(self, channel_id: str, /) -> Channel | None: ...
    def named(self, name: str) -> Channel | None:
        """By id, or else by name with or without a leading #, whatever the case; none that is gone."""
        ...

    def direct_with(self, key: str, value: str) -> Channel | None:
        """The direct messages whose reference holds this; looks through those of the workspace."""
        ...

    def all(self) -> Sequence[Channel]:
        """The shared channels that are not gone, by name."""
        ...

    def gone(self) -> Sequence[Channel]:
        """Those that were removed, by name."""
        ...


class Channels(ReadChannels, Protocol):
    """The same, and what changes them."""

    def remember(self, channel: Channel) -> None:
        """Stores it; writes only what changed. An empty reference keeps the known one."""
        ...


class ReadTeams(Protocol):
    """Teams, one per channel."""

    def get(self, channel_id: str, /) -> Team | None: ...
    def require(self, channel_id: str, /) -> Team:
        """The team of a channel that has had a case; raises LookupError when the data is damaged."""
        ...

    def all(self) -> Sequence[Team]: ...
    def among(self, channel_ids: Collection[str], /) -> Mapping[str, Team]:
        """Those of these channels that are teams, by their channels."""
        ...

    def nearest(self, person_id: str, limit: int) -> tuple[Sequence[str], int]:
        """The channels of at most `limit` teams, and how many teams there are at all.

        Those that this person leads come first, then those where something is theirs to do, each by the
        teams' names; indexes carry it.
        """
        ...


class Teams(ReadTeams, Protocol):
    """The same, and what changes them."""

    def add(self, team: Team, /) -> Team:
        """Raises ConflictError when the channel became a team meanwhile."""
        ...

    def save(self, team: Team, /) -> None:
        """Stores it as the next version; raises ConflictError when another one is stored."""
        ...


class ReadCases(Protocol):
    """Failed cases."""

    def get(self, number: int, /) -> Case | None: ...
    def require(self, number: int, /) -> Case:
        """The case that something belongs to; raises LookupError when the data is damaged."""
        ...

    def by_reference(self, channel_id: str, reference: str) -> Case | None:
        """The team's case with this reference; upper and lower case are the same."""
        ...

    def with_reference(self, reference: str) -> Sequence[Case]:
        """The same in all teams of the workspace, by number; an index carries it."""
        ...

    def failed_since(self, channel_id: str, since: datetime, limit: int) -> Sequence[Case]:
        """The team's cases that failed at or after a moment, the newest first; an index carries it."""
        ...

    def listed(self, wanted: CaseList, after: Place | None, limit: int) -> Sequence[Place]:
        """The first `limit` of a list of cases (behind a place), in its order; an index carries it."""
        ...

    def failures(self, channel_id: str, since: datetime, limit: int) -> Sequence[Failure]:
        """What trends count of a channel: cases marked failed since then that have a retro.

        The newest first, without cancelled ones; an index carries it.
        """
        ...

    def failures_in(
        self, channel_ids: Collection[str], since: datetime, limit: int
    ) -> Mapping[str, Sequence[Failure]]:
        """The same of each of several channels, at most `limit` of each."""
        ...

    def of_customer(self, name: str) -> Sequence[int]:
        """The numbers of a customer's cases, upper and lower case alike; an index carries it."""
        ...

    def among(self, numbers: Collection[int], /) -> Mapping[int, Case]: ...
    def doubles_of(self, case: Case) -> Sequence[Case]:
        """Those that were found to be this one, also when they were brought back since.

        Looks through the cases of its channel.
        """
        ...

    def without_retro(self, channel_id: str, limit: int) -> Sequence[Case]:
        """Those of a channel whose retro nobody has opened yet, the newest first."""
        ...

    def count_without_retro(self, channel_id: str) -> int:
        """How many those are."""
        ...

    def after(self, number: int, limit: int = 100) -> Sequence[Case]:
        """Cases with larger numbers, in order, at most `limit`: pages for an export."""
        ...


class Cases(ReadCases, Protocol):
    """The same, and what changes them."""

    def add(self, case: Case, /) -> Case:
        """Stores it under the workspace's next number (`case.number` is ignored) and returns it.

        Raises ConflictError when the team got a case with this reference meanwhile.
        """
        ...

    def save(self, case: Case, /) -> None:
        """Stores it as the next version.

        Raises ConflictError when another one is stored, or another case of the team has its reference.
        """
        ...


class ReadRetros(Protocol):
    """Retros with their answers and their discussion."""

    def get(self, case_number: int, /) -> Retro | None: ...
    def open_in(self, channel_id: str, limit: int) -> Sequence[tuple[Retro, Case]]:
        """The open ones, those whose answers closed first on top; an index carries it."""
        ...

    def answering(self, channels: Collection[str], day: date, limit: int) -> Sequence[Retro]:
        """The open ones of these channels whose answers close on this day or later; by an index."""
        ...

    def answered_by(self, person_id: str, cases: Collection[int]) -> Collection[int]:
        """Of these cases those to which somebody answered with their name."""
        ...

    def closed_in(self, channel_id: str, after: datetime, limit: int) -> Sequence[tuple[Retro, Case]]:
        """Those closed at or after a moment, in that order; an index carries it."""
        ...

    def among(self, numbers: Collection[int], /) -> Mapping[int, Retro]: ...
    def with_cases(self, numbers: Collection[int]) -> Mapping[int, tuple[Retro, Case]]:
        """The retros of these cases, with them."""
        ...

    def counts(self, case_number: int, today: date) -> Counts:
        """Answers, items that were not dropped, late ones (due before `today`), unfinished ones."""
        ...

    def answers(self, *cases: int) -> Sequence[Answer]:
        """Case by case: named ones in the order they came, then unnamed ones in any order."""
        ...

    def answer(self, answer: str) -> Answer | None: ...
    def withdrawn(self, answer: str) -> WithdrawnAnswer | None:
        """What is left of the answer that had this id, when the lead withdrew it."""
        ...

    def withdrawn_of(self, case_number: int) -> Sequence[WithdrawnAnswer]:
        """The same for all of a retro, in the order of their random ids."""
        ...

    def comments(self, *cases: int) -> Sequence[Comment]:
        """Case by case, in the order they came."""
        ...


class Retros(ReadRetros, Protocol):
    """The same, and what changes them."""

    def add(self, retro: Retro, /) -> Retro: ...
    def save(self, retro: Retro, /) -> None:
        """Stores it as the next version; raises ConflictError when another one is stored."""
        ...

    def hold(self, retro: Retro) -> None:
        """Nobody changes it until the transaction ends, and several may hold it at once.

        Raises ConflictError when another version is stored.
        """
        ...

    def add_answer(self, answer: Answer) -> None: ...
    def save_answer(self, answer: Answer) -> None: ...
    def drop_answer(self, answer: Answer) -> None:
        """Removes it; raises ConflictError when another version is stored, or none any more."""
        ...

    def keep_withdrawn(self, withdrawn: WithdrawnAnswer) -> None:
        """Stores it, or its new words."""
        ...

    def keep_comment(self, comment: Comment) -> None:
        """Stores it, or its new text when it is known and its author's."""
        ...

    def move(self, case_number: int, to: int) -> None:
        """Puts a case's answers and discussion under another case of its channel.

        Nothing tells afterwards which of the unnamed ones came first, or that they were moved.
        """
        ...

    def drop_comment(self, channel_id: str, comment: str, author: str) -> None: ...


class ReadActionItems(Protocol):
    """Action items."""

    def get(self, number: int, /) -> ActionItem | None: ...
    def of_case(self, *cases: int) -> Sequence[ActionItem]:
        """Case by case, by number."""
        ...

    def owners_in(self, channel_ids: Collection[str]) -> Collection[str]:
        """Who owns an open item in one of these channels; an index carries it."""
        ...

    def owned_by(
        self, person_id: str, limit: int, channels: Collection[str] | None = None
    ) -> Sequence[ActionItem]:
        """Neither verified nor dropped, earliest due first, undated last; an index carries it.

        `channels`: only those of these, at most 512; None: wherever they are.
        """
        ...

    def open_in(self, channel_id: str, limit: int) -> Sequence[ActionItem]:
        """The same for a channel, whoever owns them."""
        ...

    def to_act_on(
        self, channel_id: str, today: date, limit: int, skipped: int = 0
    ) -> Sequence[ActionItem]:
        """Those of a channel that are late (due before `today`), proposed, or done and not verified.

        Earliest due first, undated last; `skipped` of them were read before.
        """
        ...

    def among(self, numbers: Collection[int], /) -> Mapping[int, ActionItem]: ...
    def fixes(self, *cases: int) -> Sequence[Fix]:
        """What trends count of these cases' items, without a word of them."""
        ...


class ActionItems(ReadActionItems, Protocol):
    """The same, and what changes them."""

    def add(self, item: ActionItem, /) -> ActionItem:
        """Stores it under the workspace's next number (`item.number` is ignored) and returns it."""
        ...

    def save(self, item: ActionItem, /) -> None:
        """Stores it as the next version; raises ConflictError when another one is stored."""
        ...


class ReadRecoveries(Protocol):
    """What is owed to customers, per case."""

    def get(self, case_number: int, /) -> Recovery | None: ...
    def among(self, numbers: Collection[int], /) -> Mapping[int, Recovery]: ...
    def owed_by(
        self, person_id: str, limit: int, channels: Collection[str] | None = None
    ) -> Sequence[Recovery]:
        """Those in which they have something left to do, what is due next first, without a day last.

        `channels`: only those of these, at most 512; None: wherever they are.
        """
        ...

    def open_in(self, channel_id: str, limit: int) -> Sequence[Recovery]:
        """Those without a verdict, the earliest promise first; an index carries it."""
        ...

    def enough_in(self, channel_id: str, limit: int) -> Sequence[Recovery]:
        """Those in which an apology was enough, the newest first; an index carries it."""
        ...

    def tally(self, channel_id: str) -> Tally:
        """How those of a channel ended, counted so far as it says; an index carries it."""
        ...


class Recoveries(ReadRecoveries, Protocol):
    """The same, and what changes them."""

    def add(self, recovery: Recovery, /) -> Recovery:
        """Raises ConflictError when somebody began it meanwhile."""
        ...

    def save(self, recovery: Recovery, /) -> None:
        """Stores it as the next version; raises ConflictError when another one is stored."""
        ...


class NoteTrouble(NamedTuple):
    """That a connection takes no notes just now: how many wait, how many were given up, and why."""

    connection: Connection
    waiting: int
    given_up: int
    why: str


class ReadConnections(Protocol):
    """Helpdesks' ways into channels, removed ones too."""

    def troubles(self) -> Sequence[NoteTrouble]:
        """Of each connection whose notes failed the last time, as far as it was not removed.

        Counted up to MAX_COUNTED of `ports`; an index carries it.
        """
        ...

    def get(self, connection_id: str, /) -> Connection | None: ...
    def in_channel(self, *channel_ids: str) -> Sequence[Connection]:
        """Those of any of the channels that were not removed, the oldest first; an index carries it."""
        ...

    def ever_in(self, channel_id: str) -> Sequence[Connection]:
        """Those that ever led there, removed ones too: what arrived by them stays for a month.

        It reads all of the workspace, which are few.
        """
        ...


class Connections(ReadConnections, Protocol):
    """The same, and what changes them."""

    def add(self, connection: Connection, /) -> Connection: ...
    def save(self, connection: Connection, /) -> None:
        """Stores it as the next version; raises ConflictError when another one is stored."""
        ...

    def hold(self, connection_id: str) -> Connection | None:
        """As it is now; nobody else changes or holds it until the transaction ends."""
        ...

    def note_refusal(self, connection_id: str, at: datetime, why: str, quiet_since: datetime) -> bool:
        """Notes that something was refused, in no new version of the connection.

        False, and nothing changes, where one was noted at `quiet_since` or later, or it was removed.
        """
        ...

    def forget_refusal(self, connection_id: str) -> None:
        """Forgets that something was refused, once the reason is gone."""
        ...


class ReadDeliveries(Protocol):
    """What helpdesks told, for a month."""

    def get(self, connection_id: str, key: str) -> SignalDelivery | None: ...

    def last(self, connection_id: str, limit: int) -> Sequence[SignalDelivery]:
        """A connection's, the newest first; an index carries it."""
        ...

    def of_reference(self, connection_id: str, reference: str, limit: int) -> Sequence[SignalDelivery]:
        """Those about one ticket, whatever its case, the newest arrival first; an index carries it."""
        ...

    def of_customer(self, name: str, limit: int) -> Sequence[SignalDelivery]:
        """Those of a customer, upper and lower case alike; an index carries it."""
        ...


class Deliveries(ReadDeliveries, Protocol):
    """The same, and what changes them."""

    def add(self, delivery: SignalDelivery) -> bool:
        """Stores it; False when it is known, so that a repeat changes nothing."""
        ...

    def save(self, delivery: SignalDelivery) -> None:
        """Stores what is known of it now."""
        ...

    def drop(self, delivery: SignalDelivery) -> None:
        """Deletes it."""
        ...


class ReadProposals(Protocol):
    """Cases that helpdesks propose, decided ones too."""

    def get(self, number: int, /) -> Proposal | None: ...
    def among(self, numbers: Collection[int], /) -> Mapping[int, Proposal]: ...
    def by_reference(self, connection_id: str, reference: str) -> Proposal | None:
        """The connection's proposal with this reference; upper and lower case are the same."""
        ...

    def of_case(self, case_number: int) -> Sequence[Proposal]:
        """Those that became this case: their connections and tickets are where notes go."""
        ...

    def of_customer(self, name: str, limit: int) -> Sequence[Proposal]:
        """Those of a customer that became no case, by their numbers; an index carries it.

        Upper and lower case are alike.
        """
        ...

    def cases_of_customer(self, name: str) -> Sequence[int]:
        """The numbers of the cases that those of a customer became; as of_customer."""
        ...

    def opened_of_customer(self, connection_id: str, name: str, limit: int) -> Sequence[Proposal]:
        """A connection's of a customer that became cases, the last one first; as of_customer."""
        ...

    def count_made(self, connection_id: str, channel_id: str, since: datetime) -> int:
        """How many have had a message of their own there, or were opened at once, since then."""
        ...

    def gathered(
        self, connection_id: str, channel_id: str, since: datetime, until: datetime, limit: int
    ) -> Sequence[Proposal]:
        """A channel's that nobody decided, made between two moments, without a message of their own.

        In the order in which they were made.
        """
        ...

    def decided(self, connection_id: str, limit: int) -> Sequence[Proposal]:
        """Those that somebody opened or waved off, the last one first."""
        ...

    def count_waiting(self, connection_id: str, channel_id: str) -> int:
        """How many of a connection, in a channel, nobody has decided yet; an index carries it."""
        ...

    def count_lapsed(self, channel_id: str, since: datetime, until: datetime) -> int:
        """How many of a channel went away by themselves between two moments; an index carries it."""
        ...


class EndedProposal(NamedTuple):
    """One of many proposals that ended at once; `gathered` is Proposal's."""

    number: int
    channel_id: str
    made_at: datetime
    gathered: bool


class Proposals(ReadProposals, Protocol):
    """The same, and what changes them."""

    def add(self, proposal: Proposal, /) -> Proposal:
        """Stores it under the workspace's next number (`proposal.number` is ignored) and returns it.

        Raises ConflictError when the connection got a proposal with this reference meanwhile.
        """
        ...

    def save(self, proposal: Proposal, /) -> None:
        """Stores it as the next version; raises ConflictError when another one is stored."""
        ...

    def end_waiting(
        self, connection_id: str, channel_id: str, change: ProposalChange
    ) -> Sequence[EndedProposal]:
        """Takes a step with all of a connection that wait in a channel; returns which they were.

        One statement does it, however many; those that wait again, with a history, are saved one by one.
        """
        ...


class BoardTeam(NamedTuple):
    """A team to look into: its channel, its zone, and which day it is there.

    `since`: only of cases that were marked failed from this moment on; None: of all. `decides`: whoever
    an owner is asked for decides its retros; it says nothing where none is asked for.
    """

    channel_id: str
    zone: str
    today: date
    since: datetime | None = None
    decides: bool = False


class BoardRow(NamedTuple):
    """One thing by its number (of an item, a case or a proposal), and how urgent it is.

    That is its day, as a number like 20260302; of a proposal its rating. The lowest is the most urgent.
    """

    source: Source
    number: int
    urgency: int | None


class ReadBoard(Protocol):
    """What of some teams needs somebody, by the sources of `bot/domain/board.py`, from indexes."""

    def counts(
        self,
        teams: Sequence[BoardTeam],
        sources: Collection[Source],
        filters: Filters,
        everywhere: DayEverywhere,
    ) -> Mapping[Source, int]:
        """How many rows each source has, those of each team up to one more than MAX_COUNTED."""
        ...

    def most_urgent(
        self,
        teams: Sequence[BoardTeam],
        sources: Collection[Source],
        filters: Filters,
        everywhere: DayEverywhere,
        limit: int,
    ) -> Sequence[BoardRow]:
        """The rows of these sources, among them the first `limit` of each.

        The most urgent come first, and those without a day or a rating last.
        """
        ...


class DueWork(BaseModel, frozen=True):
    """Things whose moment has come, or which were changed since the clock last looked at them."""

    items: tuple[ActionItem, ...] = ()
    retros: tuple[Retro, ...] = ()
    recoveries: tuple[Recovery, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    teams: tuple[Team, ...] = ()


class Scheduler(Protocol):
    """What the clock looks at, and when. Whatever is added or saved comes up at once."""

    def due(self, by: datetime, limit: int) -> DueWork:
        """At most `limit` of each kind, held until the transaction ends; others' are left out."""
        ...

    def reschedule(self, until: Sequence[tuple[Subject | Team, datetime | None]]) -> None:
        """Looks at them again at these moments; None: not before they are changed."""
        ...

    def run_now(self, *, channel_id: str | None = None, owner: str | None = None) -> None:
        """Looks soon at all that is open in a channel, or at what an owner has to do: see `stir`."""
        ...

    def stir(self, limit: int) -> bool:
        """Goes on with what is to be brought up, `limit` things of it; False when nothing is."""
        ...


class ReadPreferences(Protocol):
    """How people want to be reminded, as far as they said."""

    def get(self, person_id: str, /) -> NotificationPreferences | None: ...
    def among(self, persons: Collection[str], /) -> Mapping[str, NotificationPreferences]: ...


class PreferencesOfPeople(ReadPreferences, Protocol):
    """The same, and what changes them."""

    def save(self, preferences: NotificationPreferences) -> None: ...


class ReadReminders(Protocol):
    """Which reminders were due, and what came of them."""

    def of(self, abouts: Collection[str]) -> Sequence[SentReminder]:
        """About these things ("AI-12", "C-7"), in the order of their days."""
        ...

    def in_message(self, key: str) -> Sequence[SentReminder]:
        """Those that one message says."""
        ...

    def in_messages(self, keys: Collection[str]) -> Sequence[SentReminder]:
        """Those that several messages say; an index carries it."""
        ...


class Reminders(ReadReminders, Protocol):
    """The same, and what changes them."""

    def add(self, sent_reminders: Sequence[SentReminder]) -> None:
        """Keeps new ones; those that are known stay as they are."""
        ...

    def resolve(self, sent_reminders: Sequence[SentReminder]) -> None:
        """Stores their outcomes."""
        ...

    def carry(self, sent_reminders: Sequence[SentReminder]) -> None:
        """Stores which message says them now."""
        ...


class Jobs(Protocol):
    """What the bot owes, as commands see it: saved with the change that causes it."""

    def schedule(self, job: Job) -> None:
        """Saves what the bot owes, in this transaction; see Job for what a repeat does."""
        ...

    def owed(self, keys: Collection[str]) -> Set[str]:
        """Those of these keys whose message waits to be said, or is being said at this moment."""
        ...

    def retry_dead(self, channel_id: str) -> int:
        """Gives what was given up in this channel another try; returns how many messages.

        `note.account` of a connection stands for all of its tickets.
        """
        ...


class ReadSentMessages(Protocol):
    """What was said where: message keys and the platform's ids for them."""

    def get(self, key: str) -> MessageRef | None: ...
    def among(self, keys: Collection[str]) -> Mapping[str, MessageRef]: ...
    def starting(self, prefix: str, channel_id: str | None = None) -> Sequence[str]:
        """The keys that begin with this, in order; looks through a channel's, or else through all."""
        ...

    def of_earlier(self, channel_id: str) -> Sequence[str]:
        """The keys of what a channel's threads were told of earlier cases; an index carries it."""
        ...

    def key_of(self, channel_id: str, message: str) -> str | None:
        """The key of a message that the platform names, e.g. "retro:7"; None when it is not ours."""
        ...


class SentMessages(ReadSentMessages, Protocol):
    """The same, and what changes them."""

    def keep(self, key: str, message_ref: MessageRef) -> None: ...
    def doubt(self, key: str) -> None:
        """It may have been deleted unnoticed: the next time it is edited, even if nothing is new."""
        ...

    def forget(self, channel_id: str, message: str) -> None:
        """Somebody deleted this message: what is said again is posted anew. Others are left alone."""
        ...


class ReadSignIns(Protocol):
    """What lets browsers in, by the hashes of their secrets."""

    def get(self, digest: str, /) -> SignIn | None: ...


class SignIns(ReadSignIns, Protocol):
    """The same, and what changes them."""

    def add(self, sign_in: SignIn, at: datetime) -> None:
        """Stores it; those that ended before `at` go."""
        ...

    def take(self, digest: str) -> bool:
        """Removes it; False when somebody did so first, so that it is used once only."""
        ...

    def prolong(self, digest: str, until: datetime) -> None:
        """It ends later; one that ended meanwhile does not come back."""
        ...


class Requests(Protocol):
    """Which requests were handled."""

    def first_time(self, key: str, *, forever: bool = False) -> bool:
        """Remembers the key; False when it is known, so that a repeat changes nothing.

        Platforms repeat within a day; a person repeats an import after a year: `forever`.
        """
        ...


class Post(BaseModel, frozen=True):
    """A message of the web workspace, which has no platform to keep its messages for it.

    Exactly one of `message` (ours) and `text` (a person's) is there. `channel` is a channel's id, or a
    person's for their direct messages. `thread` is the root post's id. `id` counts upward.
    """

    id: int = 0
    channel_id: str
    thread: int | None = None
    author: str | None = None
    message: Message | None = None
    text: str = ""
    key: str | None = None
    posted_at: datetime
    edited_at: datetime | None = None


class ReadSearch(Protocol):
    """What people look for by its words: see `bot/domain/search.py`."""

    def find(self, asked: Asked, channel_ids: Collection[str], limit: int) -> Sequence[int]:
        """The numbers of the cases in these channels that match, best first; an index carries it.

        Of what matches the newest two thousand are ranked. Cancelled cases are not found, and whoever
        wrote something neither.
        """
        ...


class Search(ReadSearch, Protocol):
    """The same, and what keeps it true; whatever is saved comes into the index with it."""

    def wipe(self) -> None:
        """Of what this transaction takes out of the index, no trace stays in the file either.

        Takes a second for a hundred thousand cases.
        """
        ...


class ReadPosts(Protocol):
    """The web workspace's own messages."""

    def get(self, post: int) -> Post | None: ...
    def roots(self, channel_id: str, limit: int, before: int | None = None) -> Sequence[Post]:
        """The newest `limit` outside threads (older than `before`), oldest first."""
        ...

    def thread(self, root: int, limit: int | None = None, before: int | None = None) -> Sequence[Post]:
        """The replies, oldest first, without the root; or the newest `limit` (older than `before`)."""
        ...

    def newest(self) -> Mapping[str, int]:
        """The newest one's id outside threads, of every shared channel that has any."""
        ...

    def replies(self, roots: Collection[int]) -> Mapping[int, int]:
        """How many replies each root has; roots without any are left out."""
        ...

    def by_key(self, key: str) -> Post | None: ...


class Posts(ReadPosts, Protocol):
    """The same, and what changes them."""

    def add(self, post: Post) -> Post:
        """Stores it and returns it with its id; with a known `key`, returns the one that is there."""
        ...

    def save(self, post: Post) -> None: ...
    def drop(self, post: int) -> None:
        """It was deleted; one that is not there is fine."""
        ...
