"""Status: what needs somebody, the most urgent first; its filters, its pages, and sharing it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.access import NO_ANSWER_NOW, STRANGE_CHANNEL
from bot.command import Reply
from bot.commands.board import IN_DIRECT, NOTHING_FAILED, OTHER_TEAM
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.domain.reference import PromptsRef
from bot.domain.team import Team
from bot.messages.parts import (
    Bold,
    Button,
    Buttons,
    Line,
    Message,
    Paragraph,
    plain,
    plain_words,
    pressable,
)
from tests.desk import ANA, AT, BEN, CLEO, SUPPORT, Desk, words
from tests.domain.test_connection import a_signal
from tests.domain.test_proposal import a_proposal
from tests.session import open_work

SALES = Channel(id="C2", name="sales")
NIGHT = Channel(id="C3", name="night shift")
DIRECT = Channel(id="D7", name="direct messages", kind="direct")
YESTERDAY, TODAY = date(2026, 3, 4), date(2026, 3, 5)
LATER = AT + timedelta(days=14)


def grouped(reply: Reply | Message) -> dict[str, list[str]]:
    """The things under each heading, and the button beside each."""
    message = reply if isinstance(reply, Message) else reply.message
    assert message is not None, reply
    found: dict[str, list[str]] = {}
    for part in message.parts:
        if isinstance(part, Paragraph | Line):
            first = part.words[0]
            what = first.text if isinstance(first, Bold) else plain_words(part.words)
            button = part.button.label if isinstance(part, Line) and part.button else ""
            is_thing = isinstance(part, Line) and "\n" in plain_words(part.words)
            if is_thing:
                found[[*found][-1]].append(f"{what}: {button}")
            elif isinstance(first, Bold):
                found[plain_words(part.words)] = []
    return {heading: things for heading, things in found.items() if things}


def things(reply: Reply) -> list[str]:
    """The things of all groups, one after the other."""
    return [thing for group in grouped(reply).values() for thing in group]


def button(reply: Reply, label: str) -> Button:
    assert reply.message is not None
    return next(one for one in pressable(reply.message) if one.label.startswith(label))


def labels(reply: Reply | Message) -> list[str]:
    message = reply if isinstance(reply, Message) else reply.message
    assert message is not None
    (row,) = (part for part in message.parts if isinstance(part, Buttons))
    return [one.label for one in (*row.buttons, *row.menu)]


async def status(desk: Desk, typed: str = "", person: Person = ANA, **more: Any) -> Reply:
    reply = await desk.ask(person, "board.status", typed=typed, **more)
    assert reply.message is not None
    return reply


async def press(desk: Desk, pressed: Button, person: Person = ANA, **more: Any) -> Reply:
    return await desk.ask(person, pressed.command_name, pressed.about, **more)


async def item(desk: Desk, what: str, about: str = "C-1", **values: str) -> None:
    await desk.add_item(BEN, about, what=what, **values)


async def customer_of(desk: Desk, case: str, person: Person = ANA, **more: Any) -> None:
    """Nothing is owed to a customer any more."""
    values = {"verdict": "recovered", "words": "Thank you."}
    reply = await desk.ask(person, "recovery.verdict", case, values, **more)
    assert not reply.faults
    assert not reply.refused


async def a_full_team(desk: Desk) -> None:
    """Of everything that needs somebody there is one."""
    await desk.fail()
    await item(desk, "Late", owner=BEN.id, due=TODAY.isoformat())
    await item(desk, "Unowned")
    await item(desk, "Unaccepted", owner=ANA.id)
    await item(desk, "Unverified", owner=BEN.id)
    await desk.ask(BEN, "action_item.done", "AI-4", {"changed": "It is there."})
    await item(desk, "On its way", owner=BEN.id, due="2026-05-01")
    await desk.fail(typed="ZD-2 Promised for today")
    promise = {"words": "A new one", "how": "A call", "due": "2026-03-19"}
    assert not (await desk.ask(ANA, "recovery.promise", "C-2", promise)).faults
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.proposals.add(a_proposal(signal=a_signal(words="Proposed", rating=1)))
        work.commit()


async def test_where_nothing_ever_failed_there_is_no_team(desk: Desk) -> None:
    reply = await status(desk)
    assert reply.refused
    assert words(reply) == NOTHING_FAILED


async def test_what_needs_somebody_stands_in_groups_with_one_button_for_each_thing(desk: Desk) -> None:
    await a_full_team(desk)
    reply = await status(desk, at=LATER)
    assert grouped(reply) == {
        "Promises due · 1": ["Promised for today: Keep the promise"],
        "Late · 1": ["Late: Hand over"],
        "Customers who wait · 1": ["Parcel missed twice: Hear the customer"],
        "Proposed cases · 1": ["Proposed: Open the retro"],
        "Without an owner · 1": ["Unowned: Take it"],
        "Waiting for a yes or no · 1": ["Unaccepted: Accept"],
        "Done, not verified · 1": ["Unverified: Verify"],
        "Retros to decide · 2": ["Parcel missed twice: Close retro", "Promised for today: Close retro"],
    }
    assert "9 things need you · 2 late or due" in words(reply)
    assert "1 action item is agreed and not late" in words(reply)
    assert "open for answers" not in words(reply)
    # Who did it does not verify it, and nobody but its owner and the lead has a step with an item.
    of_owner = grouped(await status(desk, at=LATER, person=BEN))
    assert of_owner["Late · 1"] == ["Late: Mark done"]
    assert of_owner["Done, not verified · 1"] == ["Unverified: Details"]
    of_member = grouped(await status(desk, at=LATER, person=CLEO))
    assert of_member["Late · 1"] == ["Late: Details"]
    assert of_member["Waiting for a yes or no · 1"] == ["Unaccepted: Details"]


async def test_before_its_time_nothing_needs_anybody(desk: Desk) -> None:
    await desk.fail()
    await customer_of(desk, "C-1")
    await item(desk, "On its way", owner=BEN.id, due=TODAY.isoformat())
    reply = await status(desk)
    assert "Nothing needs you right now." in words(reply)
    assert "1 retro is open for answers" in words(reply)
    assert "1 action item is agreed and not late" in words(reply)
    assert "Customers so far: 1 recovered, 0 no answer." in words(reply)
    way = button(reply, "Show all")
    assert "answers close Tue 10 Mar" in words(await press(desk, way))


@pytest.mark.parametrize(
    ("zone", "at", "is_late"),
    [
        ("Asia/Tokyo", datetime(2026, 3, 5, 14, 59, tzinfo=UTC), False),
        ("Asia/Tokyo", datetime(2026, 3, 5, 15, 1, tzinfo=UTC), True),
        ("America/New_York", datetime(2026, 3, 6, 4, 59, tzinfo=UTC), False),
        ("America/New_York", datetime(2026, 3, 6, 5, 1, tzinfo=UTC), True),
        ("Pacific/Kiritimati", datetime(2026, 3, 5, 10, 1, tzinfo=UTC), True),
        ("Pacific/Pago_Pago", datetime(2026, 3, 6, 10, 59, tzinfo=UTC), False),
        ("Pacific/Pago_Pago", datetime(2026, 3, 6, 11, 1, tzinfo=UTC), True),
        (None, datetime(2026, 3, 5, 22, 59, tzinfo=UTC), False),
        (None, datetime(2026, 3, 5, 23, 1, tzinfo=UTC), True),
    ],
)
async def test_an_item_is_late_when_its_day_is_over_for_its_owner(
    desk: Desk, zone: str | None, at: datetime, is_late: bool
) -> None:
    desk.at = AT - timedelta(days=2)
    await desk.fail()
    owner = Person(id="U7", name="Dee", zone=zone)
    desk.meet(owner)
    await item(desk, "Notes", owner=owner.id, due=TODAY.isoformat())
    assert not (await desk.ask(owner, "action_item.accept", "AI-1")).refused
    reply = await status(desk, "mine", person=owner, at=at)
    assert (grouped(reply) == {"Late · 1": ["Notes: Mark done"]}) is is_late
    assert ("1 action item is agreed and not late" in words(reply)) is not is_late
    assert "agreed · late" in words(reply) or not is_late


@pytest.mark.parametrize(
    ("at", "is_due", "is_late"),
    [
        (datetime(2026, 3, 18, 14, 59, tzinfo=UTC), False, False),
        (datetime(2026, 3, 18, 15, 1, tzinfo=UTC), True, False),
        (datetime(2026, 3, 19, 14, 59, tzinfo=UTC), True, False),
        (datetime(2026, 3, 19, 15, 1, tzinfo=UTC), True, True),
    ],
)
async def test_a_promise_is_due_on_its_day_where_its_keeper_is_and_late_after_it(
    desk: Desk, at: datetime, is_due: bool, is_late: bool
) -> None:
    await desk.fail()
    promise = {"words": "A new one", "how": "A call", "due": "2026-03-19"}
    assert not (await desk.ask(ANA, "recovery.promise", "C-1", promise)).faults
    desk.meet(CLEO)
    given = {"step": "keep", "owner": CLEO.id}
    assert not (await desk.ask(ANA, "recovery.hand_over", "C-1", given)).faults
    due = await status(desk, "customers", at=at)
    assert ("Promises due · 1" in words(due)) is is_due
    assert ("1 customer has a promise ahead" in words(due)) is not is_due
    late = await status(desk, "late customers", at=at)
    assert ("Promises due · 1" in words(late)) is is_late
    assert ("promise late" in words(late)) is is_late


async def test_a_customer_who_waits_only_for_the_retro_needs_nobody_yet(desk: Desk) -> None:
    await desk.fail()
    for step in ("hear", "apologise", "ask_wish", "promise"):
        left = {"step": step, "why": "They have moved away."}
        assert not (await desk.ask(ANA, "recovery.not_needed", "C-1", left)).faults
    reply = await status(desk)
    assert "Customers who wait" not in words(reply)
    assert "1 customer has a promise ahead, or hears from you when the retro is finished" in words(reply)
    # Once the retro is finished they are told.
    await item(desk, "Notes", owner=BEN.id)
    await desk.ask(BEN, "action_item.done", "AI-1", {"changed": "They are shown."})
    await desk.ask(ANA, "action_item.verify", "AI-1", {"saw": "I saw them."})
    assert not (await desk.ask(ANA, "retro.close", "C-1", {"outcome": "fixes agreed"})).faults
    assert grouped(await status(desk)) == {
        "Customers who wait · 1": ["Parcel missed twice: Tell what changed"]
    }


async def test_the_most_urgent_come_first_and_all_of_a_group_page_by_page(desk: Desk) -> None:
    await desk.fail()
    for number in range(12):
        due = TODAY + timedelta(days=11 - number)
        await item(desk, f"Fix {number}", **({"due": due.isoformat()} if number else {}))
    first = await status(desk)
    assert grouped(first)["Without an owner · 12"] == [f"Fix {n}: Take it" for n in (11, 10, 9)]
    page, shown = button(first, "Show all"), list[str]()
    for more in ("2 more.", ""):
        reply = await press(desk, page)
        shown += things(reply)
        assert more in words(reply)
        if more:
            page = button(reply, "Show more")
    # Earliest first; without a date last.
    assert shown == [f"Fix {n}: Take it" for n in (*range(11, 0, -1), 0)]
    # What was done meanwhile leaves nothing on a page.
    for number in range(1, 13):
        assert not (await desk.ask(ANA, "action_item.drop", f"AI-{number}", {"why": "No."})).faults
    assert "There is nothing more." in words(await press(desk, page))
    back = button(await press(desk, page), "Status")
    assert words(await press(desk, back)).startswith("Status")


async def test_a_retro_whose_last_agreed_fix_fell_waits_to_be_decided(desk: Desk) -> None:
    await desk.fail()
    await item(desk, "Notes", owner=BEN.id)
    assert not (await desk.ask(ANA, "retro.close", "C-1", {"outcome": "fixes agreed"})).faults
    assert "Retros to decide" not in words(await status(desk, at=LATER))
    assert not (await desk.ask(BEN, "action_item.drop", "AI-1", {"why": "It cannot be."})).faults
    reply = await status(desk, "waiting", at=LATER)
    assert grouped(reply) == {"Retros to decide · 1": ["Parcel missed twice: Close retro"]}
    assert "no agreed fix is left" in words(reply)


async def test_what_was_cancelled_needs_nobody(desk: Desk) -> None:
    await a_full_team(desk)
    for case in ("C-1", "C-2"):
        assert not (await desk.ask(ANA, "case.cancel", case, {"why": "It was a test."})).faults
    assert grouped(await status(desk, at=LATER)) == {"Proposed cases · 1": ["Proposed: Open the retro"]}
    assert not (await desk.ask(BEN, "proposal.wave_off", "P-1")).refused
    reply = await status(desk, at=LATER)
    assert grouped(reply) == {}
    assert "Nothing needs you right now." in words(reply)
    assert "On its way" not in words(reply)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("late", ["Promised for today", "Late"]),
        ("unowned", ["Unowned"]),
        (
            "waiting",
            [
                *("Proposed", "Unowned", "Unaccepted", "Unverified"),
                *("Parcel missed twice", "Promised for today"),
            ],
        ),
        ("customers", ["Promised for today", "Parcel missed twice"]),
        ("late customers", ["Promised for today"]),
        ("mine", ["Promised for today", "Parcel missed twice", "Unaccepted", "Parcel missed twice"]),
        ("owner:@Ben", ["Late", "Unverified"]),
        ("owner:@U2 late", ["Late"]),
        ("gap:training", ["Late", "Parcel missed twice", "Parcel missed twice"]),
        ('gap:"after-hours support"', []),
        ("since:2026-03-05", None),
        ("since:1w", []),
        ("late waiting", []),
        ("team:support late", ["Promised for today", "Late"]),
    ],
)
async def test_filters_leave_some_of_it_and_several_what_all_of_them_leave(
    desk: Desk, typed: str, expected: Sequence[str] | None
) -> None:
    await a_full_team(desk)
    with open_work(desk.database, desk.workspace, writes=True) as work:
        late = work.action_items.get(1)
        assert late is not None
        work.action_items.save(late.model_copy(update={"gap": "training"}))
        work.commit()
    at = LATER + timedelta(days=1)
    reply = await status(desk, typed, at=at)
    left = [one.rpartition(":")[0] for one in things(reply)]
    if expected is None:
        every = [one.rpartition(":")[0] for one in things(await status(desk, at=at))]
        assert left == [one for one in every if one != "Proposed"]  # that has not failed yet
    elif typed == "mine":
        # Ana is the lead, who sees to it that retros are decided.
        assert left == [*expected, "Promised for today"]
    else:
        assert left == expected
    assert ("Nothing is left with these filters." in words(reply)) is (expected == [])
    everything = button(reply, "Without filters") if not typed.startswith("team:support") else None
    if everything:
        assert "9 things need you" in words(await press(desk, everything, at=at))


async def test_what_is_left_pages_with_its_filters(desk: Desk) -> None:
    await desk.fail()
    for number in range(15):
        await item(desk, f"Fix {number}", gap="tools" if number % 3 else "training")
    reply = await status(desk, "gap:tools unowned")
    assert "Without an owner · 10" in words(reply)
    assert "gap: tools" in words(reply)
    everything = await press(desk, button(reply, "Show all"))
    assert [one.partition(":")[0] for one in things(everything)] == [
        f"Fix {number}" for number in range(15) if number % 3
    ]


async def test_an_unknown_filter_is_answered_with_the_nearest_and_keeps_what_was_typed(
    desk: Desk,
) -> None:
    await a_full_team(desk)
    reply = await status(desk, "lat owner:@Ben", at=LATER)
    assert not reply.refused
    assert 'I don\'t know the filter "lat". Did you mean late owner:@Ben?' in words(reply)
    assert "lat owner:@Ben" in words(reply)
    assert "Filters: late, unowned, waiting, customers, mine, gap:training, team:support" in words(reply)
    meant = await press(desk, button(reply, "Status late owner:@Ben"), at=LATER)
    assert grouped(meant) == {"Late · 1": ["Late: Hand over"]}
    far = await status(desk, "qqqq", at=LATER)
    assert "9 things" in words(await press(desk, button(far, "Status without filters"), at=LATER))
    refused = await status(desk, "since:yesterday")
    assert refused.refused
    assert "write it like 2026-11-30" in words(refused)


async def test_a_status_is_for_the_asker_until_they_share_it(desk: Desk) -> None:
    await a_full_team(desk)
    reply = await status(desk, "late", at=LATER)
    desk.say_all(LATER)
    pressed = button(reply, "Share here")
    assert pressed.label == "Share here: #support"
    done = await press(desk, pressed, at=LATER)
    assert done.done
    assert words(done) == "Shared in support."
    ((key, shared),) = desk.say_all(LATER).items()
    assert key.startswith("status_shared:C1:")
    assert "late · shared by Ana" in plain(shared)
    assert "1 thing needs somebody" in plain(shared)
    # Everybody reads it, so it has no button that only one person may press.
    assert grouped(shared) == {"Late · 1": ["Late: "]}
    later = LATER + timedelta(seconds=1)
    await press(desk, button(await status(desk, at=later), "Share here"), at=later)
    (shared,) = desk.say_all(LATER).values()
    assert grouped(shared)["Promises due · 1"] == ["Promised for today: Keep the promise"]
    assert grouped(shared)["Waiting for a yes or no · 1"] == ["Unaccepted: "]
    assert grouped(shared)["Proposed cases · 1"] == ["Proposed: Open the retro"]
    assert grouped(shared)["Without an owner · 1"] == ["Unowned: Take it"]
    assert grouped(shared)["Done, not verified · 1"] == ["Unverified: Verify"]
    assert not any(isinstance(part, Buttons) for part in shared.parts)


async def test_the_same_press_twice_shares_it_once(desk: Desk) -> None:
    await a_full_team(desk)
    desk.say_all()
    pressed = button(await status(desk), "Share here")
    for _ in range(2):
        await press(desk, pressed, key="the same")
    assert len(desk.say_all()) == 1


async def a_team_in(desk: Desk, channel: Channel, lead: Person, case: str) -> None:
    reply = await desk.ask(lead, "case.fail", typed=f"ZD-{channel.id} {case}", channel=channel)
    assert not reply.refused


async def test_somebody_of_several_teams_sees_them_together_and_one_by_one(desk: Desk) -> None:
    await a_team_in(desk, SUPPORT, BEN, "Parcel lost")
    await a_team_in(desk, SALES, ANA, "Offer lost")
    await a_team_in(desk, NIGHT, BEN, "Call lost")
    desk.memberships.channels[ANA.id] = {"C1", "C2"}
    reply = await status(desk, channel=DIRECT)
    assert list(grouped(reply).values()) == [
        ["Parcel lost: Hear the customer", "Offer lost: Hear the customer"]
    ]
    assert "Call lost" not in words(reply)
    assert "night shift" not in words(reply)
    # Those that they lead come first, and each thing says whose it is.
    assert "Status\nsales, support\n" in words(reply)
    assert "C-1 · support" in words(reply)
    assert labels(reply) == ["Team #sales", "Team #support"]
    one = await press(desk, button(reply, "Team #support"), channel=DIRECT)
    assert list(grouped(one).values()) == [["Parcel lost: Hear the customer"]]
    assert labels(one) == ["Share here: #support", "All my teams", "Team #sales"]
    both = await press(desk, button(one, "All my teams"), channel=DIRECT)
    assert words(both) == words(reply)
    typed = await status(desk, "team:sales", channel=DIRECT)
    assert list(grouped(typed).values()) == [["Offer lost: Hear the customer"]]
    # What is shared goes to the channel of the team on screen.
    desk.say_all()
    assert not (await press(desk, button(typed, "Share here"), channel=DIRECT)).refused
    (key,) = desk.say_all()
    assert key.startswith("status_shared:C2:")


async def test_pages_of_several_teams_go_on_where_the_page_before_ended(desk: Desk) -> None:
    await a_team_in(desk, SUPPORT, ANA, "Parcel lost")
    await a_team_in(desk, SALES, ANA, "Offer lost")
    for number in range(24):
        due = (TODAY + timedelta(days=number)).isoformat()
        await item(desk, f"Fix {number}", f"C-{1 + number % 2}", due=due, channel=SALES.id)
    page, shown = button(await status(desk, channel=DIRECT), "Show all"), list[str]()
    for _ in range(3):
        reply = await press(desk, page, channel=DIRECT)
        shown += things(reply)
        if "Show more" in [one.label for one in pressable(reply.message or Message(summary=""))]:
            page = button(reply, "Show more")
    assert shown == [f"Fix {number}: Take it" for number in range(24)]


async def test_of_very_many_teams_it_says_how_many_were_not_asked(desk: Desk) -> None:
    with open_work(desk.database, desk.workspace, writes=True) as work:
        for number in range(103):
            work.teams.add(Team(channel_id=f"C{number}", name=f"team {number:03}"))
        work.commit()
    desk.memberships.channels[ANA.id] = {"C1", "C2"}
    reply = await status(desk, channel=DIRECT)
    assert "Not looked at, because there are so many: 3 more channels. Ask for status" in words(reply)
    assert len(desk.memberships.asked) == 100


@pytest.mark.parametrize("command_name", ["board.status", "board.share"])
@pytest.mark.parametrize("about", ["", "team=C1", "show=late&team=C1", "show=customer"])
@pytest.mark.parametrize("channel", [SUPPORT, DIRECT, SALES], ids=["there", "direct", "elsewhere"])
async def test_for_whoever_is_not_in_a_channel_nothing_of_it_exists(
    desk: Desk, command_name: str, about: str, channel: Channel
) -> None:
    await a_full_team(desk)
    await a_team_in(desk, SALES, BEN, "Offer lost")
    desk.say_all()
    desk.memberships.channels[CLEO.id] = {"C2"}
    guest = Person(id="U8", name="Gil")
    desk.memberships.guests.add(guest.id)
    desk.memberships.channels[guest.id] = {"C2"}
    for person in (CLEO, guest):
        reply = await desk.ask(person, command_name, about, channel=channel, at=LATER)
        said = words(reply)
        assert not [word for word in ("Late", "Parcel", "Unowned", "support") if word in said]
        if channel is SUPPORT:
            assert said == STRANGE_CHANNEL
        elif "team=C1" in about:
            assert said == (OTHER_TEAM if channel is DIRECT else IN_DIRECT)
    assert [key for key in desk.say_all(LATER) if not key.startswith("status_shared:C2")] == []
    # Whoever was removed since is an outsider, too, whatever they still have on screen.
    pressed = button(await status(desk, at=LATER), "Share here")
    desk.memberships.channels[ANA.id] = set()
    assert words(await press(desk, pressed)) == STRANGE_CHANNEL
    assert "I can't find a team's channel that you're in." in words(await status(desk, channel=DIRECT))


async def test_a_name_of_somebody_elses_team_is_like_one_that_never_was(desk: Desk) -> None:
    await a_team_in(desk, Channel(id="C4", name="warehouse"), BEN, "Parcel lost")
    await a_team_in(desk, SALES, ANA, "Offer lost")
    desk.memberships.channels[ANA.id] = {"C2"}

    async def told(name: str) -> str:
        return words(await status(desk, f"team:{name}", channel=DIRECT)).replace(name, "NAME")

    assert 'I can\'t find "NAME" for team:' in await told("xxxxxxxxx")
    assert await told("warehouse") == await told("C4") == await told("xxxxxxxxx")


async def test_in_a_channel_only_its_own_team_is_shown(desk: Desk) -> None:
    await a_team_in(desk, SUPPORT, ANA, "Parcel lost")
    await a_team_in(desk, SALES, ANA, "Offer lost")
    assert words(await status(desk, "team:sales")) == IN_DIRECT
    assert "Parcel lost" in words(await status(desk, "team:support"))


async def test_when_nobody_says_who_is_where_nothing_is_shown(desk: Desk) -> None:
    await a_full_team(desk)
    desk.memberships.unsaid.add("C1")
    for channel in (SUPPORT, DIRECT):
        assert words(await status(desk, channel=channel)) == NO_ANSWER_NOW


async def test_two_workspaces_never_meet(desk: Desk) -> None:
    await a_full_team(desk)
    other = Desk(desk.database, "test:2")
    await other.fail(typed="ZD-9 Of the others")
    assert "Parcel" not in words(await status(other, at=LATER))
    assert "Of the others" not in words(await status(desk, at=LATER))


async def test_nothing_is_counted_per_person(desk: Desk) -> None:
    await a_full_team(desk)
    said = words(await status(desk, at=LATER))
    for person in (ANA, BEN):
        assert not [line for line in said.splitlines() if line.startswith(person.name)]


async def test_what_is_filed_under_a_gap_that_nobody_asks_about_any_more_is_still_left_by_it(
    desk: Desk,
) -> None:
    await desk.fail()
    desk.meet(ANA)
    asked = {"label": "Suppliers", "question": "How did they answer?", "other_gap": "suppliers"}
    assert not (await desk.ask(ANA, "prompt.add", str(PromptsRef(channel_id="C1")), asked)).faults
    await item(desk, "Call them", gap="suppliers")
    await item(desk, "Something else")
    key = (desk.team().prompts or ())[-1].key
    retired = PromptsRef(channel_id="C1", key=key)
    assert not (await desk.ask(ANA, "prompt.retire", str(retired))).refused
    assert things(await status(desk, "unowned gap:suppliers")) == ["Call them: Take it"]
