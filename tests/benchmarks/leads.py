"""(o) What a lead sees of five teams: in a house of a hundred times as much, and after years of cases.

What a lead sees shall cost by what they lead, not by what is stored. In the little house the lead's five
teams have had 200 cases each, with ten items each, and 95 teams have had none. "The house has grown":
495 other teams have had as many as the lead's five, open and over, and there are five times the people.
"The teams have grown old": there are 100 teams again, and the lead's five have had 2,000 cases each. As
much of theirs is open as before, in both. There are more teams than anybody is asked about in all three:
below that, each team more is one more question to the platform, whatever is stored.

What is asked runs whole, from the request to what is to be drawn, in turns; drawing it and the journey
to whoever reads it cost the same. What is found, and trends, are also beside one statement of bare SQL:
the first cases that the word is in, and the cases and items by gap and month, without the rest of it.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

from sqlalchemy import Connection

from bot.bot import Bot
from bot.command import Reply, Request
from bot.domain.channel import Channel
from bot.domain.person import Person
from storage.database import Database
from storage.search_index import _scope
from tests.benchmarks.company import AT, LED, ZONE, Size, fill, lead_of, place
from tests.benchmarks.figure import Figure, ms
from tests.benchmarks.filled import WORKSPACE
from tests.benchmarks.postgresql import postgresql

SIZES: Mapping[str, Size] = {
    "little": Size(LED, 200, others=95),
    "the house has grown": Size(100 * LED, 200),
    "the teams have grown old": Size(LED, 2_000, others=95),
}
TIMES, WARM_UP = 31, 4
LEAD = Person(id=lead_of(0), name="Person 0", zone=ZONE)
AIM, LOOSE = "<= 1.2", "<= 3"


class Asked(NamedTuple):
    """What a lead asks, as people read it; a page, or else a command, in a direct chat or a channel."""

    what: str
    command_name: str
    typed: str = ""
    values: Mapping[str, str] | None = None
    thing: str = ""
    here: bool = False
    aim: str = AIM

    @property
    def is_page(self) -> bool:
        return self.command_name.startswith("page.")

    def request(self, size: Size) -> Request:
        """The request, in a house of this size."""
        return Request(
            workspace=WORKSPACE,
            command_name=self.command_name,
            person=LEAD,
            channel=Channel(id=place(0), name="team-0") if self.here else None,
            here=place(0) if self.here else None,
            typed=self.typed,
            values=self.values,
            about=_about(self.thing, size),
            at=AT,
        )


def _about(thing: str, size: Size) -> str:
    """The newest case of the lead's first team, and an item of it."""
    newest = 1 + size.teams * (size.cases_per_team - 1)
    return {"case": f"C-{newest}", "item": f"AI-{newest}", "": ""}[thing]


ASKED = (
    Asked("the board", "page.board", values={}),
    Asked("the board, a gap", "page.board", values={"gap": "training"}),
    Asked("the board, mine", "page.board", values={"mine": "yes"}),
    Asked("the list of cases", "page.cases", values={}),
    Asked("home", "team.home"),
    Asked("a case's page", "page.case", thing="case"),
    Asked("a customer's page", "page.customer", thing="case"),
    Asked("an item's page", "page.item", thing="item"),
    Asked("the page of settings", "page.settings", values={}),
    Asked("status in a channel", "board.status", here=True),
    Asked("status of five teams", "board.status"),
    *(
        Asked(f"status {filters}", "board.status", typed=filters)
        for filters in (
            "late",
            "mine",
            "unowned",
            "waiting",
            "customers",
            "gap:training",
            'owner:"Person 7"',
            "since:2w",
            "gap:training since:2w late",
        )
    ),
    Asked("find, a word of every case", "search.find", typed="parcel", aim=LOOSE),
    Asked("find, two words", "search.find", typed="customs invoice", aim=LOOSE),
    Asked("find, a word of no case", "search.find", typed="zeppelin", aim=LOOSE),
    Asked("trends of five teams", "trends.show", aim=LOOSE),
    Asked("the page of trends", "page.trends", values={}, aim=LOOSE),
)


class House(NamedTuple):
    """A database of a size, and the bot that answers from it."""

    size: Size
    database: Database
    bot: Bot

    async def ask(self, asked: Asked) -> Reply:
        """What the lead reads; raises RuntimeError where that is not what was asked for."""
        request = asked.request(self.size)
        reply = await (self.bot.show(request) if asked.is_page else self.bot.answer(request))
        if (
            not reply.saved
            or reply.refused
            or reply.faults
            or (reply.page if asked.is_page else reply.message) is None
        ):
            raise RuntimeError(f"{asked.what}: {reply}")
        return reply


class InFirstTeams:
    """Memberships of the lead, who is in the channels of the teams that they lead."""

    def __init__(self) -> None:
        self._theirs = {place(number) for number in range(LED)}

    async def includes(self, workspace: str, channel_id: str, person: Person, *, unnamed: bool) -> bool:
        return channel_id in self._theirs

    async def check_open(self, workspace: str, channel_id: str) -> None:
        """Everything is open."""

    async def speaks_in(self, workspace: str, channel_id: str) -> bool:
        return True

    async def is_guest(self, workspace: str, person: Person, *, unnamed: bool) -> bool:
        return False

    async def people_in(self, workspace: str, channel_id: str) -> int | None:
        return None


