"""A lead lets a connection lead to another of their channels: what goes there, and what stays."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.access import NO_ANSWER_NOW
from bot.bootstrap import helpdesks
from bot.command import Reply
from bot.commands import signal as signal_commands
from bot.commands import ticket_words
from bot.domain.channel import Channel
from bot.domain.connection import IN_A_ROW, Connection
from bot.domain.person import Person
from bot.domain.prompt import Kind
from bot.domain.proposal import Proposal
from bot.domain.team import Team
from bot.jobs import note as note_jobs
from bot.messages.connection import NO_SUCH_CHANNEL
from bot.messages.parts import Button, Message, plain, pressable
from bot.prompts import PROMPTS
from bot.settings import Settings
from storage.database import Database
from tests.desk import ANA, AT, BEN, CLEO, SUPPORT, Desk, words
from tests.jobs.test_proposal import ID, tell
from tests.session import open_work

ABOUT, HERE = f"connection:{ID}", "connections:C1"
SALES, DEPOT = Channel(id="C2", name="sales"), Channel(id="C3", name="depot")
OLGA = Person(id="U7", name="Olga", zone="Europe/Warsaw")
AFTER = AT + timedelta(hours=1)
MET = "rating 2 or lower"
NO_CONNECTION = "I can't find that connection. It may have been removed."
NO_PROPOSAL = "I can't find this proposal. It may be another channel's."


class House(Desk):
    """Ana leads #support and #sales, Ben leads #depot; a helpdesk leads to #support.

    Ben is in #support too, Cleo in #sales only, Olga in #depot only.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        theirs = {ANA: {"C1", "C2"}, BEN: {"C1", "C3"}, CLEO: {"C2"}, OLGA: {"C3"}}
        self.memberships.channels = {person.id: channels for person, channels in theirs.items()}
        with open_work(database, self.workspace, writes=True) as work:
            work.people.remember(*theirs)
            for channel, lead, zone in (
                (SUPPORT, ANA, "Europe/Stockholm"),
                (SALES, ANA, "Pacific/Auckland"),
                (DEPOT, BEN, "UTC"),
            ):
                work.channels.remember(channel)
                of = {"channel_id": channel.id, "name": channel.name, "lead": lead.id, "made_at": AT}
                work.teams.add(Team.model_validate({**of, "zone": zone}))
            to = {"channel_id": "C1", "product": "generic", "made_by": ANA.id, "made_at": AT}
            work.connections.add(Connection.model_validate({"id": ID, **to, "a_day": 2}))
            work.commit()

    def change(self, **changed: Any) -> None:
        """The connection, changed beside all rules."""
        with open_work(self.database, self.workspace, writes=True) as work:
            connection = work.connections.hold(ID)
            assert connection is not None
            work.connections.save(connection.model_copy(update=changed))
            work.commit()

    def change_team(self, channel_id: str, **changed: Any) -> None:
        """A team, changed beside all rules."""
        with open_work(self.database, self.workspace, writes=True) as work:
            work.teams.save(work.teams.require(channel_id).model_copy(update=changed))
            work.commit()

    def connection(self) -> Connection:
        """As stored."""
        with open_work(self.database, self.workspace, writes=False) as work:
            found = work.connections.get(ID)
        assert found is not None
        return found

    def proposal(self, number: int = 1) -> Proposal:
        """As stored."""
        with open_work(self.database, self.workspace, writes=False) as work:
            found = work.proposals.get(number)
        assert found is not None
        return found

    def channel_of(self, key: str) -> str:
        """Where a message was said."""
        with open_work(self.database, self.workspace, writes=False) as work:
            found = work.sent_messages.get(key)
        assert found is not None, key
        return found.channel_id

    async def tell(self, number: int = 1, at: datetime = AT, *, by: str = ID, **said: Any) -> None:
        """The helpdesk, or another one, tells of ticket HD-`number`."""
        await tell(self, number, at, by=by, **{"customer": "Eva", **said})

    async def form(self, person: Person = ANA) -> dict[str, str]:
        """What stands in the form of the rules, with what it carries."""
        form = (await self.ask(person, "connection.edit", ABOUT)).form
        assert form is not None
        return {**form.hidden, **{field.name: field.value for field in form.fields}}

    async def move(self, channel_id: str = "C2", **more: Any) -> Reply:
        """Ana chooses another channel in the form."""
        at = more.pop("at", AT)
        chosen = {**await self.form(), "goes_to": channel_id, **more}
        return await self.ask(ANA, "connection.edit", ABOUT, chosen, at=at)


