"""The board's page: what status says, with the same filters, counted; all of a group part by part."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from bot.command import Reply, Request
from bot.domain.prompt import Prompt
from bot.messages.page import Page, Section
from bot.messages.page_file import records, written
from bot.messages.parts import plain_words
from bot.prompts import PROMPTS
from tests.commands.test_board import LATER, a_full_team, grouped, item, status
from tests.desk import ANA, BEN, CLEO, Desk
from tests.session import open_work

EVERYTHING: Mapping[str, str] = {}
FILTERS: Sequence[tuple[str, Mapping[str, str]]] = (
    ("", {}),
    ("late", {"late": "yes"}),
    ("unowned", {"unowned": "yes"}),
    ("waiting", {"waiting": "yes"}),
    ("customers", {"customers": "yes"}),
    ("late customers", {"late": "yes", "customers": "yes"}),
    ("mine", {"mine": "yes"}),
    ("owner:me", {"owner": "me"}),
    ("owner:@Ben late", {"owner": "@Ben", "late": "yes"}),
    ("gap:training", {"gap": "training"}),
    ("since:2026-03-05", {"since": "2026-03-05"}),
    ("late waiting", {"late": "yes", "waiting": "yes"}),
    ("team:support", {"team": "C1"}),
)


async def look(desk: Desk, address: Mapping[str, str] = EVERYTHING, at: datetime = LATER) -> Reply:
    """What a browser of Ana's gets at an address of the board."""
    return await desk.bot.show(
        Request(
            workspace=desk.workspace,
            command_name="page.board",
            person=ANA,
            at=at,
            values=address,
        )
    )


async def seen(desk: Desk, address: Mapping[str, str] = EVERYTHING, at: datetime = LATER) -> Page:
    reply = await look(desk, address, at)
    assert reply.page is not None, reply
    return reply.page


def things_of(section: Section) -> list[str]:
    """What its rows are, whatever kind of thing that is."""
    rows = [record for part in section.parts for record in records(part)]
    return [row.get("What happened") or row.get("What will change") or row["text"] for row in rows]


@pytest.mark.parametrize(("typed", "address"), FILTERS, ids=[typed or "all" for typed, _ in FILTERS])
async def test_the_page_has_the_very_groups_and_things_of_status(
    desk: Desk, typed: str, address: Mapping[str, str]
) -> None:
    await a_full_team(desk)
    told = await status(desk, typed, at=LATER)
    page = await seen(desk, address)
    needing = {
        heading: [one.rpartition(":")[0] for one in found] for heading, found in grouped(told).items()
    }
    shown = {
        f"{one.heading} · {written(one.note).split()[0]}": things_of(one)
        for one in page.sections
        if one.note
    }
    ways = ("Retros open", "Agreed and", "Customers on")
    assert {heading: it for heading, it in shown.items() if not heading.startswith(ways)} == needing
    assert told.message is not None
    assert plain_words(page.where).partition(" · ")[0] == told.message.summary.removesuffix(
        "." if needing else ""
    )


async def test_a_group_is_counted_exactly_and_all_of_it_is_there_part_by_part(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.page.ROWS", 9)
    await desk.fail()
    for number in range(23):
        await item(desk, f"Fix {number:02}", gap="tools")
        await item(desk, f"Other {number:02}")
    address = {"gap": "tools", "unowned": "yes"}
    page = await seen(desk, address)
    [section] = [one for one in page.sections if one.heading == "Without an owner"]
    assert written(section.note) == "23 things; the 10 most urgent are here."
    assert section.whole == ("Show all 23", "unowned")
    found: list[str] = []
    later = ""
    for _ in range(3):
        part = await seen(desk, {**address, "show": "unowned", "after": later})
        assert part.title == "Without an owner"
        assert written(part.where) == "23 things"
        assert part.listing is not None
        assert part.listing.first is (later == "")
        found += things_of(part.sections[0])
        later = part.listing.later
    assert found == [f"Fix {number:02}" for number in range(23)]
    assert later == ""
    over = await seen(desk, {**address, "show": "unowned", "after": "7"})
    assert things_of(over.sections[0]) == ["There is nothing more."]


async def test_a_teams_own_gaps_can_be_chosen(desk: Desk) -> None:
    await desk.fail()
    own = Prompt(key="courier", label="Courier", gap="courier notes")
    with open_work(desk.database, desk.workspace, writes=True) as work:
        team = work.teams.get("C1")
        assert team is not None
        work.teams.save(team.model_copy(update={"prompts": (*PROMPTS, own)}))
        work.commit()
    page = await seen(desk)
    assert page.listing is not None
    [gap] = [one for one in page.listing.filters if one.name == "gap"]
    assert "courier notes" in [option.value for option in gap.options]


async def test_of_what_somebody_has_no_part_in_the_board_says_nothing(desk: Desk) -> None:
    await a_full_team(desk)
    desk.memberships.channels[ANA.id] = set()
    nothing = await seen(desk)
    assert nothing.sections == ()
    for address in ({"owner": "Ben"}, {"show": "late"}, {"gap": "training"}, {"late": "yes"}):
        assert await seen(desk, address) == nothing
    theirs, never = await look(desk, {"team": "C1"}), await look(desk, {"team": "C99"})
    assert theirs.page is None
    assert theirs == never


async def test_boards_of_two_workspaces_never_meet(desk: Desk) -> None:
    await a_full_team(desk)
    other = Desk(desk.database, "test:2")
    await other.fail(CLEO, typed="ZD-9 Of the others")
    assert "Parcel" not in str(await seen(other))
    assert "Of the others" not in str(await seen(desk))


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ({"owner": "Nobody at all"}, "owner"),
        ({"owner": "Ben", "mine": "yes"}, ""),
        ({"show": "strange"}, "show"),
        ({"show": "late", "after": "x"}, "after"),
        ({"since": "yesterday"}, "since"),
    ],
)
async def test_what_an_address_cannot_ask_is_one_sentence(
    desk: Desk, address: dict[str, str], field: str
) -> None:
    await desk.fail(BEN)
    desk.meet(BEN)
    reply = await look(desk, address)
    assert reply.page is None
    assert [*reply.faults] == [field]


async def test_before_its_time_nothing_needs_anybody_and_what_is_on_its_way_is_shown(desk: Desk) -> None:
    await desk.fail()
    page = await seen(desk, at=desk.at + timedelta(minutes=1))
    assert "Retros open for answers" in [one.heading for one in page.sections]
