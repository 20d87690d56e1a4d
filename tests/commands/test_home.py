"""At home: what this is for a newcomer, then what needs somebody, then what else is theirs."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.access import NO_ANSWER_NOW
from bot.command import Reply
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.messages.parts import Bold, Buttons, Line, Paragraph, Status, plain, plain_words, pressable
from bot.routes import typed as typed_words
from handlers.slack import render
from tests.desk import ANA, AT, BEN, CLEO, Desk, words
from tests.session import open_work

LATER = date(2026, 3, 20)
GIVEN = {"owner": CLEO.id, "step": "everything"}
WANTED = "Retros that want your answer"


def headings(reply: Reply) -> list[str]:
    """The headings of a home, and the lines under each."""
    assert reply.message is not None
    shown = []
    for part in reply.message.parts:
        if isinstance(part, Paragraph):
            shown.append(plain_words(part.words))
        elif isinstance(part, Line):
            signs = [piece.text for piece in part.words if isinstance(piece, Status)]
            menu = [button.label for button in part.menu]
            first = part.button.label if part.button else ""
            what = [piece.text for piece in part.words if isinstance(piece, Bold)]
            shown.append(": ".join([*what, *signs, first, str(len(menu))]))
    return shown


@pytest.mark.parametrize("typed", ["hi", "Hello!", "hey there", "home"])
async def test_a_newcomer_reads_in_three_lines_what_this_is_and_how_it_begins(
    desk: Desk, typed: str
) -> None:
    home = await desk.ask(ANA, "team.home", channel=None)
    assert home.message is not None
    first, *_, last = headings(home)
    assert first.startswith("I am Amends: when a customer's case has failed")
    assert len(headings(home)) == 4
    assert last == "Needs you"
    assert "failed ZD-4711 Parcel missed twice" in words(home)
    assert words(home).endswith("Nothing needs you right now.")
    (row,) = (part for part in home.message.parts if isinstance(part, Buttons))
    assert [(button.label, button.look) for button in row.buttons] == [
        ("Mark a case failed", "main"),
        ("My settings", "plain"),
        ("Help", "plain"),
    ]
    # A greeting is answered with the same, and so is the word for it.
    assert typed_words(typed) == ("team.home", "")


async def test_what_needs_somebody_comes_before_what_else_is_theirs(desk: Desk) -> None:
    await desk.fail()
    await desk.add_item(ANA, owner=BEN.id, what="Notes")
    await desk.add_item(BEN, owner=BEN.id, what="Labels", due=LATER.isoformat())
    await desk.add_item(BEN, owner=BEN.id, what="Maps", due=AT.date().isoformat())
    home = await desk.ask(BEN, "team.home", channel=None, at=AT + timedelta(days=6))
    shown = headings(home)
    assert shown == [
        "Needs you",
        "Maps: agreed · late: Mark done: 5",
        "Notes: proposed: Accept: 5",
        "Mine",
        "Labels: agreed: Mark done: 5",
    ]
    assert home.message is not None
    assert home.message.summary == "Something needs you."


async def test_customers_that_somebody_looks_after_need_them(desk: Desk) -> None:
    await desk.fail(ANA)
    mine = words(await desk.ask(ANA, "team.home", channel=None))
    assert "C-1" in mine
    assert "I am Amends" not in mine
    assert "Nothing needs you" not in mine
    # Nobody else reads what is owed to them.
    assert "next: " not in words(await desk.ask(BEN, "team.home", channel=None))


async def test_a_home_of_much_says_that_there_is_more(desk: Desk) -> None:
    await desk.fail(BEN)
    for number in range(12):
        await desk.add_item(ANA, owner=ANA.id, what=f"Fix {number}")
    home = await desk.ask(ANA, "team.home", channel=None)
    assert sum("Fix " in line for line in headings(home)) == 10
    assert home.message is not None
    assert "There is more." in words(home)
    # The button leads to all of it, and that to what does not fit there, either.
    (to_all,) = (one for one in pressable(home.message) if one.label == "My action items")
    shown = []
    for about, has_more in (("", True), ("1", False)):
        mine = (await desk.ask(ANA, to_all.command_name, about)).message
        assert mine is not None
        shown += [line for line in plain(mine).splitlines() if line.startswith("Fix ")]
        further = [one.about for one in pressable(mine) if one.label == "Show more"]
        assert further == (["1"] if has_more else [])
        assert ("There are more" in plain(mine)) is has_more
        assert mine.summary.startswith("You have" if has_more else "More of what is yours")
    assert shown == [f"Fix {number}" for number in range(12)]
    over = await desk.ask(ANA, to_all.command_name, "2")
    assert "There is nothing more." in words(over)
    assert "You have no" not in words(over)


async def wanted(desk: Desk, person: Person = ANA, **more: Any) -> list[str]:
    """The retros that want somebody's answer, at their home."""
    home = await desk.ask(person, "team.home", channel=None, **more)
    assert not home.refused, words(home)
    shown = headings(home)
    if WANTED not in shown:
        return []
    after = shown[shown.index(WANTED) + 1 :]
    return [line.partition(":")[0] for line in after if ": Answer:" in line]