@pytest.fixture
def house(sqlite: Database) -> House:
    return House(sqlite)


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[House]:
    """One that seals secrets, and can be reached by helpdesks."""
    database = Database(f"sqlite:///{tmp_path / 'amends.db'}", keys=["a key of some length"])
    database.prepare()
    keyed = House(database)
    keyed.bot.helpdesks = helpdesks(Settings(_env_file=None, amends_url="https://amends.example.com"))
    yield keyed
    database.close()


def choices(reply: Reply, name: str) -> list[str]:
    """The labels that a field offers; none where it is left out."""
    assert reply.form is not None
    [found] = [field.options for field in reply.form.fields if field.name == name] or [()]
    return [option.label for option in found]


def button(message: Message, label: str) -> Button:
    return next(each for each in pressable(message) if each.label == label)


async def test_who_leads_one_team_only_is_not_asked_for_a_channel_and_others_for_theirs(
    keyed: House,
) -> None:
    assert choices(await keyed.ask(BEN, "connection.add", "connections:C3"), "goes_to") == []
    for command_name, about in (("connection.edit", ABOUT), ("connection.add", HERE)):
        reply = await keyed.ask(ANA, command_name, about)
        assert choices(reply, "goes_to") == ["#support", "#sales"]
    with open_work(keyed.database, keyed.workspace, writes=True) as work:
        work.channels.remember(SALES.model_copy(update={"gone": True}))
        work.commit()
    assert choices(await keyed.ask(ANA, "connection.edit", ABOUT), "goes_to") == []


async def test_from_the_next_delivery_on_it_goes_to_the_other_channel_and_is_managed_there(
    house: House,
) -> None:
    await house.tell(1)
    house.say_all()
    reply = await house.move()
    assert words(reply).startswith(
        "Saved: what meets the rules goes to #sales from the next delivery on. What was proposed before "
        "stays where it is.\nHelpdesks of #sales\n"
    )
    assert MET in words(reply)
    await house.tell(2, AFTER)
    said = house.say_all()
    assert list(said) == ["proposal:2"]
    assert [house.proposal(number).channel_id for number in (1, 2)] == ["C1", "C2"]
    assert [house.channel_of(f"proposal:{number}") for number in (1, 2)] == ["C1", "C2"]
    assert MET not in words(await house.ask(ANA, "connections.show", HERE))
    assert MET in words(await house.ask(ANA, "connections.show", "connections:C2"))
    house.change(action="open")
    await house.tell(3, AFTER)
    assert house.proposal(3).case_number == 1
    by_rules = plain(house.say_all()["retro:1"])
    assert house.channel_of("retro:1") == "C2"
    assert "A helpdesk's rules opened this · Rated 1 of 5, very bad" in by_rules
    await house.ask(ANA, "proposal.open", "P-2")
    assert "rules opened this" not in plain(house.say_all()["retro:2"])


async def test_a_new_connection_can_lead_to_another_of_their_channels_at_once(keyed: House) -> None:
    chosen = {**await keyed.form(), "product": "generic", "goes_to": "C2"}
    reply = await keyed.ask(ANA, "connection.add", HERE, chosen)
    assert not reply.faults, reply.faults
    with open_work(keyed.database, keyed.workspace, writes=False) as work:
        [made] = work.connections.in_channel("C2")
    assert (made.former_channels, made.made_by) == ((), ANA.id)


NOT_THEIRS = {
    "of another lead": "C3",
    "of nobody": "C99",
    "nonsense": "C2, or ../C2",
    "archived": "C2",
    "left": "C2",
    "another workspace's": "C5",
}


@pytest.mark.parametrize(("why", "channel_id"), NOT_THEIRS.items())
@pytest.mark.parametrize("command_name", ["connection.edit", "connection.add"])
async def test_a_channel_that_they_cannot_give_it_to_is_refused_beside_the_field(
    keyed: House, why: str, channel_id: str, command_name: str
) -> None:
    if why == "archived":
        keyed.memberships.archived = {"C2"}
    if why == "left":
        keyed.memberships.channels[ANA.id] = {"C1"}
    with open_work(keyed.database, "test:2", writes=True) as work:
        work.channels.remember(Channel(id="C5", name="elsewhere"))
        work.teams.add(Team(channel_id="C5", name="elsewhere", lead=ANA.id, made_at=AT))
        work.commit()
    chosen = {**await keyed.form(), "product": "generic", "goes_to": channel_id}
    about = ABOUT if command_name == "connection.edit" else HERE
    reply = await keyed.ask(ANA, command_name, about, chosen)
    assert reply.faults == {"goes_to": NO_SUCH_CHANNEL}
    assert keyed.connection().channel_id == "C1"
    with open_work(keyed.database, keyed.workspace, writes=False) as work:
        assert len(work.connections.in_channel("C1")) == 1
        assert [work.connections.in_channel(other) for other in ("C2", "C3", "C5")] == [[], [], []]


