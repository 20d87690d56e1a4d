"""Many cases at once: each row of a table file is a case to mark failed, or to take in quietly."""

import hashlib
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from bot.bot import Bot
from bot.command import Reply, Request
from bot.domain.case import Case
from bot.domain.channel import Channel, channel_label
from bot.domain.errors import Refused
from bot.domain.person import Person
from bot.domain.working_hours import zone_of
from bot.ports import ReadOnlyWork, StorageUnavailable, Transactions
from bot.prompts import PROMPTS, at_opening
from handlers.csv_import.spreadsheet import Broken, Row, Table
from handlers.csv_import.written_date import DayOrder, Settled, parse_moment

MAX_TOLD = 20
"""Rows left out that are told one by one: in a large file all of them can be wrong in the same way."""
MAX_TRIES = 20
"""How often a row is asked for while the storage is busy, which takes up to a second each time."""
MAX_UNASKED = 20
"""Rows that open retros in a chat's channel without anybody having said --open."""
Way = Literal["open", "backlog"]
"""What becomes of a row: its retro opens, or it is taken in quietly."""
Facts = tuple[str, ...]
"""What tells a case of a table from another one."""
NOBODY = Person(id="import", name="Import", bot=True)


@dataclass
class Summary:
    """The counts of an import; the first MAX_TOLD of the `skipped` rows are reported as they happen.

    `made_place` names the channel when it was not there before, `settled` the row that shows how the
    dates are meant when nobody said it. `foretold` is what a rehearsal says would happen.
    """

    opened: int = 0
    taken_in: int = 0
    already: int = 0
    skipped: int = 0
    made_channel: str = ""
    settled: Settled | None = None
    foretold: str = ""

    @property
    def counts(self) -> str:
        """`94 opened, 0 already there, 0 skipped`; before that what was taken in, if anything was."""
        taken_in = f"{self.taken_in} taken in, " if self.taken_in else ""
        return f"{taken_in}{self.opened} opened, {self.already} already there, {self.skipped} skipped"

    @property
    def untold(self) -> int:
        """How many rows were left out without being reported."""
        return max(self.skipped - MAX_TOLD, 0)


async def find_channels(
    name: str, workspaces: Sequence[str], transactions: Transactions, closed: Collection[str]
) -> Sequence[tuple[str, Channel]]:
    """Where the shared place of this id or name is: each workspace that has one, with the channel.

    A channel counts even where nobody has used it yet. Only in the workspaces in `closed` an unused one
    is passed over: a web workspace gets its first place without anybody asking for it.
    """
    matches: list[tuple[str, Channel]] = []
    for workspace in workspaces:
        channel, used = await transactions.read(workspace, lambda work: _channel_and_use(name, work))
        if channel and (used or workspace not in closed):
            matches.append((workspace, channel))
    return matches


def _channel_and_use(name: str, work: ReadOnlyWork) -> tuple[Channel | None, bool]:
    channel = shared_channel(name, work)
    return channel, channel is not None and work.teams.get(channel.id) is not None


def shared_channel(name: str, work: ReadOnlyWork) -> Channel | None:
    """The shared place of this id or name; never somebody's direct messages."""
    channel = work.channels.named(name)
    return channel if channel and channel.kind == "shared" else None


def waiting_in(channel_id: str, zone: str, work: ReadOnlyWork) -> Mapping[Facts, str]:
    """What was taken in and has no retro yet: what names it, by what its row says in this zone."""
    cases = work.cases.without_retro(channel_id, work.cases.count_without_retro(channel_id))
    return {_facts_of(case, zone): str(case.ref) for case in cases if not case.cancelled}


def _facts_of(case: Case, zone: str) -> Facts:
    values = {
        "reference": case.reference or "",
        "what_happened": case.what_happened,
        "customer": case.customer or "",
        "public_post": case.public_post or "",
    }
    if case.happened_at is not None:
        values |= _written(case.happened_at, zone, by_day=case.happened_by_day)
    return _facts(values)


def _facts(values: Mapping[str, str]) -> Facts:
    """What tells a row from another one: its reference, or, without one, all that it says."""
    if reference := values.get("reference"):
        return (reference.casefold(),)
    names = ("what_happened", "customer", "public_post", "date", "time")
    return tuple(values.get(name, "") for name in names)


def messages_in(channel_id: str, work: ReadOnlyWork) -> int:
    """Messages of a retro that an import opens in a channel: itself, and each prompt."""
    team = work.teams.get(channel_id)
    prompts = at_opening(team, None) if team else PROMPTS
    return 1 + sum(bool(prompt.question) for prompt in prompts)