async def test_a_retro_wants_the_answer_of_whoever_has_not_answered_with_their_name(desk: Desk) -> None:
    await desk.fail(typed="ZD-1 Parcel lost")
    await desk.fail(typed="ZD-2 Nobody called")
    assert await wanted(desk) == ["Parcel lost", "Nobody called"]
    named = {"training": "A list of holidays"}
    assert not (await desk.ask(ANA, "retro.answer", "C-1", named)).faults
    assert await wanted(desk) == ["Nobody called"]
    assert await wanted(desk, BEN) == ["Parcel lost", "Nobody called"]


async def test_an_answer_without_a_name_changes_nobodys_home_and_it_says_so(desk: Desk) -> None:
    await desk.fail(typed="ZD-1 Parcel lost")
    homes = [(await desk.ask(one, "team.home", channel=None)).message for one in (ANA, BEN)]
    unnamed = {"training": "A list of holidays", "unnamed": "yes"}
    assert not (await desk.ask(BEN, "retro.answer", "C-1", unnamed)).faults
    assert [(await desk.ask(one, "team.home", channel=None)).message for one in (ANA, BEN)] == homes
    assert "I don't know who answered without a name" in words(
        await desk.ask(BEN, "team.home", channel=None)
    )


async def test_no_retro_wants_an_answer_that_is_closed_cancelled_or_over(desk: Desk) -> None:
    for number in (1, 2, 3):
        await desk.fail(typed=f"ZD-{number} Number {number}")
    enough = {"outcome": "an apology was enough", "why": "It was small."}
    assert not (await desk.ask(ANA, "retro.close", "C-1", enough)).faults
    assert not (await desk.ask(ANA, "case.cancel", "C-2", {"why": "A test."})).faults
    # The team is in Stockholm: its day is over there.
    last = datetime(2026, 3, 10, 22, 59, tzinfo=UTC)
    assert await wanted(desk, at=last) == ["Number 3"]
    assert await wanted(desk, at=last + timedelta(minutes=2)) == []


async def test_retros_of_channels_that_somebody_is_not_in_are_not_there(desk: Desk) -> None:
    await desk.fail(typed="ZD-1 Parcel lost")
    sales = Channel(id="C2", name="sales")
    await desk.ask(ANA, "case.fail", typed="ZD-2 Offer lost", channel=sales)
    desk.memberships.channels[BEN.id] = {"C2"}
    assert await wanted(desk, BEN) == ["Offer lost"]
    guest = Person(id="U8", name="Gil")
    desk.memberships.guests.add(guest.id)
    desk.memberships.channels[guest.id] = set()
    assert await wanted(desk, guest) == []
    # Whoever was removed sees it no more; and other workspaces have homes of their own.
    desk.memberships.channels[BEN.id] = set()
    assert await wanted(desk, BEN) == []
    assert await wanted(Desk(desk.database, "test:2"), ANA) == []


async def test_a_guest_sees_at_home_what_is_theirs_only_where_they_are_members(desk: Desk) -> None:
    await desk.fail(typed="ZD-1 Parcel lost")
    await desk.add_item(ANA, owner=CLEO.id, what="Notes")
    assert not (await desk.ask(ANA, "recovery.hand_over", "C-1", GIVEN)).faults
    for channels, sees in (({"C1"}, True), (set[str](), False)):
        desk.memberships.guests.add(CLEO.id)
        desk.memberships.channels[CLEO.id] = channels
        home = words(await desk.ask(CLEO, "team.home", channel=None))
        assert ("Notes" in home, "Parcel lost" in home) == (sees, sees)
    # Somebody who is no guest keeps what is theirs.
    desk.memberships.guests.clear()
    home = words(await desk.ask(CLEO, "team.home", channel=None))
    assert "Notes" in home


async def test_a_home_says_where_it_could_not_look(desk: Desk) -> None:
    await desk.fail(typed="ZD-1 Parcel lost")
    sales = Channel(id="C2", name="sales")
    await desk.ask(ANA, "case.fail", typed="ZD-2 Offer lost", channel=sales)
    desk.memberships.unsaid.add("C1")
    assert await wanted(desk) == ["Offer lost"]
    home = words(await desk.ask(ANA, "team.home", channel=None))
    assert "I could not look into all of your channels just now" in home


async def test_customers_who_need_nothing_of_somebody_yet_stand_below(desk: Desk) -> None:
    await desk.fail(typed="ZD-1 Parcel lost")
    promise = {"words": "A new one", "how": "A call", "due": "2026-03-19"}
    assert not (await desk.ask(ANA, "recovery.promise", "C-1", promise)).faults
    now = headings(await desk.ask(ANA, "team.home", channel=None))
    assert now.index("My customers") < now.index("Parcel lost: waits: Keep the promise: 1")
    on_its_day = headings(await desk.ask(ANA, "team.home", channel=None, at=AT + timedelta(days=14)))
    assert on_its_day[:2] == ["Needs you", "Parcel lost: waits: Keep the promise: 1"]
    assert "My customers" not in on_its_day


