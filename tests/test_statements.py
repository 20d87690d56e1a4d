"""How many statements the commonest commands cost: on a server each is a journey there and back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from sqlalchemy import event

from storage.database import Database
from tests.desk import ANA, BEN, Desk

ENDS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
"""What begins and ends a transaction, which those that wait together share."""


class Asked(NamedTuple):
    """A command as it is asked in #support, and how many statements it may cost."""

    verb: str
    statements: int
    about: str = ""
    values: Mapping[str, str] | None = None
    typed: str = ""


COMMONEST = (
    Asked("case.fail", 12, typed="ZD-1 Parcel lost"),
    Asked("retro.answer", 2, "C-1"),
    Asked("retro.answer", 9, "C-1", {"training": "Maps of the city"}),
    Asked("action_item.add", 11, "C-1", {"what": "Maps of the city"}),
    Asked("action_item.take", 12, "AI-1"),
    Asked("action_item.done", 12, "AI-2", {"changed": "Printed."}),
    Asked("action_item.verify", 12, "AI-3", {"saw": "They hang there."}),
    Asked("retro.close", 14, "C-1", {"outcome": "fixes agreed"}),
    Asked("action_item.mine", 3),
    Asked("board.status", 10),
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
    ran[:] = [words for words in ran if not words.startswith((*ENDS, "--"))]


@pytest.mark.parametrize("asked", COMMONEST, ids=lambda asked: asked.verb)
async def test_the_commonest_commands_cost_few_statements(sqlite: Database, asked: Asked) -> None:
    desk = Desk(sqlite)
    await desk.fail(BEN)
    for number in (1, 2, 3):
        await desk.add_item(BEN)
        if number > 1:
            assert not (await desk.ask(ANA, "action_item.take", f"AI-{number}")).refused
    assert not (await desk.ask(ANA, "action_item.done", "AI-3", {"changed": "Printed."})).faults
    with counted(sqlite) as ran:
        person = BEN if asked.verb == "action_item.verify" else ANA  # somebody else than who did it
        reply = await desk.ask(
            person, asked.verb, asked.about, asked.values, typed=asked.typed, here="C1"
        )
    assert not reply.refused
    assert not reply.faults
    assert len(ran) == asked.statements, "\n".join(ran)