async def test_who_leads_one_team_only_cannot_make_a_channel_up(house: House) -> None:
    house.change(channel_id="C3")
    made_up = {**await house.form(BEN), "goes_to": "C1"}  # he is in it, and does not lead it
    reply = await house.ask(BEN, "connection.edit", ABOUT, made_up)
    assert reply.faults == {"goes_to": NO_SUCH_CHANNEL}
    beside = await house.ask(BEN, "connection.edit", ABOUT, {**made_up, "rating": "6"})
    assert set(beside.faults) == {"goes_to", "rating"}
    assert house.connection().channel_id == "C3"


async def test_where_nobody_says_who_is_in_it_nothing_is_changed(house: House) -> None:
    chosen = {**await house.form(), "goes_to": "C2"}
    house.memberships.unsaid = {"C2"}
    reply = await house.ask(ANA, "connection.edit", ABOUT, chosen)
    assert NO_ANSWER_NOW in (*reply.faults.values(), words(reply))
    assert house.connection().channel_id == "C1"


async def test_a_channel_that_somebody_else_saved_meanwhile_is_not_replaced_unseen(house: House) -> None:
    late = await house.form()
    await house.move()
    reply = await house.ask(ANA, "connection.edit", ABOUT, {**late, "rating": "1"})
    assert reply.form is not None
    assert "#sales" in str(reply.form.parts)
    assert (house.connection().channel_id, house.connection().rules.rating) == ("C2", 2)


async def test_what_was_proposed_before_is_decided_by_the_members_of_its_channel_alone(
    house: House,
) -> None:
    for number in range(1, 7):
        await house.tell(number)
    said = house.say_all()
    [rest] = [message for key, message in said.items() if key.startswith("gathered:")]
    all_of_it = button(rest, "Show all 4").about
    await house.move()
    asked = (
        ("proposal.wave_off", "P-1", None),
        ("proposal.say_why", "P-1", {"why": "It was small."}),
        ("proposal.open", "P-2", None),
        ("proposal.show_all", all_of_it, None),
    )
    for command_name, about, values in asked:
        for stranger in (CLEO, OLGA):
            reply = await house.ask(stranger, command_name, about, values, channel=None)
            assert (reply.faults.get("") or words(reply)) == NO_PROPOSAL, (command_name, stranger)
    assert house.proposal().state == "proposed"
    for command_name, about, values in asked:
        reply = await house.ask(BEN, command_name, about, values, channel=None)
        assert not reply.refused, (command_name, words(reply))
    assert (house.proposal(1).state, house.proposal(2).state) == ("waved off", "opened")
    house.say_all()
    assert house.channel_of("retro:1") == "C1"


@pytest.mark.parametrize("command_name", ["connection.edit", "connection.show_deliveries"])
async def test_the_connection_is_not_there_any_more_for_who_is_in_its_former_channel_only(
    house: House, command_name: str
) -> None:
    await house.move()
    for stranger in (BEN, OLGA):
        reply = await house.ask(stranger, command_name, ABOUT, channel=None)
        assert words(reply) == NO_CONNECTION
    member = await house.ask(CLEO, command_name, ABOUT, channel=None)
    assert "ask Ana" in words(member)


async def test_what_waits_in_the_former_channel_is_decided_there_also_once_the_connection_is_removed(
    house: House,
) -> None:
    await house.tell(1)
    await house.move()
    await house.tell(2, AFTER)
    form = (await house.ask(ANA, "connection.remove", ABOUT)).form
    assert form is not None
    assert "1 case that it proposed is waved off" in str(form.parts)
    assert (await house.ask(ANA, "connection.remove", ABOUT, {})).done
    assert [house.proposal(number).state for number in (1, 2)] == ["proposed", "waved off"]
    opened = await house.ask(BEN, "proposal.open", "P-1")
    assert words(opened) == "C-1 is marked failed. Its retro opens in support."


async def test_one_message_gathers_the_rest_of_a_day_in_each_channel(house: House) -> None:
    for number in range(1, 4):
        await house.tell(number)
    await house.move()
    # In #sales nobody has heard of any yet, and so of as many a day as anywhere.
    for number in range(4, 7):
        await house.tell(number, AFTER)
    said = house.say_all()
    gathered = {key: plain(message) for key, message in said.items() if key.startswith("gathered:")}
    assert list(gathered) == [f"gathered:{ID}:C1:2026-03-05", f"gathered:{ID}:C2:2026-03-06"]
    assert [house.channel_of(key) for key in gathered] == ["C1", "C2"]
    for (key, told), number in zip(gathered.items(), (3, 6), strict=True):
        assert "1 more ticket may be a failed case." in told
        assert f"Nobody came ({number})." in told, key


