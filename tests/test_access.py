"""The one rule: who may see and do what, for every command there is."""

import asyncio
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot import access
from bot.command import Reply, SourceMessage
from bot.domain.channel import Channel
from bot.domain.connection import moved
from bot.domain.errors import Refused
from bot.domain.person import Person
from bot.domain.reference import CaseRef, ItemRef, key_of, lost, missing
from bot.ports import MembershipUnknown
from bot.routes import COMMANDS
from storage.database import Database
from storage.tables import Row
from tests.access_world import CASE, CONNECTION, ITEM, NEVER, REFERENCE, VALUES, about, propose
from tests.desk import ANA, AT, BEN, CLEO, ROBOT, SUPPORT, Desk, words
from tests.session import open_work

SALES = Channel(id="C2", name="sales")
DIRECT = Channel(id="D7", name="direct messages", kind="direct")
OUTSIDER = Person(id="U7", name="Olga", zone="Europe/Warsaw")
MEMBER = CLEO
NOBODY = Person(id="U8", name="Nora", zone="Europe/Warsaw")
"""In no channel of these."""

# How an outsider may come: where they are, what the platform attests, and what travelled in a form.
WAYS: Mapping[str, Mapping[str, Any]] = {
    "from another channel": {"channel": SALES, "here": "C2"},
    "from direct messages": {"channel": DIRECT},
    "from the App Home": {"channel": None},
    "from a form that claims the channel": {"channel": SUPPORT},
}
ABOUT_THINGS = sorted(
    command_name
    for command_name in COMMANDS
    if COMMANDS[command_name].command.access in ("thing", "members")
)
FOR_MEMBERS = sorted(name for name, route in COMMANDS.items() if route.command.access == "members")
OF_MOVED = [
    name
    for name in FOR_MEMBERS
    if name.startswith(("proposal.", "connection.")) and name != "connection.add"
]
"""What is about a connection, or what that proposed."""
FOR_CHANNELS = sorted(
    command_name for command_name in COMMANDS if COMMANDS[command_name].command.access == "channel"
)


async def _begun(desk: Desk) -> str:
    """In #support, whose lead is Ana: a case, an item of Ben's, and Ben's named answer; its id."""
    await desk.fail()
    await desk.add_item(ANA, owner=BEN.id)
    desk.meet(OUTSIDER)
    await desk.ask(BEN, "retro.answer", CASE, {"training": "A list", "unnamed": ""})
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.channels.remember(SALES)
        propose(SUPPORT.id, AT, work)
        work.commit()
    desk.say_all()
    return desk.answers(CASE)[0].id


