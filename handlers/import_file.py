"""Many cases at once: each row of a table file asks the bot to mark one case failed."""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from bot.bot import Bot
from bot.domain.errors import Refused
from bot.ports import Transactions, Unavailable, UnitOfWork
from bot.request import Person, Place, Request
from handlers.spreadsheet import Broken, Row, Table
from handlers.written_date import DayOrder, Settled, parse_moment

MOST_TOLD = 20
"""Rows left out that are told one by one: in a large file all of them can be wrong in the same way."""
MOST_TRIES = 20
"""How often a row is asked for while the memory is busy, which takes up to a second each time."""
NOBODY = Person(id="import", name="Import", bot=True)


@dataclass
class Summary:
    """What an import came to; the first MOST_TOLD of the `skipped` are told as they happen.

    `made_place` names the place when it was not there before, `settled` the row that shows how the
    dates are meant when nobody said it.
    """

    opened: int = 0
    already: int = 0
    skipped: int = 0
    made_place: str = ""
    settled: Settled | None = None

    @property
    def untold(self) -> int:
        """How many rows were left out of which nothing was told."""
        return max(self.skipped - MOST_TOLD, 0)


async def find_places(
    name: str, workspaces: Sequence[str], transactions: Transactions, closed: Collection[str]
) -> Sequence[tuple[str, Place]]:
    """Where the shared place of this id or name is: each workspace that has one, with the place.

    A place that is there is the place, whether or not anybody used it. Only in workspaces that are
    `closed` now an unused one is not meant: the first place of a web workspace is made unasked.
    """
    found: list[tuple[str, Place]] = []
    for workspace in workspaces:
        place, used = await transactions.read(workspace, partial(_place_and_use, name))
        if place and (used or workspace not in closed):
            found.append((workspace, place))
    return found


def _place_and_use(name: str, work: UnitOfWork) -> tuple[Place | None, bool]:
    place = shared_place(name, work)
    return place, place is not None and work.teams.get(place.id) is not None


def shared_place(name: str, work: UnitOfWork) -> Place | None:
    """The place of this id or name where people talk; somebody's direct messages are none."""
    place = work.places.named(name)
    return place if place and place.kind == "shared" else None


@dataclass(frozen=True)
class Import:
    """Rows on their way into one place. Dates without an offset are read in `zone`."""

    bot: Bot
    workspace: str
    place: Place
    zone: str
    day_order: DayOrder | None

    async def run(
        self, table: Table, skipped: Callable[[int, str], None], progress: Callable[[int], None]
    ) -> Summary:
        """Opens a retro for every row, a short transaction each, so that people can work beside it.

        `skipped` hears the line and the reason of the first MOST_TOLD rows that were left out,
        `progress` the bytes read. Raises Unavailable when the memory fails: running the same import
        again goes on there.
        """
        summary = Summary()
        for row in table:
            progress(table.position)
            reason = row.reason if isinstance(row, Broken) else await self._open(row, summary)
            if reason:
                summary.skipped += 1
                if not summary.untold:
                    skipped(row.line, reason)
        progress(table.position)
        return summary

    async def _open(self, row: Row, summary: Summary) -> str:
        """Asks the bot, counts what came of it, and returns why the row was skipped, or ""."""
        try:
            values = _form_values(row, self.zone, self.day_order)
        except Refused as refused:
            return refused.sentence
        request = Request(
            workspace=self.workspace,
            verb="case.fail",
            person=NOBODY,
            place=self.place,
            at=datetime.now(UTC),
            values=values,
            key=self._key(row),
            bulk=True,
        )
        for _ in range(MOST_TRIES):
            reply = await self.bot.answer(request)
            if reply.saved:
                break
        else:
            raise Unavailable(f"The import stopped at line {row.line}; run it again to go on there.")
        if reply.faults:
            return " ".join(reply.faults.values())
        if reply.already:
            summary.already += 1
        else:
            summary.opened += 1
        return ""

    def _key(self, row: Row) -> str:
        """The same for the same row of the same place, so that running an import twice is safe."""
        values = (f"{name}={row.values[name]}" for name in sorted(row.values))
        told = "\0".join((self.workspace, self.place.id, *values))
        return "import:" + hashlib.sha256(told.encode()).hexdigest()


def _form_values(row: Row, zone: str, day_order: DayOrder | None) -> Mapping[str, str]:
    """The row as if somebody had filled in the form."""
    values = {name: value for name, value in row.values.items() if name != "happened_at"}
    written = row.values.get("happened_at", "")
    if written:
        at, by_day = parse_moment(written, zone, day_order)
        local = at.astimezone(ZoneInfo(zone))
        values["date"] = local.date().isoformat()
        if not by_day:
            values["time"] = local.time().isoformat()
    return values