async def test_a_day_is_its_own_channels_also_once_the_connection_is_in_another_zone(
    house: House,
) -> None:
    late = datetime(2026, 3, 5, 22, 30, tzinfo=UTC)  # the 5th in Stockholm, the 6th in Auckland
    for number in range(1, 8):
        await house.tell(number, late)
    said = house.say_all(late)
    rest = said[f"gathered:{ID}:C1:2026-03-05"]
    await house.move(at=late)
    await house.ask(BEN, "proposal.wave_off", "P-7", at=late)
    [edited] = house.say_all(late).values()
    assert "4 more tickets may be failed cases." in plain(edited)
    every = await house.ask(BEN, "proposal.show_all", button(rest, "Show all 5").about, at=late)
    assert "4 wait for somebody to decide." in words(every)


async def test_the_kind_goes_where_the_other_team_does_not_have_it_and_one_chosen_has_to_be_its_own(
    house: House,
) -> None:
    house.change_team("C1", kinds=(Kind(key="k1", name="Delivery", prompts=PROMPTS),))
    house.change(kind="Delivery")
    form = await house.ask(ANA, "connection.edit", ABOUT)
    assert choices(form, "kind") == ["Delivery"]
    kinds = tuple(Kind(key=name, name=name, prompts=PROMPTS) for name in ("Returns", "Post"))
    house.change_team("C2", kinds=kinds)
    form = await house.ask(ANA, "connection.edit", ABOUT)
    assert choices(form, "kind") == ["Delivery", "Returns", "Post"]
    other = await house.ask(ANA, "connection.edit", ABOUT, {**await house.form(), "kind": "Post"})
    assert other.faults == {"kind": "#support has no such kind: choose Delivery, or leave this empty."}
    moved = await house.move()
    assert "#sales has no kind Delivery: the kind is now what the ticket says." in words(moved)
    assert house.connection().kind is None
    back = await house.move("C1", kind="Post")
    assert back.faults == {"kind": "#support has no such kind: choose Delivery, or leave this empty."}
    await house.move("C1", kind="delivery")
    assert (house.connection().channel_id, house.connection().kind) == ("C1", "Delivery")
    house.change_team("C1", kinds=())
    unchanged = await house.ask(ANA, "connection.edit", ABOUT, await house.form())
    assert not unchanged.faults
    assert house.connection().kind == "Delivery"
    nothing = await house.ask(ANA, "connection.edit", ABOUT, {**await house.form(), "kind": "Post"})
    assert nothing.faults == {"kind": "#support has no kinds of case: leave this empty."}


async def test_a_proposal_of_before_is_opened_as_the_kind_that_its_own_team_has(house: House) -> None:
    house.change_team("C1", kinds=(Kind(key="k1", name="Delivery", prompts=PROMPTS),))
    await house.tell(kind="delivery")
    house.change_team("C2", kinds=(Kind(key="k2", name="Post", prompts=PROMPTS),))
    await house.move(kind="Post")
    await house.ask(BEN, "proposal.open", "P-1")
    with open_work(house.database, house.workspace, writes=False) as work:
        assert work.cases.require(1).kind == "Delivery"


async def test_a_ticket_marked_by_hand_while_it_led_there_stays_with_that_case(house: House) -> None:
    await house.fail(typed="HD-1 Parcel missed twice")
    house.say_all()
    await house.move(at=AFTER)
    await house.tell(1, AFTER, rating=5, words="Sorted, thank you.")
    tied = house.proposal()
    assert (tied.channel_id, tied.case_number, tied.state) == ("C1", 1, "opened")
    card = plain(house.say_all()["recovery:1"])
    assert "Sorted, thank you." in card
    assert house.channel_of("recovery:1") == "C1"


async def test_who_marks_a_ticket_failed_in_the_former_channel_now_reads_nothing_of_it(
    house: House,
) -> None:
    await house.move()
    await house.ask(BEN, "case.fail", typed="HD-1 Parcel missed twice", at=AFTER)
    house.say_all()
    await house.tell(1, AFTER + timedelta(hours=1), words="My doctor is furious.")
    assert (house.proposal().channel_id, house.proposal().case_number) == ("C2", None)
    await house.ask(ANA, "case.fail", typed="HD-2 Letter lost", channel=SALES, at=AFTER)
    await house.tell(2, AFTER + timedelta(hours=1))
    assert (house.proposal(2).channel_id, house.proposal(2).case_number) == ("C2", 2)


