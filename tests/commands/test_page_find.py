"""The page of what was found: what `find` finds, for whoever may see it, and for nobody else."""

import re

import pytest

from bot.access import NO_ANSWER_NOW
from bot.command import Reply, Request
from bot.commands.page import NO_TEAM
from bot.domain.person import Person
from bot.messages.page import Cell, Grid, Page
from bot.messages.page_file import as_json, written
from bot.messages.parts import Bold, plain_words
from bot.messages.search_page import HOW_HERE
from tests.commands.test_search import DIRECT, desk, find
from tests.desk import ANA, BEN, CLEO, Desk, words

__all__ = ["desk"]
SECRETS = ("Invoice", "sales", "C2")


async def look(desk: Desk, person: Person = BEN, **address: str) -> Reply:
    """What somebody's browser gets at an address of the page."""
    return await desk.bot.show(
        Request(
            workspace=desk.workspace,
            command_name="page.find",
            person=person,
            at=desk.at,
            values=address,
        )
    )


async def seen(desk: Desk, looked_for: str, person: Person = BEN, **address: str) -> Page:
    reply = await look(desk, person, q=looked_for, **address)
    assert reply.page is not None, reply
    return reply.page


def rows(page: Page) -> list[tuple[Cell, ...]]:
    """The rows of its tables."""
    grids = [part for one in page.sections for part in one.parts if isinstance(part, Grid)]
    return [row for grid in grids for row in grid.rows]


def numbers(text: str) -> list[str]:
    return re.findall(r"\bC-\d+", text)


@pytest.mark.parametrize("looked_for", ["courier", "maps", "snow", "invoice snow", "zzz", "cour", "c"])
async def test_the_page_finds_what_find_finds_in_its_order(desk: Desk, looked_for: str) -> None:
    told = words(await find(desk, looked_for, channel=DIRECT))
    page = await seen(desk, looked_for)
    assert [written(row[3].words) for row in rows(page)] == numbers(told)
    assert told.splitlines()[0].removeprefix("Find").strip() in str(page)


async def test_words_are_bold_and_each_row_leads_to_where_they_stand(desk: Desk) -> None:
    [row] = rows(await seen(desk, "snow"))
    assert row[0].to == "cases/C-1"
    assert (written(row[1].words), row[1].to) == ("In the customer's words", "cases/C-1/customer")
    assert Bold(text="snow") in row[2].words
    assert plain_words(row[2].words) == "We waited in the snow for nothing"
    [row] = rows(await seen(desk, "print"))
    assert (written(row[1].words), row[1].to) == ("AI-1", "items/AI-1")
    [row] = rows(await seen(desk, "whisper"))
    assert (written(row[1].words), row[1].to) == ("Answer · Training", "cases/C-1")
    assert CLEO.name not in str(row)


@pytest.mark.parametrize(
    ("named", "to"), [("C-1", "cases/C-1"), ("AI-1", "items/AI-1"), ("zd-4712", "cases/C-2")]
)
async def test_a_number_or_a_reference_leads_to_that_thing(desk: Desk, named: str, to: str) -> None:
    assert (await seen(desk, named)).leads_to == to


async def test_an_outsiders_words_are_never_found(desk: Desk) -> None:
    for looked_for in ("courier", "invoice", "ZD-4712", "C-2"):
        page = await seen(desk, looked_for, CLEO)
        told = as_json(page)
        assert not [secret for secret in SECRETS if secret in told.replace(f"“{looked_for}”", "")]
    assert as_json(await seen(desk, "C-2", CLEO)).replace("C-2", "") == as_json(
        await seen(desk, "C-9", CLEO)
    ).replace("C-9", "")
    assert await look(desk, CLEO, q="invoice", team="C2") == await look(
        desk, CLEO, q="invoice", team="C99"
    )
    assert (await look(desk, CLEO, q="invoice", team="C2")).page is None
    assert rows(await seen(desk, "courier", BEN, team="C2"))[0][0].to == "cases/C-2"
    desk.memberships.channels[CLEO.id] = set()
    nowhere = await seen(desk, "courier", CLEO)
    assert (written(nowhere.where), nowhere.sections) == (NO_TEAM, ())
    desk.memberships.silent = True
    silent = await look(desk, BEN, q="courier")
    assert silent.page is None
    assert NO_ANSWER_NOW in words(silent)


async def test_what_another_workspace_said_is_never_found(desk: Desk) -> None:
    other = Desk(desk.database, "test:2")
    await other.fail(ANA, "ZD-1 Meadow flooded")
    assert rows(await seen(desk, "meadow")) == []
    assert rows(await seen(desk, "ZD-1")) == []
    assert rows(await seen(other, "courier")) == []
    assert len(rows(await seen(other, "meadow"))) == 1


@pytest.mark.parametrize("looked_for", ["", "  ", "?!"])
async def test_without_words_it_is_said_how_to_ask(desk: Desk, looked_for: str) -> None:
    assert HOW_HERE in str(await seen(desk, looked_for))


async def test_all_that_was_found_is_there_part_by_part(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.page.FOUND", 5)
    for number in range(12):
        await desk.ask(ANA, "case.fail", typed=f"X{number} Meadow{number} flooded", bulk=True)
    found: list[str] = []
    later = ""
    for _ in range(3):
        page = await seen(desk, "flooded", after=later)
        assert "12 cases" in written(page.where)
        found += [row[0].to for row in rows(page)]
        assert page.listing is not None
        later = page.listing.later
    assert len(set(found)) == len(found) == 12
    assert later == ""
    assert "There is nothing more." in str(await seen(desk, "flooded", after="9"))
    assert [*(await look(desk, q="flooded", after="x")).faults] == ["after"]
