"""Many cases at once: each row of a table file asks the bot to mark one case failed."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.bot import Bot
from bot.domain.errors import Refused
from bot.ports import Unavailable
from bot.request import Person, Place, Request
from handlers.spreadsheet import Broken, Row, Table
from handlers.written_date import DayOrder, parse_moment

NOBODY = Person(id="import", name="Import", bot=True)


@dataclass
class Summary:
    """What an import came to; `skipped` is told row by row as it happens, and only counted here.

    `made_place` names the place when it was not there before.
    """

    opened: int = 0
    already: int = 0
    skipped: int = 0
    made_place: str = ""


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

        `skipped` hears the line and the reason of each row that was left out, `progress` the bytes
        read. Raises Unavailable when the memory fails: running the same import again goes on there.
        """
        summary = Summary()
        for row in table:
            progress(table.position)
            reason = row.reason if isinstance(row, Broken) else await self._open(row, summary)
            if reason:
                summary.skipped += 1
                skipped(row.line, reason)
        progress(table.position)
        return summary

    async def _open(self, row: Row, summary: Summary) -> str:
        """Asks the bot, counts what came of it, and returns why the row was skipped, or ""."""
        try:
            values = _form_values(row, self.zone, self.day_order)
        except Refused as refused:
            return refused.sentence
        reply = await self.bot.answer(
            Request(
                workspace=self.workspace,
                verb="case.fail",
                person=NOBODY,
                place=self.place,
                at=datetime.now(UTC),
                values=values,
                key=self._key(row),
                bulk=True,
            )
        )
        if not reply.saved:
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