async def test_a_customers_word_in_one_channel_is_not_shown_in_their_cases_of_the_other(
    house: House,
) -> None:
    await house.tell(1)
    await house.ask(BEN, "proposal.open", "P-1")
    house.say_all()
    await house.move()
    await house.tell(2, AFTER, rating=1, words="Again!")
    assert list(house.say_all()) == ["proposal:2"]
    assert house.proposal(1).later is None
    await house.tell(1, AFTER, rating=5, words="This one is fine.")
    assert "This one is fine." in plain(house.say_all()["recovery:1"])


async def test_notes_on_the_tickets_of_before_go_out_as_ever(house: House) -> None:
    house.change(token="sealed")
    await house.tell(1)
    await house.move()
    await house.ask(BEN, "proposal.open", "P-1")
    with open_work(house.database, house.workspace, writes=False) as work:
        [owed] = note_jobs.owed(1, AT, work)
        assert "#support" in plain(house.bot.speak(owed, work) or pytest.fail("nothing to say"))


async def test_what_arrived_for_another_channel_is_not_among_its_last_deliveries(house: House) -> None:
    await house.tell(1)
    await house.move(at=AFTER)
    await house.tell(2, AFTER + timedelta(hours=1))
    await house.tell(1, AFTER + timedelta(hours=2), words="My doctor is furious.", rating=5)
    told = words(await house.ask(ANA, "connection.show_deliveries", ABOUT))
    assert ("HD-1" in told, "doctor" in told, "HD-2" in told) == (False, False, True)


async def test_the_lead_of_its_channel_is_asked_to_change_the_rules(house: House) -> None:
    house.change(a_day=50)
    await house.move()
    house.change_team("C2", lead=CLEO.id)
    for number in range(1, IN_A_ROW + 1):
        await house.tell(number, AFTER)
        await house.ask(CLEO, "proposal.wave_off", f"P-{number}", channel=None, at=AFTER)
    [key] = [key for key in house.say_all() if key.startswith("rules:")]
    assert key.endswith(f":{CLEO.id}")


async def test_what_was_read_on_a_ticket_of_before_is_no_delivery_to_the_other_channel(
    house: House,
) -> None:
    house.change(token="sealed")
    await house.tell(1, words="", customer="", wordless=True)
    await house.move(at=AFTER)
    refused = {"connection_id": ID, "why": "The signature or secret is another."}
    await house.ask(signal_commands.HELPDESK, "signal.refuse", values=refused, channel=None, at=AFTER)
    read = ticket_words.values(1, "My doctor is furious.", "Eva")
    later = AFTER + timedelta(hours=1)
    await house.ask(signal_commands.HELPDESK, "proposal.fill_in", values=read, channel=None, at=later)
    assert house.proposal().signal.words == "My doctor is furious."
    told = words(await house.ask(ANA, "connection.show_deliveries", ABOUT))
    assert ("doctor" in told, "Refused 2026-03-05 15:30" in told) == (False, True)


@pytest.mark.parametrize("how", ["another leads", "left", "moved to a channel of another"])
async def test_whoever_waits_for_a_test_reads_nothing_once_it_is_not_theirs(
    house: House, how: str
) -> None:
    waits = {"test_for": ANA.id, "test_until": AT + timedelta(hours=1)}
    house.change(**waits)
    if how == "another leads":
        house.change_team("C1", lead=BEN.id)
    elif how == "left":
        with open_work(house.database, house.workspace, writes=True) as work:
            work.people.remember(ANA.model_copy(update={"gone": True}))
            work.commit()
    else:
        house.change(channel_id="C3")
    told = {"connection_id": ID, "why": "reference is missing."}
    await house.ask(signal_commands.HELPDESK, "signal.refuse", values=told, channel=None)
    await house.tell(1)
    assert list(house.say_all()) == ["proposal:1"]


async def test_a_customer_is_forgotten_in_what_was_told_while_it_led_to_their_channel(
    house: House,
) -> None:
    await house.tell(7, rating=4, customer="", words="The vase of my mother broke.")
    await house.fail(typed="HD-7 Parcel broke")
    await house.move()
    await house.bot.forget(house.workspace, 1, AFTER)
    with open_work(house.database, house.workspace, writes=False) as work:
        [left] = work.deliveries.last(ID, 9)
    assert "vase" not in left.model_dump_json()
