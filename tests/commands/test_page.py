"""What pages show, asked of the bot as a browser's adapter does: in a fixed number of statements."""

from collections.abc import Mapping
from datetime import date

import pytest

from bot.access import NO_ANSWER_NOW
from bot.command import Reply, Request
from bot.commands.page import NO_TEAM
from bot.domain.days_off import DaysOff, Span
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.messages.page import Grid, Page
from bot.messages.page_file import as_markdown, written
from bot.messages.parts import Day, Status
from bot.ports import UnitOfWork
from bot.routes import COMMANDS, PAGES
from storage.database import Database
from tests.desk import ANA, BEN, CLEO, Desk, words
from tests.test_statements import counted

ASKED: Mapping[str, tuple[str, int]] = {
    "page.board": ("", 16),
    "page.cases": ("", 14),
    "page.case": ("C-1", 17),
    "page.customer": ("C-1", 19),
    "page.item": ("AI-1", 13),
    "page.find": ("", 17),
    "page.trends": ("", 12),
    "page.settings": ("", 11),
}
"""Every page, what it is about, and how many statements it may cost."""


async def show(desk: Desk, name: str, about: str = "", by: Person = ANA, **values: str) -> Reply:
    """What a browser of somebody's gets."""
    return await desk.bot.show(
        Request(
            workspace=desk.workspace,
            command_name=name,
            person=by,
            at=desk.at,
            about=about,
            values=None if about else values,
        )
    )


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_costs_as_many_statements_however_much_is_there(
    sqlite: Database, name: str
) -> None:
    desk, (about, most) = Desk(sqlite), ASKED[name]
    costs = []
    for cases in (1, 9):
        for number in range(cases):
            label = await desk.fail(BEN, typed=f"ZD-{cases}{number} Parcel {number} of {cases} was lost")
            await desk.add_item(BEN, label, gap="training", owner=ANA.id)
            await desk.add_item(BEN, label)
        desk.say_all()
        with counted(sqlite) as ran:
            assert (await show(desk, name, about, q="parcel")).page is not None
        costs.append(len(ran))
    assert costs[0] == costs[1] <= most


async def test_no_button_asks_for_a_page() -> None:
    assert not PAGES.keys() & COMMANDS.keys()


async def test_whoever_is_in_no_channel_sees_an_empty_page_and_nothing_of_others(
    sqlite: Database,
) -> None:
    desk = Desk(sqlite)
    await desk.fail(BEN)
    desk.memberships.channels[ANA.id] = set()
    for name, (about, _) in ASKED.items():
        reply = await show(desk, name, about)
        if about:
            assert reply.page is None
            assert "I can't find" in words(reply)
        else:
            assert reply.page is not None
            assert written(reply.page.where) == NO_TEAM
            own = ["When you are reminded"] if name == "page.settings" else []
            assert [section.heading for section in reply.page.sections] == own
    desk.memberships.silent = True
    for name, (about, _) in ASKED.items():
        reply = await show(desk, name, about)
        assert reply.page is None
        assert NO_ANSWER_NOW in words(reply)


async def test_an_owner_sees_the_page_of_their_item_from_outside_its_channel(sqlite: Database) -> None:
    desk = Desk(sqlite)
    await desk.fail(BEN)
    await desk.add_item(BEN, owner=ANA.id)
    await desk.add_item(BEN)
    desk.memberships.channels[ANA.id] = set()
    assert (await show(desk, "page.item", "AI-1")).page is not None
    assert (await show(desk, "page.item", "AI-2")).page is None
    assert (await show(desk, "page.case", "C-1")).page is None


async def test_an_items_page_says_who_edited_it_and_not_what_it_said_before(sqlite: Database) -> None:
    desk = Desk(sqlite)
    await desk.fail(BEN)
    await desk.add_item(BEN, what="Show the nots", owner=BEN.id)
    edited = await desk.ask(BEN, "action_item.edit", "AI-1", {"what": "Show the notes"})
    assert not edited.faults, edited.faults
    page = (await show(desk, "page.item", "AI-1")).page
    assert page is not None
    assert page.title == "Show the notes"
    assert "edited: what" in str(page)
    assert "nots" not in str(page)