def foretold(summary: Summary, channel: Channel, each: int, pace: float) -> str:
    """What the counted rows mean for the channel, which takes a message every `pace` seconds.

    `each`: messages of a retro.
    """
    name = channel_label(channel.name)
    if summary.taken_in:
        return f"{_counted(summary.taken_in, 'case')} taken in: 1 message in {name}"
    messages = summary.opened * each
    retros = _counted(summary.opened, "retro")
    return f"{retros}: {_counted(messages, 'message')} in {name} {_over(messages * pace)}"


def _over(seconds: float) -> str:
    """`over 7 minutes`, rounded up."""
    if seconds <= 60:
        return "within a minute"
    minutes = math.ceil(seconds / 60)
    return f"over {_counted(minutes, 'minute')}" if minutes < 120 else f"over {minutes // 60} hours"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class Import:
    """Rows on their way into one place, which is in `zone`.

    Dates without an offset are read in `written_in`; "": in `zone` as well.

    `rehearses`: nothing is kept, so what the file itself holds twice has to be known here. `waiting`:
    what an earlier import took in, which is opened now instead of being "already there".
    """

    bot: Bot
    workspace: str
    channel: Channel
    zone: str
    day_order: DayOrder | None
    way: Way = "open"
    written_in: str = ""
    rehearses: bool = False
    waiting: Mapping[Facts, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    async def run(
        self,
        table: Table,
        rows: Iterable[Row | Broken],
        skipped: Callable[[str, str], None],
        progress: Callable[[int], None],
    ) -> Summary:
        """Asks for every row, a short transaction each, so that people can work beside it.

        `rows` are the table's, from whatever was read of it before on. `skipped` is called with the
        place and the reason of the first MAX_TOLD rows left out, `progress` with the bytes read.
        Raises StorageUnavailable when the storage fails: running the same import again goes on there.
        """
        summary = Summary()
        for row in rows:
            progress(table.position)
            place = table.place(row.line)
            reason = row.reason if isinstance(row, Broken) else await self._open(row, place, summary)
            if reason:
                summary.skipped += 1
                if not summary.untold:
                    skipped(place, reason)
        progress(table.position)
        return summary

    async def _open(self, row: Row, place: str, summary: Summary) -> str:
        """Asks the bot, counts what came of it, and returns why the row was skipped, or ""."""
        try:
            values = _form_values(row, self.zone, self.written_in or self.zone, self.day_order)
        except Refused as refused:
            return refused.sentence
        request = Request(
            workspace=self.workspace,
            command_name="case.fail",
            person=NOBODY,
            channel=self.channel,
            at=datetime.now(UTC),
            values=values,
            key=self._key(row),
            bulk=True,
            quiet=self.way == "backlog",
        )
        if self.rehearses and self._again(request.key, values.get("reference", "")):
            summary.already += 1
            return ""
        reply = await self._asked(request, place)
        if reply.already and (taken_in := self.waiting.get(_facts(values))):
            # The row was remembered when it was taken in: now it is to be opened.
            about = {"command_name": "case.open", "about": taken_in, "values": None, "key": None}
            reply = await self._asked(request.model_copy(update=about), place)
        if reply.faults:
            return " ".join(reply.faults.values())
        if reply.already:
            summary.already += 1
        elif self.way == "backlog":
            summary.taken_in += 1
        else:
            summary.opened += 1
        return ""

    async def _asked(self, request: Request, place: str) -> Reply:
        for _ in range(MAX_TRIES):
            reply = await self.bot.answer(request)
            if reply.saved:
                return reply
        raise StorageUnavailable(f"The import stopped at {place}; run it again to go on there.")

    def _again(self, key: str | None, reference: str) -> bool:
        """Whether the file held this row, or another one with its reference, before."""
        names = {key or "", *([f"reference {reference.casefold()}"] if reference else ())}
        known = bool(names & self._seen)
        self._seen.update(names)
        return known

    def _key(self, row: Row) -> str:
        """The same for the same row of the same channel, so that running an import twice is safe."""
        values = (f"{name}={row.values[name]}" for name in sorted(row.values))
        joined = "\0".join((self.workspace, self.channel.id, *values))
        return "import:" + hashlib.sha256(joined.encode()).hexdigest()


def _form_values(row: Row, zone: str, written_in: str, day_order: DayOrder | None) -> Mapping[str, str]:
    """The row as if somebody in `zone` had filled in the form, its times being those of `written_in`."""
    values = {name: value for name, value in row.values.items() if name != "happened_at"}
    written = row.values.get("happened_at", "")
    if written:
        at, by_day = parse_moment(written, written_in, day_order)
        values |= _written(at, written_in if by_day else zone, by_day=by_day)
    return values


def _written(at: datetime, zone: str, *, by_day: bool) -> Mapping[str, str]:
    local = at.astimezone(zone_of(zone))
    day = {"date": local.date().isoformat()}
    return day if by_day else {**day, "time": local.time().isoformat()}