def house(url: str, size: Size) -> House:
    """A bot at work on a database."""
    database = Database(url)
    bot = Bot(database, committed=lambda: None)
    bot.memberships[WORKSPACE.partition(":")[0]] = InFirstTeams()
    return House(size, database, bot)


async def measure(folder: Path) -> list[Figure]:
    """A row for each question, on each database, of each way to grow."""
    figures = []
    with ExitStack() as stack:
        server = stack.enter_context(postgresql())
        for name in ("SQLite", "PostgreSQL"):
            houses = {}
            for number, (grown, size) in enumerate(SIZES.items()):
                file = folder / f"leads-{number}.db"
                url = f"sqlite:///{file}" if name == "SQLite" else server.made(f"leads_{number}")
                houses[grown] = house(url, size)
                stack.callback(houses[grown].database.close)
                houses[grown].database.migrate()
                fill(houses[grown].database, size)
            for asked in ASKED:
                figures += await rows(name, asked, houses)
            for bare in BARE:
                figures += await beside_bare(name, bare, houses)
    return figures


class Bare(NamedTuple):
    """The question that bare SQL answers as well, and its statement on a file and on a server."""

    what: str
    on_file: str
    on_server: str


LED_CHANNELS = ", ".join(f"'{place(number)}'" for number in range(LED))
COUNTED = f"""
SELECT i.gap, MONTH AS month, count(*), count(DISTINCT c.number) FROM cases c
JOIN retros r ON r.workspace = c.workspace AND r."case" = c.number
JOIN action_items i ON i.workspace = c.workspace AND i."case" = c.number
WHERE c.workspace = '{WORKSPACE}' AND c.place IN ({LED_CHANNELS}) AND c.failed_at >= '2025-10-01'
AND NOT r.cancelled AND i.state <> 'dropped' GROUP BY 1, 2
"""
SCOPES = [_scope(WORKSPACE, place(number)) for number in range(LED)]
FOUND = f"""
SELECT c.number, c.what_happened, c.failed_at FROM (MATCHING) w
JOIN cases c ON c.workspace = '{WORKSPACE}' AND c.number = w.case_number
"""
BARE = (
    Bare(
        "find, a word of every case",
        FOUND.replace(
            "MATCHING",
            "SELECT case_number FROM search_words WHERE search_words MATCH "
            f"'scope : ({' OR '.join(SCOPES)}) AND - scope : parcel' ORDER BY rank LIMIT 5",
        ),
        FOUND.replace(
            "MATCHING",
            "SELECT case_number FROM search_index WHERE words @@ "
            f"'({' | '.join(SCOPES)}) & parcel'::tsquery "
            "ORDER BY ts_rank(words, 'parcel'::tsquery) DESC LIMIT 5",
        ),
    ),
    Bare(
        "trends of five teams",
        COUNTED.replace("MONTH", "substr(c.failed_at, 1, 7)"),
        COUNTED.replace("MONTH", "date_trunc('month', c.failed_at)"),
    ),
)


async def beside_bare(name: str, bare: Bare, houses: Mapping[str, House]) -> list[Figure]:
    """One question in each house, beside bare SQL."""
    asked = next(one for one in ASKED if one.what == bare.what)
    figures = []
    for grown, one in houses.items():
        with one.database.transaction(writes=False) as connection:
            words = bare.on_file if name == "SQLite" else bare.on_server

            async def run(words: str = words, connection: Connection = connection) -> None:
                if not connection.exec_driver_sql(words).all():
                    raise RuntimeError(f"bare SQL finds nothing for {asked.what}")

            seconds = await in_turns({"ours": partial(one.ask, asked), "bare": run})
        ours, floor = median(seconds["ours"]), median(seconds["bare"])
        what = f"o  {name}, {grown}: {asked.what}, against bare SQL"
        figures.append(Figure(what, ms(ours), ms(floor), f"{ours / floor:.1f}"))
    return figures


async def rows(name: str, asked: Asked, houses: Mapping[str, House]) -> list[Figure]:
    """One question, asked of all houses in turns."""
    seconds = await in_turns({grown: partial(house.ask, asked) for grown, house in houses.items()})
    little = seconds["little"]
    figures = []
    for grown in list(houses)[1:]:
        ratio = median(much / few for much, few in zip(seconds[grown], little, strict=True))
        figures.append(
            Figure(
                f"o  {name}, {grown}: {asked.what}",
                ms(median(seconds[grown])),
                ms(median(little)),
                f"{ratio:.2f}",
                asked.aim,
            )
        )
    return figures


async def in_turns(ways: Mapping[str, Callable[[], Awaitable[object]]]) -> Mapping[str, list[float]]:
    """The seconds that each takes, turn by turn; every other turn in the opposite order."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(TIMES + WARM_UP):
        for name in list(ways)[:: 1 if turn % 2 else -1]:
            began = time.perf_counter()
            await ways[name]()
            if turn >= WARM_UP:
                seconds[name].append(time.perf_counter() - began)
    return seconds