async def test_an_unnamed_answer_has_no_name_and_no_moment_on_its_page(sqlite: Database) -> None:
    desk = Desk(sqlite)
    await desk.fail(BEN)
    answer = {"training": "We lacked maps", "unnamed": "yes"}
    assert not (await desk.ask(ANA, "retro.answer", "C-1", answer)).faults
    page = (await show(desk, "page.case", "C-1")).page
    assert page is not None
    [section] = [section for section in page.sections if section.heading == "Answers"]
    assert "We lacked maps" in str(section)
    assert "Training · someone on the team" in str(section)
    assert ANA.name not in str(section)
    assert not [part for part in section.parts if "at=" in repr(part) or isinstance(part, Day)]


async def test_the_page_of_settings_says_a_teams_days_off_and_its_policy(sqlite: Database) -> None:
    desk = Desk(sqlite)
    await desk.fail(ANA)
    before = (await show(desk, "page.settings")).page
    assert before is not None
    assert "**Days off**: none but the weekly ones" in as_markdown(before)

    def settle(work: UnitOfWork) -> None:
        [team] = work.teams.all()
        off = DaysOff(spans=(Span(first=date(2026, 12, 24), last=date(2026, 12, 24)),))
        policy = Policy(lead_verifies=True)
        work.teams.save(team.model_copy(update={"days_off": off, "policy": policy}))

    await sqlite.write(desk.workspace, settle)
    page = (await show(desk, "page.settings")).page
    assert page is not None
    told = as_markdown(page)
    assert "**Days off**: 2026-12-24" in told
    assert "**Who verifies**: the lead" in told


def statuses(page: Page, heading: str) -> list[Status]:
    """The states with their signs in the tables under a heading."""
    cells = (
        cell
        for section in page.sections
        if section.heading.startswith(heading)
        for part in section.parts
        if isinstance(part, Grid)
        for row in part.rows
        for cell in row
    )
    return [word for cell in cells for word in cell.words if isinstance(word, Status)]


async def test_each_state_on_a_page_has_its_sign(sqlite: Database) -> None:
    desk = Desk(sqlite)
    await desk.fail(BEN, typed="Parcel missed in the den")
    await desk.ask(BEN, "recovery.hear", "C-1", {"words": "We waited"})
    found = (await show(desk, "page.find", q="parcel")).page
    cases = (await show(desk, "page.cases")).page
    customer = (await show(desk, "page.customer", "C-1")).page
    assert found is not None
    assert statuses(found, "Cases") == [Status(sign="waiting", text="open")]
    assert cases is not None
    assert statuses(cases, "Failed cases") == [Status(sign="waiting", text="open")] * 2
    await desk.ask(ANA, "case.cancel", "C-1", {"why": "It was a test"})
    cancelled = (await show(desk, "page.cases")).page
    assert cancelled is not None
    assert statuses(cancelled, "Failed cases") == [Status(sign="note", text="cancelled")] * 2
    assert customer is not None
    first, *others = statuses(customer, "Step by step")
    assert first == Status(sign="done", text="done")
    assert others[0] == Status(sign="waiting", text="to do")


async def test_what_is_late_where_its_owner_is_is_late_on_the_page_of_its_case(sqlite: Database) -> None:
    desk = Desk(sqlite)
    await desk.fail(ANA)
    await desk.add_item(ANA, owner=CLEO.id, due="2026-03-05")
    await desk.ask(CLEO, "action_item.accept", "AI-1")
    for hour, state in ((14, "agreed"), (17, "late")):  # midnight in Tokyo is at 15:00
        desk.at = desk.at.replace(hour=hour)
        for name, about in (("page.case", "C-1"), ("page.item", "AI-1")):
            page = (await show(desk, name, about)).page
            assert page is not None
            assert state in as_markdown(page), (name, hour)


async def test_the_page_of_a_case_says_its_kind(sqlite: Database) -> None:
    desk = Desk(sqlite)
    await desk.fail(ANA)

    def be_a_delivery(work: UnitOfWork) -> None:
        work.cases.save(work.cases.require(1).model_copy(update={"kind": "Delivery"}))

    await sqlite.write(desk.workspace, be_a_delivery)
    page = (await show(desk, "page.case", "C-1")).page
    assert page is not None
    assert "**Kind**: Delivery" in as_markdown(page)
