"""Proposed cases that wait stand in status and on the board until somebody opens or waves them off."""

import csv
import io
import json
from datetime import timedelta

import pytest

from bot.access import STRANGE_CHANNEL
from bot.command import Reply
from bot.domain.person import Person
from bot.domain.team import Team
from bot.messages.page_file import as_csv, as_json, as_markdown, written
from bot.messages.parts import Line, Message
from storage.database import Database
from tests.commands.test_board import DIRECT, SALES, button, grouped, press, status, things
from tests.commands.test_page_board import look, seen, things_of
from tests.desk import ANA, AT, BEN, CLEO, SUPPORT, Desk, words
from tests.domain.test_proposal import a_proposal
from tests.jobs.test_proposal import ID, connected, proposal, tell
from tests.session import open_work

GUEST = Person(id="U8", name="Gil")
THEIRS = ("Nobody came", "Maria", "HD-1", "support")


@pytest.fixture
def desk(sqlite: Database) -> Desk:
    """With a connection that lets two a day be told one by one, and gathers the rest."""
    return connected(sqlite)


async def told(desk: Desk, *ratings: int) -> None:
    """A ticket for each of these ratings, numbered from 1."""
    for number, rating in enumerate(ratings, start=1):
        await tell(desk, number, rating=rating)


def of_tickets(*numbers: int) -> list[str]:
    """How these stand in a group."""
    return [f"Nobody came ({number}).: Open the retro" for number in numbers]


def message(reply: Reply) -> Message:
    assert reply.message is not None
    return reply.message


async def test_the_worst_three_stand_there_then_the_oldest_gathered_or_not(desk: Desk) -> None:
    await told(desk, 2, 1, 2, 1)
    assert [proposal(desk, number).gathered for number in (1, 2, 3, 4)] == [False, False, True, True]
    reply = await status(desk)
    assert grouped(reply) == {"Proposed cases · 4": of_tickets(2, 4, 1)}
    assert message(reply).summary == "4 things need you."
    menus = [part.menu for part in message(reply).parts if isinstance(part, Line) and part.menu]
    assert [[one.label for one in menu] for menu in menus] == [["Not this one"]] * 3
    assert "Rated 1 of 5, very bad · HD-2 · Maria Santos" in words(reply)
    everything = await press(desk, button(reply, "Show all 4"))
    assert things(everything) == of_tickets(2, 4, 1, 3)
    assert words(everything).startswith("Proposed cases\nsupport\n4 things\n")
    # They are everybody's: to whoever is not the lead they need somebody.
    assert message(await status(desk, person=CLEO)).summary == "4 things need somebody."


async def test_what_is_decided_there_is_gone_and_where_none_waits_is_no_trace(desk: Desk) -> None:
    before = await status(desk)
    await told(desk, 1, 2)
    reply = await status(desk, person=BEN)
    opened = await press(desk, button(reply, "Open the retro"), BEN)
    assert "C-1 is marked failed" in words(opened)
    left = await status(desk, person=BEN)
    assert grouped(left)["Proposed cases · 1"] == of_tickets(2)
    assert "Waved off" in words(await press(desk, button(left, "Not this one"), BEN))
    assert [heading for heading in grouped(await status(desk)) if "Proposed" in heading] == []
    assert "roposed" not in words(await status(desk))
    assert words(before).startswith("Status\nsupport\nNothing needs you right now.")
    assert "Proposed cases" not in [one.heading for one in (await seen(desk, at=AT)).sections]


async def test_all_of_them_are_there_page_by_page(desk: Desk) -> None:
    await told(desk, *(2 - number % 2 for number in range(1, 13)))
    wanted = of_tickets(*range(1, 13, 2), *range(2, 13, 2))
    first = await press(desk, button(await status(desk), "Show all 12"))
    assert things(first) == wanted[:10]
    assert "2 more." in words(first)
    last = await press(desk, button(first, "Show more"))
    assert things(last) == wanted[10:]
    # What was decided meanwhile leaves nothing on a page.
    for number in range(1, 13):
        await desk.ask(BEN, "proposal.wave_off", f"P-{number}")
    assert "There is nothing more." in words(await press(desk, button(first, "Show more")))


async def test_what_is_forgotten_or_waved_off_with_its_connection_or_went_away_is_not_there(
    desk: Desk,
) -> None:
    await told(desk, 1, 1, 1)
    await tell(desk, 4, customer="Mr Lee", words="Late again.")
    assert await desk.bot.forget_told(desk.workspace, "Maria Santos", AT)
    assert grouped(await status(desk)) == {"Proposed cases · 1": ["Late again.: Open the retro"]}
    assert "Maria" not in words(await status(desk))
    assert not (await desk.ask(ANA, "connection.remove", f"connection:{ID}", {})).refused
    assert grouped(await status(desk)) == {}
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.proposals.add(a_proposal(state="lapsed"))
        work.commit()
    assert grouped(await status(desk)) == {}


@pytest.mark.parametrize("filters", ["late", "unowned", "customers", "mine", "owner:@Ben", "since:2w"])
async def test_what_has_not_failed_and_is_nobodys_is_left_out_by_filters(
    desk: Desk, filters: str
) -> None:
    desk.meet(BEN)
    await told(desk, 1)
    assert "Nothing is left with these filters." in words(await status(desk, filters))
    assert grouped(await status(desk, "waiting")) == {"Proposed cases · 1": of_tickets(1)}