@pytest.fixture(scope="module")
def begun(_ready_on_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The database with all that begun once, for everybody to copy, and the answer's id."""
    file = tmp_path_factory.mktemp("access") / "begun.db"
    shutil.copy(_ready_on_sqlite, file)
    with closing(Database(f"sqlite:///{file}")) as database:
        return file, asyncio.run(_begun(Desk(database)))


@pytest.fixture
def answer(begun: tuple[Path, str]) -> str:
    """The id of Ben's answer."""
    return begun[1]


@pytest.fixture
def desk(begun: tuple[Path, str], tmp_path: Path) -> Iterator[Desk]:
    """People asking the bot, after all that."""
    file = shutil.copy(begun[0], tmp_path / "amends.db")
    with closing(Database(f"sqlite:///{file}")) as database:
        desk = Desk(database)
        desk.memberships.channels = {
            OUTSIDER.id: {"C2"},
            MEMBER.id: {"C1"},
            ANA.id: {"C1"},
            BEN.id: {"C1"},
        }
        yield desk


@pytest.fixture
def empty(sqlite: Database) -> Desk:
    """People asking a bot that was never asked before."""
    return Desk(sqlite)


def _stored(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything there is, but who was seen, whose hours that changed, and which events were."""
    kept = [name for name in Row.metadata.tables if name not in ("requests", "people", "stirred")]
    with database.transaction(writes=False) as connection:
        return {
            name: [tuple(row) for row in connection.execute(text(f"SELECT * FROM {name}"))]
            for name in kept
        }


async def _both(
    desk: Desk, person: Person, command_name: str, label: str, **way: Any
) -> tuple[Reply, ...]:
    """The replies to the button and to the filled-in form, as far as the command has one."""
    pressed = await desk.ask(person, command_name, label, **way)
    if command_name not in VALUES:
        return (pressed,)
    return pressed, await desk.ask(person, command_name, label, VALUES[command_name], **way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("command_name", ABOUT_THINGS)
async def test_an_outsider_reads_what_they_would_of_a_number_never_given(
    desk: Desk, answer: str, command_name: str, way: str
) -> None:
    label = about(command_name, answer)
    never = NEVER.get(label, "0" * 32)
    before = _stored(desk.database)
    replies = await _both(desk, OUTSIDER, command_name, label, **WAYS[way])
    controls = await _both(desk, OUTSIDER, command_name, never, **WAYS[way])
    assert _stored(desk.database) == before
    for reply, control in zip(replies, controls, strict=True):
        assert reply.model_dump_json().replace(label, never) == control.model_dump_json()
        assert words(reply) == missing(label)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("command_name", ABOUT_THINGS)
async def test_a_member_is_let_in_from_anywhere(
    desk: Desk, answer: str, command_name: str, way: str
) -> None:
    for reply in await _both(desk, MEMBER, command_name, about(command_name, answer), **WAYS[way]):
        assert words(reply) not in (missing(about(command_name, answer)), access.NO_ANSWER_NOW)


@pytest.mark.parametrize("command_name", ABOUT_THINGS)
async def test_whoever_asks_from_the_channel_itself_is_let_in_and_nobody_is_asked(
    desk: Desk, answer: str, command_name: str
) -> None:
    desk.memberships.silent = True
    label = about(command_name, answer)
    for reply in await _both(desk, OUTSIDER, command_name, label, channel=SUPPORT, here="C1"):
        assert words(reply) != missing(label)


@pytest.mark.parametrize("command_name", ABOUT_THINGS)
async def test_when_membership_cannot_be_asked_nothing_is_shown_or_changed(
    desk: Desk, answer: str, command_name: str
) -> None:
    before = _stored(desk.database)
    desk.memberships.silent = True
    for way in WAYS.values():
        for reply in await _both(desk, OUTSIDER, command_name, about(command_name, answer), **way):
            assert words(reply) == access.NO_ANSWER_NOW
            assert reply.form is None
    assert _stored(desk.database) == before


@pytest.mark.parametrize("command_name", OF_MOVED)
async def test_a_connection_is_the_channels_that_it_leads_to_and_what_it_proposed_stays_where_it_was(
    desk: Desk, answer: str, command_name: str
) -> None:
    with open_work(desk.database, desk.workspace, writes=True) as work:
        connection = work.connections.hold(CONNECTION)
        assert connection is not None
        work.connections.save(moved(connection, SALES.id, AT))
        work.commit()
    desk.memberships.channels[NOBODY.id] = {"C3"}
    of_former = command_name.startswith("proposal.")
    theirs, other = (MEMBER, OUTSIDER) if of_former else (OUTSIDER, MEMBER)
    label, before = about(command_name, answer), _stored(desk.database)
    for stranger in (other, NOBODY):
        for way in ("from direct messages", "from a form that claims the channel"):
            for reply in await _both(desk, stranger, command_name, label, **WAYS[way]):
                assert words(reply) == missing(label)
    assert _stored(desk.database) == before
    for reply in await _both(desk, theirs, command_name, label, **WAYS["from direct messages"]):
        assert words(reply) not in (missing(label), access.NO_ANSWER_NOW)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("command_name", FOR_CHANNELS)
async def test_an_outsider_does_nothing_for_a_channel_of_others(
    desk: Desk, answer: str, command_name: str, way: str
) -> None:
    before = _stored(desk.database)
    wanted = {**WAYS[way], "channel": SUPPORT} if way == "from another channel" else WAYS[way]
    replies = await _both(desk, OUTSIDER, command_name, "", **wanted)
    assert _stored(desk.database) == before
    if command_name == "team.settings" and wanted["channel"] in (DIRECT, None):
        return  # there it is one's own settings, or nobody's
    for reply in replies[-1:]:
        assert reply.refused, words(reply)


async def test_an_outsider_does_not_become_the_lead_of_a_team(desk: Desk, answer: str) -> None:
    for way in WAYS.values():
        forged = {**way, "channel": SUPPORT}
        await desk.ask(OUTSIDER, "team.settings", "", VALUES["team.settings"], **forged)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        team = work.teams.get("C1")
    assert team is not None
    assert team.lead == ANA.id


@pytest.mark.parametrize("command_name", sorted(COMMANDS))
async def test_who_is_deactivated_can_do_nothing_at_all(
    desk: Desk, answer: str, command_name: str
) -> None:
    if COMMANDS[command_name].command.access == "platform":
        return
    gone = MEMBER.model_copy(update={"gone": True})
    before = _stored(desk.database)
    for way in (*WAYS.values(), {"channel": SUPPORT, "here": "C1"}):
        for reply in await _both(desk, gone, command_name, about(command_name, answer), **way):
            assert words(reply) == access.DEACTIVATED
    desk.meet(gone)
    unsaid = MEMBER.model_copy(update={"gone": False})
    for reply in await _both(
        desk,
        unsaid,
        command_name,
        about(command_name, answer),
        channel=SUPPORT,
        here="C1",
        introduced=False,
    ):
        assert words(reply) == access.DEACTIVATED
    assert _stored(desk.database) == before


@pytest.mark.parametrize(
    "command_name",
    sorted(
        command_name for command_name in COMMANDS if COMMANDS[command_name].command.access == "platform"
    ),
)
async def test_nobody_can_ask_for_what_a_platform_causes(
    desk: Desk, answer: str, command_name: str
) -> None:
    before = _stored(desk.database)
    for person in (MEMBER, ANA, OUTSIDER):
        for way in (*WAYS.values(), {"channel": SUPPORT, "here": "C1"}):
            for reply in await _both(desk, person, command_name, "m-retro:1", heard=False, **way):
                assert words(reply) == access.NOT_ASKED_FOR
    assert _stored(desk.database) == before


PARTS: Mapping[str, tuple[Person, str, str]] = {
    "its owner": (BEN, "action_item.read", ITEM),
    "whoever asked for it": (ANA, "action_item.read", ITEM),
    "the contact of its customer": (ANA, "recovery.read", CASE),
    "whoever marked the case failed": (ANA, "case.read", CASE),
}


@pytest.mark.parametrize("part", PARTS)
async def test_whoever_has_a_part_in_a_thing_sees_that_thing_from_anywhere(
    desk: Desk, answer: str, part: str
) -> None:
    person, command_name, label = PARTS[part]
    desk.memberships.channels[person.id] = set()
    for way in WAYS.values():
        reply = await desk.ask(person, command_name, label, **way)
        assert words(reply) != missing(label)


@pytest.mark.parametrize(
    ("command_name", "label"), [("action_item.read", ITEM), ("case.read", CASE), ("recovery.read", CASE)]
)
async def test_a_lead_who_is_not_in_the_channel_sees_its_things_from_anywhere(
    desk: Desk, answer: str, command_name: str, label: str
) -> None:
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.teams.save(work.teams.require("C1").model_copy(update={"lead": OUTSIDER.id}))
        work.commit()
    for way in WAYS.values():
        assert words(await desk.ask(OUTSIDER, command_name, label, **way)) != missing(label)


async def test_the_owner_of_an_item_sees_that_item_only(desk: Desk, answer: str) -> None:
    desk.memberships.channels[BEN.id] = set()
    for command_name in ("recovery.read", "recovery.open", "case.read", "retro.answer", "retro.close"):
        assert words(await desk.ask(BEN, command_name, CASE, channel=DIRECT)) == missing(CASE)


@pytest.mark.parametrize(
    "command_name",
    sorted(
        command_name for command_name in COMMANDS if COMMANDS[command_name].command.access == "members"
    ),
)
async def test_what_is_for_members_only_is_not_even_for_the_lead_from_outside(
    desk: Desk, answer: str, command_name: str
) -> None:
    desk.memberships.channels[ANA.id] = set()
    for way in WAYS.values():
        for reply in await _both(desk, ANA, command_name, CASE, **way):
            assert words(reply) == missing(CASE)


async def test_a_reference_opens_its_case_from_anywhere_the_person_may_see_it(
    desk: Desk, answer: str
) -> None:
    for typed in (CASE, REFERENCE, REFERENCE.lower()):
        for way in ({"channel": DIRECT}, {"channel": SALES, "here": "C2"}):
            seen = await desk.ask(MEMBER, "recovery.open", typed=typed, **way)
            assert " · C-1" in words(seen)
            hidden = await desk.ask(OUTSIDER, "recovery.open", typed=typed, **way)
            assert words(hidden) == missing(typed)


async def test_a_reference_of_two_teams_means_the_one_that_is_asked_from_or_is_asked_back(
    desk: Desk, answer: str
) -> None:
    desk.memberships.channels[MEMBER.id] = {"C1", "C2"}
    await desk.ask(MEMBER, "case.fail", typed=f"{REFERENCE} Sold twice", channel=SALES, here="C2")
    here = await desk.ask(MEMBER, "recovery.open", typed=REFERENCE, channel=SALES, here="C2")
    assert " · C-2" in words(here)
    asked_back = await desk.ask(MEMBER, "recovery.open", typed=REFERENCE, channel=DIRECT)
    assert words(asked_back).endswith("say which one you mean, C-1, C-2.")
    only_theirs = await desk.ask(OUTSIDER, "recovery.open", typed=REFERENCE, channel=DIRECT)
    assert " · C-2" in words(only_theirs)


async def test_a_message_of_another_channel_makes_no_case_in_this_one(desk: Desk, answer: str) -> None:
    source = SourceMessage(text="Lost", link="https://example.com/m", thread="m-retro:1", author=BEN)
    reply = await desk.ask(OUTSIDER, "case.fail_message", channel=SUPPORT, source=source)
    assert reply.refused
    reply = await desk.ask(OUTSIDER, "action_item.add_message", channel=SUPPORT, source=source)
    assert reply.refused
    assert reply.form is None


async def test_a_form_that_cannot_be_checked_keeps_what_was_typed(desk: Desk, answer: str) -> None:
    desk.memberships.silent = True
    reply = await desk.ask(MEMBER, "retro.close", CASE, VALUES["retro.close"])
    assert reply.faults == {"": access.NO_ANSWER_NOW}


async def test_membership_is_asked_once_for_what_a_form_was_opened_for(desk: Desk, answer: str) -> None:
    desk.memberships.asked.clear()
    await desk.ask(MEMBER, "retro.close", CASE, VALUES["retro.close"])
    assert desk.memberships.asked == [("C1", MEMBER.id)]


async def test_an_import_is_the_operators(desk: Desk, answer: str) -> None:
    desk.memberships.silent = True
    values = {"what_happened": "Long ago"}
    reply = await desk.ask(ROBOT, "case.fail", "", values, bulk=True)
    assert not reply.refused
    assert desk.retro("C-2").channel_id == "C1"


def test_every_command_says_whom_it_concerns_and_who_sees_its_answer() -> None:
    assert {route.command.access for route in COMMANDS.values()} == {
        "own",
        "channel",
        "thing",
        "members",
        "platform",
    }
    public = {name for name, route in COMMANDS.items() if route.command.audience == "channel"}
    assert public == {"case.fail", "team.help"}


async def test_an_owner_submits_their_form_even_when_nobody_says_who_is_in_the_channel(
    desk: Desk, answer: str
) -> None:
    await desk.ask(BEN, "action_item.accept", ITEM)
    desk.memberships.unsaid.add("C1")
    reply = await desk.ask(BEN, "action_item.done", ITEM, VALUES["action_item.done"])
    assert not reply.faults
    assert desk.item(ITEM).state == "done"


@pytest.mark.parametrize("part", PARTS)
async def test_a_guest_acts_only_where_they_are_a_member_whatever_part_they_have(
    desk: Desk, answer: str, part: str
) -> None:
    person, command_name, label = PARTS[part]
    desk.memberships.channels[person.id] = set()
    desk.memberships.guests.add(person.id)
    for way in WAYS.values():
        assert words(await desk.ask(person, command_name, label, **way)) == missing(label)
    desk.memberships.channels[person.id] = {"C1"}
    assert words(await desk.ask(person, command_name, label, channel=DIRECT)) != missing(label)


async def test_the_customers_view_is_no_way_round_to_reopen_a_retro(desk: Desk, answer: str) -> None:
    await desk.ask(ANA, "retro.close", CASE, VALUES["retro.close"])
    forged = {"what": "Show the notes", "from_view": "yes"}
    desk.memberships.channels[ANA.id] = set()
    reply = await desk.ask(ANA, "action_item.add", CASE, forged)
    assert "is closed" in words(reply)
    desk.memberships.channels[ANA.id] = {"C1"}
    nothing_said = await desk.ask(ANA, "action_item.add", CASE, forged)
    assert "has not said anything" in words(nothing_said)
    assert desk.retro(CASE).state == "closed"


async def test_a_channel_that_cannot_be_checked_hides_no_case_of_ones_own(
    desk: Desk, answer: str
) -> None:
    await desk.ask(OUTSIDER, "case.fail", typed=f"{REFERENCE} Sold twice", channel=SALES, here="C2")
    desk.memberships.unsaid.add("C1")
    theirs = await desk.ask(OUTSIDER, "recovery.open", typed=REFERENCE, channel=DIRECT)
    assert " · C-2" in words(theirs)
    unsaid = await desk.ask(OUTSIDER, "recovery.open", typed=CASE, channel=DIRECT)
    assert words(unsaid) == access.NO_ANSWER_NOW


async def test_a_reference_that_looks_like_one_of_our_numbers_opens_its_case(empty: Desk) -> None:
    await empty.ask(ANA, "case.fail", typed="AI-2024-55 Parcel missed")
    await empty.ask(ANA, "case.fail", typed="C-100045 Parcel missed")
    for typed, label in (("AI-2024-55", "C-1"), ("C-100045", "C-2"), ("C-1", "C-1")):
        assert f" · {label}" in words(await empty.ask(ANA, "recovery.open", typed=typed))


@pytest.mark.parametrize("label", ["/C-1", "/", " ", "C-1/../C-1", "C--1"])
async def test_a_label_that_names_nothing_shows_nothing(desk: Desk, answer: str, label: str) -> None:
    for command_name in ABOUT_THINGS:
        reply = await desk.ask(OUTSIDER, command_name, label, channel=DIRECT)
        assert reply.form is None, command_name
        assert reply.refused or not words(reply), command_name


async def test_a_case_without_a_retro_is_there_for_its_channel_and_for_nobody_else(empty: Desk) -> None:
    """Today every case has one; whoever adds one that has none shall find it all the same."""
    await empty.fail()
    empty.memberships.channels = {MEMBER.id: {"C1"}, OUTSIDER.id: {"C2"}}
    with empty.database.transaction(writes=True) as connection:
        connection.execute(text("DELETE FROM recoveries"))
        connection.execute(text("DELETE FROM retros"))
        connection.commit()
    shown = await empty.ask(MEMBER, "case.read", CASE)
    assert shown.form is not None
    assert "find C-1." in words(await empty.ask(OUTSIDER, "case.read", CASE, channel=SALES, here="C2"))


async def test_the_same_trouble_is_told_whichever_channel_answers_first(empty: Desk) -> None:
    await empty.fail(typed="ZD-1 Lost")
    await empty.ask(BEN, "case.fail", typed="ZD-1 Lost", channel=SALES, here="C2")
    slow = asyncio.Event()

    async def includes(workspace: str, channel_id: str, person: Person, *, unnamed: bool) -> bool:
        if channel_id == "C1":
            await slow.wait()
            raise MembershipUnknown
        slow.set()
        raise Refused("This channel is closed.")

    empty.memberships.includes = includes  # type: ignore[method-assign]
    reply = await empty.ask(OUTSIDER, "recovery.open", "", typed="ZD-1", channel=DIRECT, here="D7")
    assert words(reply) == "This channel is closed."


async def test_whoever_has_left_the_channel_may_still_put_their_own_answer_right(empty: Desk) -> None:
    answer = await _begun(empty)
    refused = []
    for person in (BEN, CLEO):
        empty.memberships.channels[person.id] = set()
        text = {"text": f"A list of {person.name}'s"}
        reply = await empty.ask(person, "retro.edit_answer", answer, text, channel=DIRECT, here="D7")
        refused.append(reply.refused)
    assert refused == [False, True]
    (stored,) = empty.answers(CASE)
    assert stored.text == "A list of Ben's"


async def test_whoever_has_something_to_do_in_a_channel_that_is_closed_to_the_bot_reads_why(
    empty: Desk,
) -> None:
    await _begun(empty)
    empty.memberships.channels[BEN.id] = set()
    asked = []

    async def check_open(workspace: str, channel_id: str) -> None:
        asked.append(channel_id)
        raise Refused("This channel is closed.")

    empty.memberships.check_open = check_open  # type: ignore[method-assign]
    values = {"changed": "A note"}
    reply = await empty.ask(BEN, "action_item.done", ITEM, values, channel=DIRECT, here="D7")
    assert words(reply) == "This channel is closed."
    assert asked == ["C1"]
    assert empty.item(ITEM).state == "proposed"


async def test_a_button_of_a_message_that_this_database_does_not_know_opens_nothing(
    empty: Desk,
) -> None:
    """A restored backup gives numbers again: another customer's case is C-1 now."""
    empty.at = AT + timedelta(days=1)
    await empty.fail(typed="ZD-9 Another customer's parcel")
    await empty.add_item(ANA)
    gone = CaseRef(number=1, key=key_of(1, AT))
    theirs = ItemRef(number=1, key=key_of(1, AT))
    for command_name, reference in (
        ("retro.answer", gone.at("training")),
        ("retro.close", gone),
        ("recovery.open", gone),
        ("case.read", gone),
        ("action_item.done", theirs),
        ("action_item.take", theirs),
    ):
        for values in (None, VALUES.get(command_name)):
            reply = await empty.ask(ANA, command_name, str(reference), values, here="C1")
            assert words(reply) == lost(reference.label), command_name
            assert reply.form is None
    assert empty.retro("C-1").state == "open"


@pytest.mark.parametrize("keyed", [True, False])
async def test_a_button_works_with_its_key_and_as_the_program_before_wrote_it_without(
    empty: Desk, keyed: bool
) -> None:
    await empty.fail()
    label = await empty.add_item(ANA)
    case, item = empty.ref(CASE) if keyed else CASE, str(empty.item(label).ref) if keyed else label
    assert ("~" in case, "~" in item) == (keyed, keyed)
    opened = await empty.ask(MEMBER, "retro.answer", f"{case}/training")
    assert opened.form is not None
    assert opened.form.fields[0].name == "training"
    assert not (await empty.ask(MEMBER, "action_item.take", item)).refused
    assert empty.item(label).owner == MEMBER.id


async def test_a_message_that_was_pointed_at_opens_a_form_and_lets_nobody_past_it(
    desk: Desk, answer: str
) -> None:
    source = SourceMessage(text="Lost", link="https://example.com/m", thread="m-retro:1", author=BEN)
    before = _stored(desk.database)
    for verb, values in (
        ("action_item.add_message", VALUES["action_item.add"]),
        ("action_item.done", VALUES["action_item.done"]),
        ("retro.close", VALUES["retro.close"]),
    ):
        about = ITEM if verb == "action_item.done" else CASE
        way = {"channel": SALES, "here": "C2", "source": source}
        reply = await desk.ask(OUTSIDER, verb, about, values, **way)
        assert words(reply) == missing(about), verb
    assert _stored(desk.database) == before


async def test_a_case_and_its_retro_are_referred_to_alike(empty: Desk) -> None:
    await empty.fail()
    await empty.ask(ANA, "case.fail", values={"what_happened": "Old"}, bulk=True)
    with open_work(empty.database, empty.workspace, writes=False) as work:
        for number in (1, 2):
            case, retro = work.cases.get(number), work.retros.get(number)
            assert case is not None
            assert retro is not None
            assert case.ref == retro.ref


async def test_where_nobody_says_who_is_in_which_channel_nothing_is_shown(
    desk: Desk, answer: str
) -> None:
    desk.bot.memberships.clear()
    for person in (MEMBER, OUTSIDER):
        shown = await desk.ask(person, "case.read", CASE, channel=SALES, here="C2")
        assert words(shown) == access.NO_ANSWER_NOW
    assert words(await desk.ask(MEMBER, "case.read", CASE, here="C1")) != access.NO_ANSWER_NOW
