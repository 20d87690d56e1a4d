"""How many statements the commonest commands and messages cost: on a server each is a journey."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import event

from bot.command import Request
from bot.domain.channel import Channel
from handlers.worker import Worker
from storage.database import Database
from tests.desk import ANA, BEN, Desk
from tests.domain.test_proposal import a_proposal
from tests.handlers.test_worker import Platform
from tests.session import open_work

ENDS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
"""What begins and ends a transaction, which those that wait together share."""


class Asked(NamedTuple):
    """A command as it is asked in #support, and how many statements it may cost."""

    command_name: str
    statements: int
    about: str = ""
    values: Mapping[str, str] | None = None
    typed: str = ""


# Whoever writes words pays eight to eleven for the index of words: the marks before and after, the lock,
# what is searched of the case, and the index itself; whoever writes none pays the two looks for marks.
COMMONEST = (
    Asked("case.fail", 20, typed="ZD-1 Parcel lost"),
    Asked("retro.answer", 2, "C-1"),
    Asked("retro.answer", 19, "C-1", {"training": "Maps of the city"}),
    Asked("action_item.add", 21, "C-1", {"what": "Maps of the city"}),
    Asked("action_item.take", 21, "AI-1"),
    Asked("action_item.done", 24, "AI-2", {"changed": "Printed."}),
    Asked("action_item.verify", 24, "AI-3", {"saw": "They hang there."}),
    Asked("retro.close", 15, "C-1", {"outcome": "fixes agreed"}),
    Asked("action_item.mine", 3),
    Asked("board.status", 10),
    Asked("team.home", 12),
    Asked("trends.show", 4),
)


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """Every statement that SQLite runs meanwhile, but for the ends of transactions."""
    ran: list[str] = []

    def listen(connection: Any, *_: Any) -> None:
        connection.set_trace_callback(ran.append)

    engines = (database._engines.writers, database._engines.readers)
    for engine in engines:
        event.listen(engine, "checkout", listen)
    yield ran
    for engine in engines:
        event.remove(engine, "checkout", listen)
    # What a trigger does shows as the statement that set it off, and full text keeps its own tables.
    once = [words for words, _ in groupby(ran)]
    ran[:] = [
        words for words in once if not words.startswith((*ENDS, "--")) and "'search_words_" not in words
    ]


@pytest.mark.parametrize("asked", COMMONEST, ids=lambda asked: asked.command_name)
async def test_the_commonest_commands_cost_few_statements(sqlite: Database, asked: Asked) -> None:
    desk = Desk(sqlite)
    await desk.fail(BEN)
    for number in (1, 2, 3):
        await desk.add_item(BEN)
        if number > 1:
            assert not (await desk.ask(ANA, "action_item.take", f"AI-{number}")).refused
    assert not (await desk.ask(ANA, "action_item.done", "AI-3", {"changed": "Printed."})).faults
    with counted(sqlite) as ran:
        person = (
            BEN if asked.command_name == "action_item.verify" else ANA
        )  # somebody else than who did it
        reply = await desk.ask(
            person, asked.command_name, asked.about, asked.values, typed=asked.typed, here="C1"
        )
    assert not reply.refused
    assert not reply.faults
    assert len(ran) == asked.statements, "\n".join(ran)


class Look(NamedTuple):
    """What a lead of several teams asks in a direct chat, or opens as a page, and its statements."""

    command_name: str
    statements: int
    typed: str = ""
    values: Mapping[str, str] | None = None
    about: str = ""


LOOKS = (
    Look("board.status", 15),
    Look("board.status", 8, "late"),
    Look("board.status", 14, "mine"),
    Look("board.status", 14, "gap:training since:2w"),
    Look("board.status", 15, "owner:Ana"),
    Look("team.home", 18),
    Look("search.find", 16, "lost"),
    Look("trends.show", 10),
    Look("page.board", 15, values={}),
    Look("page.board", 8, values={"show": "unowned"}),
    Look("page.board", 15, values={"owner": "Ana", "gap": "training"}),
    Look("page.cases", 12, values={}),
    Look("page.cases", 12, values={"gap": "training"}),
    Look("page.find", 16, values={"q": "lost"}),
    Look("page.trends", 10, values={}),
    Look("page.settings", 9, values={}),
    Look("page.case", 14, about="C-1"),
    Look("page.customer", 16, about="C-1"),
    Look("page.item", 10, about="AI-1"),
)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.command_name} {look.typed}")
async def test_what_a_lead_sees_costs_as_many_statements_of_two_teams_as_of_five(
    sqlite: Database, look: Look
) -> None:
    desk = Desk(sqlite)
    costs = {}
    for teams, added in ((2, range(2)), (5, range(2, 5))):
        for number in added:
            channel = Channel(id=f"C{number + 1}", name=f"team {number}")
            here: dict[str, Any] = {"channel": channel, "here": channel.id}
            for case_number in (2 * number + 1, 2 * number + 2):
                typed = f"ZD-{case_number} Parcel lost"
                assert not (await desk.ask(ANA, "case.fail", typed=typed, **here)).refused
                item = {"what": "Show the maps", "gap": "training", "owner": ANA.id}
                added_item = await desk.ask(ANA, "action_item.add", f"C-{case_number}", item, **here)
                assert not added_item.faults
            with open_work(desk.database, desk.workspace, writes=True) as work:
                work.proposals.add(a_proposal(channel_id=channel.id, reference=f"HD-{number}"))
                work.commit()
        request = Request(
            workspace=desk.workspace,
            command_name=look.command_name,
            person=ANA,
            at=desk.at,
            typed=look.typed,
            values=look.values,
            about=look.about,
        )
        ask = desk.bot.show if look.command_name.startswith("page.") else desk.bot.answer
        await ask(request)  # full text reads its settings at its first use
        with counted(sqlite) as ran:
            reply = await ask(request)
        assert not reply.refused
        assert not reply.faults
        costs[teams] = len(ran)
    assert costs == dict.fromkeys((2, 5), look.statements), "\n".join(ran)


PLACES, ROUNDS = 12, 3
ALONE, AMONG_MANY = 28, 22
"""Statements for the first message of a retro, its own prompts, and the looks for tickets and earlier
cases, which saves a whole message where there are none: by itself, and of PLACES each.

Of many, those that wait for the database at the same moment share a transaction: how many do is the
machine's business, so the best of ROUNDS counts."""


@pytest.mark.parametrize(("channels", "limit"), [(1, ALONE), (PLACES, AMONG_MANY)])
async def test_a_message_costs_the_worker_few_statements_and_fewer_among_many(
    tmp_path: Path, channels: int, limit: int
) -> None:
    for number in range(ROUNDS):
        database = Database(f"sqlite:///{tmp_path / str(number)}.db")
        database.prepare()
        with closing(database):
            ran = await _ran_for_a_message_each(database, channels)
        if len(ran) / channels <= limit:
            break
    assert len(ran) / channels <= limit, "\n".join(ran)


async def _ran_for_a_message_each(database: Database, channels: int) -> list[str]:
    """What the worker runs to say the first message of a retro in each of so many channels."""
    desk, platform = Desk(database), Platform()
    for number in range(channels):
        channel = Channel(id=f"C{number}", name=f"team {number}")
        await desk.ask(ANA, "case.fail", typed=f"ZD-{number} Lost", channel=channel, here=channel.id)
    worker = Worker(desk.bot, database, {"test": platform}, desk.woken)
    with counted(database) as ran:
        await worker._claim(by=None)
        await asyncio.gather(*worker._speaking)
    assert len(platform.keys) == channels
    return ran