async def with_sales(desk: Desk) -> None:
    """A second team, of which a helpdesk told something worse, and something as bad."""
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.channels.remember(SALES)
        work.teams.add(Team(channel_id=SALES.id, name=SALES.name, zone="Europe/Stockholm", lead=ANA.id))
        for number, rating in ((8, 1), (9, 2)):
            made = a_proposal(channel_id=SALES.id, connection_id="b" * 40, reference=f"HD-{number}")
            signal = made.signal.model_copy(update={"words": f"Sold ({number}).", "rating": rating})
            work.proposals.add(made.model_copy(update={"signal": signal}))
        work.commit()


async def test_a_lead_of_two_teams_sees_those_of_both_the_worst_first_and_each_team_its_own(
    desk: Desk,
) -> None:
    await told(desk, 2, 1)
    await with_sales(desk)
    both = await status(desk, channel=DIRECT)
    sold, came = "Sold ({}).: Open the retro", of_tickets(1, 2)
    assert grouped(both) == {"Proposed cases · 4": [came[1], sold.format(8), came[0]]}
    assert "Mrs Lopez · sales" in words(both)
    assert grouped(await status(desk)) == {"Proposed cases · 2": [came[1], came[0]]}
    in_sales = await status(desk, channel=SALES, here=SALES.id)
    assert grouped(in_sales) == {"Proposed cases · 2": [sold.format(8), sold.format(9)]}
    page = await seen(desk, at=AT)
    assert [*map(things_of, page.sections)] == [
        ["Nobody came (2).", "Sold (8).", "Nobody came (1).", "Sold (9)."]
    ]
    home = await desk.ask(ANA, "team.home", channel=DIRECT)
    assert "4 things need" in words(home)


@pytest.mark.parametrize("about", ["", "team=C1", "show=proposed", "show=proposed&team=C1"])
async def test_to_whoever_is_not_in_the_channel_none_of_it_exists(desk: Desk, about: str) -> None:
    await told(desk, 1, 1, 1)
    await with_sales(desk)
    pressed = button(await status(desk, person=CLEO), "Not this one")
    desk.memberships.guests.add(GUEST.id)
    for person in (CLEO, GUEST):
        desk.memberships.channels[person.id] = {SALES.id}
        for channel in (SUPPORT, SALES, DIRECT):
            reply = await desk.ask(person, "board.status", about, channel=channel)
            assert not [word for word in THEIRS if word in words(reply)], words(reply)
        assert (await press(desk, pressed, person)).refused
    assert words(await status(desk, person=CLEO)) == STRANGE_CHANNEL
    assert proposal(desk, 1).state == "proposed"
    # The page is as for somebody who is nowhere.
    desk.memberships.channels[ANA.id] = set()
    nothing = await seen(desk, at=AT)
    assert nothing.sections == ()
    assert (await look(desk, {"show": "proposed"}, AT)).page == nothing


async def test_another_workspace_with_the_same_channel_sees_none_of_it(desk: Desk) -> None:
    await told(desk, 1)
    other = Desk(desk.database, "test:2")
    await other.fail(typed="ZD-9 Of the others")
    assert "Proposed cases" not in words(await status(other))


async def test_a_shared_status_has_them_with_the_buttons_that_everybody_in_the_channel_may_press(
    desk: Desk,
) -> None:
    await told(desk, 1)
    pressed = button(await status(desk), "Share here")
    desk.say_all()
    assert (await press(desk, pressed)).done
    (shared,) = desk.say_all().values()
    assert grouped(shared) == {"Proposed cases · 1": of_tickets(1)}
    # As it stands when it is said.
    await desk.ask(BEN, "proposal.wave_off", "P-1")
    later = AT + timedelta(seconds=1)
    desk.say_all(later)
    assert (await press(desk, pressed, at=later)).done
    (shared,) = desk.say_all(later).values()
    assert "Nothing needs anybody right now." in shared.summary


async def test_on_the_board_they_are_a_table_that_is_counted_paged_and_written_to_files(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.page.ROWS", 7)
    await told(desk, *(2 for _ in range(10)), 1)
    await tell(desk, 12, customer="=cmd()", words="Broken | twice", rating=1)
    page = await seen(desk, at=AT)
    [section] = page.sections
    assert section.heading == "Proposed cases"
    assert written(section.note) == "12 things; the 10 most urgent are here."
    assert section.whole == ("Show all 12", "proposed")
    assert written(page.where) == "12 things need you"
    row = json.loads(as_json(page))["sections"][0]["rows"][0]
    assert row == {
        "What happened": "Nobody came (11).",
        "Ticket": "HD-11",
        "Why": "Rated 1 of 5, very bad",
        "Customer": "Maria Santos",
    }
    rows = [*csv.DictReader(io.StringIO(as_csv(page)))]
    assert (rows[1]["What happened"], rows[1]["Customer"]) == ("Broken | twice", "'=cmd()")
    assert "| Nobody came (11). | HD-11 | Rated 1 of 5, very bad | Maria Santos |" in as_markdown(page)
    first = await seen(desk, {"show": "proposed"}, AT)
    assert first.listing is not None
    assert first.listing.later == "1"
    last = await seen(desk, {"show": "proposed", "after": "1"}, AT)
    shown = [*things_of(first.sections[0]), *things_of(last.sections[0])]
    assert shown == [
        "Nobody came (11).",
        "Broken | twice",
        *(f"Nobody came ({number})." for number in range(1, 11)),
    ]