async def test_a_home_of_hundreds_of_things_is_within_slacks_blocks_and_leads_on(desk: Desk) -> None:
    long = "Nobody told the customer anything, and then " * 20
    await desk.fail(typed=f"ZD-0 {long}")
    with open_work(desk.database, desk.workspace, writes=True) as work:
        case, retro, recovery = work.cases.get(1), work.retros.get(1), work.recoveries.get(1)
        assert case
        assert retro
        assert recovery
        for _ in range(300):
            one = work.cases.add(case.model_copy(update={"reference": None, "version": 1}))
            this = {"case_number": one.number, "version": 1}
            work.retros.add(retro.model_copy(update=this))
            work.recoveries.add(recovery.model_copy(update=this))
        work.commit()
    await desk.add_item(BEN, owner=ANA.id, what=long)
    with open_work(desk.database, desk.workspace, writes=True) as work:
        item = work.action_items.get(1)
        assert item
        for number in range(300):
            late = {"state": "agreed", "due": AT.date() - timedelta(days=number)}
            work.action_items.add(item.model_copy(update=late | {"version": 1}))
        work.commit()
    home = (await desk.ask(ANA, "team.home", channel=None)).message
    assert home is not None
    view = render.home(home)
    assert len(view["blocks"]) <= 60
    assert "There is more than fits" not in str(view)
    assert "There is more." in plain(home)
    assert "195 more are open for answers." in plain(home)
    assert {"My action items", "Status"} <= {one.label for one in pressable(home)}


async def test_a_guests_own_list_holds_and_counts_only_what_is_of_channels_they_are_in(
    desk: Desk,
) -> None:
    sales = Channel(id="C2", name="sales")
    await desk.fail(typed="ZD-1 Parcel lost")
    await desk.ask(ANA, "case.fail", typed="ZD-2 Offer lost", channel=sales, here="C2")
    for number in range(12):  # those of the channel that they left come first
        await desk.add_item(ANA, owner=CLEO.id, what=f"Secret {number}", due=LATER.isoformat())
    for number in range(11):
        await desk.add_item(ANA, "C-2", owner=CLEO.id, what=f"Open {number}")
    for case in ("C-1", "C-2"):
        assert not (await desk.ask(ANA, "recovery.hand_over", case, GIVEN)).faults
    desk.memberships.guests.add(CLEO.id)
    desk.memberships.channels[CLEO.id] = {"C2"}
    pages = [words(await desk.ask(CLEO, "action_item.mine", page, channel=None)) for page in ("", "1")]
    assert [page.count("Open ") for page in pages] == [10, 1]
    assert [page.count("Offer lost") for page in pages] == [1, 0]
    assert ["There are more" in page for page in pages] == [True, False]
    home = words(await desk.ask(CLEO, "team.home", channel=None))
    assert home.count("Open ") == 10
    assert "There is more." in home
    for shown in (*pages, home):
        assert "Secret" not in shown
        assert "Parcel lost" not in shown
    # Who is in no channel any more has nothing, and reads of no more.
    desk.memberships.channels[CLEO.id] = set()
    for name in ("action_item.mine", "team.home"):
        nothing = words(await desk.ask(CLEO, name, channel=None))
        assert "lost" not in nothing
        assert "more" not in nothing
    # When nobody can say which they are in, nothing is shown.
    desk.memberships.unsaid.add("C2")
    assert words(await desk.ask(CLEO, "action_item.mine", channel=None)) == NO_ANSWER_NOW
    # Whoever is no guest keeps what is theirs, wherever it is.
    desk.memberships.guests.clear()
    assert "Secret 0" in words(await desk.ask(CLEO, "action_item.mine", channel=None))


async def test_the_lead_of_a_team_reads_at_home_how_much_waits_there_and_others_do_not(
    desk: Desk,
) -> None:
    await desk.fail(ANA)
    await desk.add_item(ANA, what="Notes")
    later = AT + timedelta(days=6)
    lead = await desk.ask(ANA, "team.home", channel=None, at=later)
    assert "3 things need somebody: Status: 0" in headings(lead)[:3]
    assert "Nothing needs you right now." not in words(lead)
    for other in (BEN, CLEO):
        home = await desk.ask(other, "team.home", channel=None, at=later)
        assert "need somebody" not in words(home)


async def test_a_lead_who_is_not_in_the_channel_reads_at_home_nothing_of_the_team(desk: Desk) -> None:
    await desk.fail(ANA)
    await desk.add_item(BEN, what="Notes")
    desk.memberships.channels[ANA.id] = set()
    home = words(await desk.ask(ANA, "team.home", channel=None))
    assert "somebody" not in home
