"""What becomes of a proposed case: one reminder, and an end by itself; and of a customer forgotten."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from bot.bot import Bot
from bot.commands import forget as forget_commands
from bot.commands import signal as signal_commands
from bot.domain import forget as domain
from bot.domain.connection import IN_A_ROW, Connection
from bot.domain.errors import Refused
from bot.domain.forget import Scrub
from bot.domain.proposal import Proposal
from bot.domain.signal import Signal, SignalDelivery
from bot.domain.team import Team
from bot.messages.parts import plain, pressable
from storage.database import Database
from tests.desk import ANA, AT, BEN, SUPPORT, Desk, words
from tests.session import open_work

ID = "0f" * 20
"""The connection of #support, of which Ana is the lead. AT is a Thursday, 15:30 in her zone."""
DAY = timedelta(days=1)


@pytest.fixture
def desk(sqlite: Database) -> Desk:
    """With a connection that lets two a day be told one by one."""
    return connected(sqlite)


def connected(database: Database) -> Desk:
    """The same on another database."""
    desk = Desk(database)
    desk.meet(ANA)
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.channels.remember(SUPPORT)
        zone = {"zone": "Europe/Stockholm", "lead": ANA.id, "made_at": AT}
        work.teams.add(Team(channel_id=SUPPORT.id, name=SUPPORT.name, **zone))
        made = Connection(
            id=ID, channel_id=SUPPORT.id, product="generic", made_by=ANA.id, made_at=AT, a_day=2
        )
        work.connections.add(made)
        work.commit()
    return desk


async def tell(desk: Desk, number: int = 1, at: datetime = AT, *, by: str = ID, **said: Any) -> None:
    """A helpdesk tells of ticket HD-`number`; `by` which connection."""
    given = {"words": f"Nobody came ({number}).", "rating": 1, "customer": "Maria Santos", **said}
    of_it = {"ticket": f"t{number}", "reference": f"HD-{number}", "at": at}
    signal = Signal.model_validate({**of_it, **given})
    key = f"{number} {at.isoformat()} {signal.rating}"
    delivery = SignalDelivery(connection_id=by, key=key, arrived_at=at, signal=signal)
    values = signal_commands.values(by, (delivery,))
    request = signal_commands.helpdesk_request(desk.workspace, "signal.take_in", values, at)
    bot: Bot = desk.bot
    reply = await bot.answer(request)
    assert reply.saved, reply
    assert not reply.refused, reply


def proposal(desk: Desk, number: int = 1) -> Proposal:
    """As stored."""
    with open_work(desk.database, desk.workspace, writes=False) as work:
        found = work.proposals.get(number)
    assert found is not None
    return found


def morning(day: int) -> datetime:
    """09:30 in Stockholm, on a day of March."""
    return datetime(2026, 3, day, 8, 30, tzinfo=UTC)


async def test_the_lead_is_reminded_once_in_working_hours_and_never_again(desk: Desk) -> None:
    await tell(desk)
    assert set(desk.say_all()) == {"proposal:1"}
    assert await desk.tick(morning(6)) == {}
    assert await desk.tick(morning(7)) == {}  # a Saturday
    [(key, reminder)] = (await desk.tick(morning(9))).items()
    assert key == f"remind:{ANA.id}:2026-03-09:0"
    assert "nobody has decided yet" in plain(reminder)
    assert [button.label for button in pressable(reminder)] == ["Open the retro", "Not this one"]
    for day in (10, 11, 12, 13, 16, 17, 18):
        assert await desk.tick(morning(day)) == {}, day


async def test_what_is_decided_reminds_nobody_and_a_reminder_that_was_said_says_what_came_of_it(
    desk: Desk,
) -> None:
    await tell(desk, 1)
    await tell(desk, 2)
    desk.say_all()
    await desk.ask(BEN, "proposal.open", "P-1")
    desk.say_all()
    said = await desk.tick(morning(9))
    assert "HD-1" not in plain(said[f"remind:{ANA.id}:2026-03-09:0"])
    await desk.ask(ANA, "proposal.wave_off", "P-2", at=morning(9))
    over = desk.say_all(morning(9))
    assert plain(over[f"remind:{ANA.id}:2026-03-09:0"]) == "Nobody came (2). · HD-2 · waved off"


async def test_what_is_waved_off_with_its_connection_says_so_in_every_message_once(desk: Desk) -> None:
    for number in range(1, 6):
        await tell(desk, number)
    await tell(desk, 6, AT + DAY)
    await tell(desk, 7, AT + DAY)
    await tell(desk, 8, AT + DAY)
    desk.say_all()
    await desk.tick(morning(9))
    await desk.ask(BEN, "proposal.open", "P-2")
    desk.say_all()
    desk.spoken.clear()
    await desk.ask(ANA, "connection.remove", f"connection:{ID}", {}, at=morning(9))
    over = desk.say_all(morning(9))
    reminded = f"remind:{ANA.id}:2026-03-09:0"
    gathered = [f"gathered:{ID}:C1:2026-03-0{day}" for day in (5, 6)]
    assert sorted(desk.spoken) == sorted(over)
    assert sorted(over) == sorted(["proposal:1", "proposal:6", "proposal:7", *gathered, reminded])
    assert "Ana waved this off: The helpdesk was disconnected." in plain(over["proposal:1"])
    assert "Nobody came (1). · HD-1 · waved off" in plain(over[reminded])
    assert {plain(over[key]).startswith("Nothing is left to decide") for key in gathered} == {True}
    assert proposal(desk, 2).state == "opened"
    for day in (10, 19):
        assert not [key for key in await desk.tick(morning(day)) if key.startswith("proposal")]


async def test_what_was_gathered_in_another_channel_before_stays_there_to_be_decided(desk: Desk) -> None:
    for number in range(1, 4):
        await tell(desk, number)
    with open_work(desk.database, desk.workspace, writes=True) as work:
        team = work.teams.require(SUPPORT.id)
        work.teams.add(team.model_copy(update={"channel_id": "C2", "version": 1}))
        connection = work.connections.hold(ID)
        assert connection is not None
        work.connections.save(connection.model_copy(update={"channel_id": "C2"}))
        work.commit()
    for number in range(4, 7):
        await tell(desk, number)
    before, here = (f"gathered:{ID}:{channel_id}:2026-03-05" for channel_id in ("C1", "C2"))
    assert {before, here} <= set(desk.say_all())
    await desk.ask(ANA, "connection.remove", f"connection:{ID}", {})
    edited = desk.say_all()
    assert plain(edited[here]).startswith("Nothing is left to decide")
    assert before not in edited
    assert [proposal(desk, number).state for number in (3, 6)] == ["proposed", "waved off"]


async def test_what_was_waved_off_with_its_connection_can_still_be_opened(desk: Desk) -> None:
    await tell(desk)
    desk.say_all()
    await desk.ask(ANA, "connection.remove", f"connection:{ID}", {})
    waved = await desk.ask(BEN, "proposal.wave_off", "P-1")
    assert (waved.already, words(waved)) == (True, "Ana waved this off: The helpdesk was disconnected.")
    assert (await desk.ask(BEN, "proposal.say_why", "P-1", {"why": "The courier called."})).done
    assert "Ana waved this off: The courier called." in plain(desk.say_all()["proposal:1"])
    assert "C-1 is marked failed" in words(await desk.ask(BEN, "proposal.open", "P-1"))
    assert "Nobody came (1)." in plain(desk.say_all()["retro:1"])


async def test_what_is_opened_while_its_connection_is_removed_is_opened_once(database: Database) -> None:
    desk = connected(database)
    for number in (1, 2):
        await tell(desk, number)
    desk.say_all()
    about = f"connection:{ID}"
    opened, removed, waved = await asyncio.gather(
        desk.ask(BEN, "proposal.open", "P-1"),
        desk.ask(ANA, "connection.remove", about, {}),
        desk.ask(BEN, "proposal.wave_off", "P-2"),
    )
    assert opened.done, opened
    assert removed.done, removed
    assert waved.saved, waved
    first, second = proposal(desk, 1), proposal(desk, 2)
    assert (first.state, first.case_number, second.state) == ("opened", 1, "waved off")
    assert len([change for change in second.history if change.step == "wave_off"]) == 1
    assert "Ben opened the retro C-1" in plain(desk.say_all()["proposal:1"])
    assert (await desk.ask(ANA, "connection.remove", about, {})).refused


async def test_after_ten_working_days_it_goes_away_by_an_edit_and_is_counted_in_the_weekly(
    desk: Desk,
) -> None:
    await tell(desk)
    desk.say_all()
    await desk.tick(morning(9))
    await desk.tick(morning(18))
    assert proposal(desk).state == "proposed"
    said = await desk.tick(morning(19))
    assert "Nobody decided this in 10 working days" in plain(said["proposal:1"])
    assert [button.label for button in pressable(said["proposal:1"])] == ["Open the retro"]
    assert set(said) == {"proposal:1", f"remind:{ANA.id}:2026-03-09:0"}
    assert plain(said[f"remind:{ANA.id}:2026-03-09:0"]).endswith(" · went away")
    weekly = (await desk.tick(morning(23)))["weekly:C1:2026-03-23"]
    assert "1 proposed case of a helpdesk went away last week" in plain(weekly)
    assert await desk.tick(morning(30)) == {}
    reply = await desk.ask(BEN, "proposal.open", "P-1", at=morning(30))
    assert "marked failed" in words(reply)


async def test_gathered_ones_remind_nobody_and_go_away_as_well(desk: Desk) -> None:
    for number in range(4):
        await tell(desk, number)
    desk.say_all()
    said = await desk.tick(morning(9))
    told = plain(said[f"remind:{ANA.id}:2026-03-09:0"])
    assert "2 things" in told
    lapsed = await desk.tick(morning(19))
    assert {proposal(desk, number).state for number in range(1, 5)} == {"lapsed"}
    assert "Nothing is left to decide" in plain(lapsed[f"gathered:{ID}:C1:2026-03-05"])


async def test_after_many_waved_off_in_a_row_the_lead_is_asked_once_to_change_the_rules(
    desk: Desk,
) -> None:
    for number in range(1, IN_A_ROW + 4):
        await tell(desk, number)
    await desk.ask(BEN, "proposal.open", "P-1")
    for number in range(2, IN_A_ROW + 1):
        await desk.ask(BEN, "proposal.wave_off", f"P-{number}")
        await desk.ask(BEN, "proposal.say_why", f"P-{number}", {"why": "The courier called."})
    assert not [key for key in desk.say_all() if key.startswith("rules:")]
    for number in range(IN_A_ROW + 1, IN_A_ROW + 4):
        await desk.ask(BEN, "proposal.wave_off", f"P-{number}")
    asked = {key: message for key, message in desk.say_all().items() if key.startswith("rules:")}
    assert len(asked) == 1
    [(key, message)] = asked.items()
    assert key.endswith(f":{ANA.id}")
    assert [button.label for button in pressable(message)] == ["Change the rules"]
    quiet = plain(message).splitlines()[-1]
    assert quiet.startswith(
        f"They came by: rating 2 or lower ({IN_A_ROW}). For 7 of them somebody said why"
    )


async def test_what_other_rules_let_through_says_nothing_of_those_in_force(desk: Desk) -> None:
    for number in range(1, IN_A_ROW + 3):
        await tell(desk, number)
    for number in range(1, IN_A_ROW + 1):
        await desk.ask(BEN, "proposal.wave_off", f"P-{number}")
    assert asked(desk)
    about = f"connection:{ID}"
    form = (await desk.ask(ANA, "connection.edit", about)).form
    assert form is not None
    narrower = {**form.hidden, **{field.name: field.value for field in form.fields}, "rating": "1"}
    saved = await desk.ask(ANA, "connection.edit", about, narrower, at=morning(6))
    assert saved.done, saved
    await desk.ask(BEN, "proposal.wave_off", f"P-{IN_A_ROW + 1}", at=morning(6))
    assert not asked(desk, morning(6))
    for number in range(IN_A_ROW + 3, 2 * IN_A_ROW + 3):
        await tell(desk, number, morning(9))
        assert not asked(desk, morning(9)), number
        await desk.ask(BEN, "proposal.wave_off", f"P-{number}", at=morning(9))
    assert asked(desk, morning(9))


def asked(desk: Desk, at: datetime = AT) -> list[str]:
    """The keys of questions about rules that are said now."""
    return [key for key in desk.say_all(at) if key.startswith("rules:")]


async def test_waving_off_takes_one_click_a_why_is_welcome_and_a_mistake_can_be_put_right(
    desk: Desk,
) -> None:
    await tell(desk)
    desk.say_all()
    reply = await desk.ask(BEN, "proposal.wave_off", "P-1")
    assert words(reply).startswith("Waved off: nobody is asked about it any more.")
    assert "Ben waved this off." in plain(desk.say_all()["proposal:1"])
    missing = await desk.ask(BEN, "proposal.say_why", "P-1", {"why": " "})
    assert missing.faults == {"why": "Say why, in a few words."}
    await desk.ask(BEN, "proposal.say_why", "P-1", {"why": "The courier called."})
    assert "Ben waved this off: The courier called." in plain(desk.say_all()["proposal:1"])
    again = await desk.ask(ANA, "proposal.wave_off", "P-1")
    assert again.already
    assert words(again) == "Ben waved this off: The courier called."
    await desk.ask(ANA, "proposal.open", "P-1")
    late = await desk.ask(BEN, "proposal.say_why", "P-1", {"why": "No."})
    assert words(late) == "This is not waved off any more, so there is nothing to say about that."
    assert proposal(desk).case_number == 1


async def test_what_somebody_marked_failed_meanwhile_is_not_opened_twice(desk: Desk) -> None:
    await tell(desk)
    await desk.fail(ANA, "HD-1 Parcel missed twice")
    reply = await desk.ask(BEN, "proposal.open", "P-1")
    assert reply.already
    assert "already has a retro" in words(reply)
    assert proposal(desk).case_number == 1


async def test_what_was_cancelled_is_not_opened_again_behind_that(desk: Desk) -> None:
    await tell(desk)
    await desk.fail(ANA, "HD-1 Parcel missed twice")
    await desk.ask(ANA, "case.cancel", "C-1", {"why": "A test."})
    reply = await desk.ask(BEN, "proposal.open", "P-1")
    assert words(reply) == "HD-1 is C-1, which was cancelled. It can be brought back."
    assert proposal(desk).state == "proposed"


async def test_what_was_decided_before_it_was_said_is_not_said(desk: Desk) -> None:
    await tell(desk)
    await desk.ask(BEN, "proposal.wave_off", "P-1")
    assert desk.say_all() == {}


async def test_a_colleague_who_is_forgotten_is_named_on_no_proposal(desk: Desk) -> None:
    await tell(desk, 1, words="Ben promised it to me.")
    desk.say_all()
    await desk.ask(BEN, "proposal.wave_off", "P-1")
    assert "Ben waved this off." in plain(desk.say_all()["proposal:1"])
    sealed = "Ben-Ben.Ben"
    with open_work(desk.database, desk.workspace, writes=True) as work:
        connection = work.connections.hold(ID)
        assert connection is not None
        work.connections.save(connection.model_copy(update={"secret": sealed}))
        work.commit()
    desk.database.write_at_length(desk.workspace, partial(forget_commands.forget_person, BEN, AT))
    with open_work(desk.database, desk.workspace, writes=False) as work:
        connection = work.connections.get(ID)
    assert connection is not None
    assert connection.secret == sealed
    assert "Ben" not in plain(desk.say_all()["proposal:1"])
    assert BEN.id not in proposal(desk).model_dump_json()


async def test_with_the_customer_go_their_words_in_deliveries_and_proposals(desk: Desk) -> None:
    await tell(desk, 1)
    await tell(desk, 1, AT + DAY, words="", rating=2)
    wrote = "Maria Santos here: still nothing."
    await tell(desk, 2, customer="maria santos", words=wrote, what_happened=wrote)
    await tell(desk, 3, customer="Somebody else", words="Late again.")
    desk.say_all()
    await desk.ask(BEN, "proposal.open", "P-1")
    desk.say_all()
    forgotten = await desk.bot.forget(desk.workspace, 1, AT + 2 * DAY)
    assert forgotten == ["C-1", "P-2", "3 deliveries of helpdesks"]
    with open_work(desk.database, desk.workspace, writes=False) as work:
        deliveries = work.deliveries.last(ID, 9)
        kept = [work.proposals.get(number) for number in (1, 2, 3)]
    stored = "".join(one.model_dump_json() for one in (*deliveries, *filter(None, kept)))
    assert not [
        word for word in ("aria", "antos", "Nobody came", "HD-1", "HD-2", "t1") if word in stored
    ]
    assert "Late again." in stored
    said = desk.say_all()
    assert "aria" not in "".join(plain(message) for message in said.values())
    assert "proposal:1" in said
    assert "still nothing" not in stored
    assert "proposal:2" in said


async def test_what_waits_ends_with_its_customer_and_nobody_decides_what_nobody_knows(
    desk: Desk,
) -> None:
    for number in (1, 2, 3):
        await tell(desk, number, what_happened="Parcel of Maria Santos", priority="high")
    desk.say_all()
    [reminder] = await desk.tick(morning(9))
    about = str(proposal(desk).ref)
    await desk.bot.forget_told(desk.workspace, "Maria Santos", morning(9))
    said = desk.say_all(morning(9))
    card = said["proposal:1"]
    assert plain(card).splitlines() == [
        "Parcel of the customer",
        "Rated 1 of 5, very bad",
        "Its customer is forgotten, so nobody is asked about it any more.",
    ]
    assert not list(pressable(card))
    assert "Nothing is left to decide" in plain(said[f"gathered:{ID}:C1:2026-03-05"])
    assert plain(said[reminder]).endswith("Parcel of the customer · a proposed case · forgotten")
    assert not list(pressable(said[reminder]))
    gone = "The customer of this is forgotten, and what they wrote: nothing is left to decide."
    assert words(await desk.ask(BEN, "proposal.open", about)) == gone
    waved = await desk.ask(BEN, "proposal.wave_off", about)
    assert (waved.already, words(waved)) == (True, plain(card).splitlines()[-1])
    assert words(await desk.ask(BEN, "proposal.say_why", about)) == gone
    assert words(await desk.ask(BEN, "proposal.say_why", about, {"why": "Maria?"})) == gone
    for day in (10, 19, 30):
        assert not [key for key in await desk.tick(morning(day)) if not key.startswith("weekly")], day
    assert proposal(desk).case_number is None


async def test_what_was_waved_off_says_so_once_its_customer_is_forgotten_and_is_not_opened(
    desk: Desk,
) -> None:
    await tell(desk)
    desk.say_all()
    await desk.ask(BEN, "proposal.wave_off", "P-1")
    desk.say_all()
    await desk.bot.forget_told(desk.workspace, "Maria Santos", AT)
    card = desk.say_all()["proposal:1"]
    so = "Ben waved this off. Its customer is forgotten, so it can't be opened any more."
    assert plain(card).endswith(so)
    assert not list(pressable(card))
    assert words(await desk.ask(ANA, "proposal.wave_off", "P-1")) == so
    assert (await desk.ask(BEN, "proposal.open", "P-1")).refused


async def test_what_is_told_of_the_ticket_of_a_forgotten_customer_is_proposed_anew(desk: Desk) -> None:
    await tell(desk)
    forgotten = await desk.bot.forget_told(desk.workspace, "Maria Santos", AT)
    assert forgotten == ["P-1", "1 delivery of a helpdesk"]
    await tell(desk, 1, AT + DAY)
    assert (proposal(desk, 1).state, proposal(desk, 2).state) == ("forgotten", "proposed")


async def test_who_is_called_like_very_many_is_forgotten_batch_by_batch(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forget_commands, "TOLD_AT_ONCE", 2)
    for number in range(1, 6):
        await tell(desk, number, customer="Guest")
    await tell(desk, 6, customer="Guest", rating=4)
    await desk.ask(BEN, "proposal.open", "P-1")
    with open_work(desk.database, desk.workspace, writes=True) as work:
        assert forget_commands.forget_told("guest", AT, work).proposals == ("P-2", "P-3")
    told = await desk.bot.forget_told(desk.workspace, "guest", AT)
    assert told == ["P-2", "P-3", "P-4", "P-5", "6 deliveries of helpdesks"]
    assert proposal(desk, 1).signal.customer == "Guest", "a case's is left to its case"


async def test_in_what_many_of_one_name_wrote_each_ones_own_words_are_looked_for_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_for: list[list[str]] = []

    def scrubber_of(names: Iterable[str], references: Iterable[str], said: Iterable[str]) -> Scrub:
        looked_for.append(list(said))
        return domain.scrubber_of(names, references, looked_for[-1])

    monkeypatch.setattr(forget_commands, "scrubber_of", scrubber_of)
    for number in range(1, 4):
        await tell(desk, number, customer="Guest")
    await desk.bot.forget_told(desk.workspace, "guest", AT)
    assert [said for said in looked_for if said] == [[f"Nobody came ({n})."] for n in (1, 2, 3)]


async def test_what_one_of_that_name_wrote_is_taken_out_of_why_another_was_waved_off(
    desk: Desk,
) -> None:
    await tell(desk, 1, words="My vase broke twice.")
    await tell(desk, 2)
    await desk.ask(BEN, "proposal.wave_off", "P-2")
    why = {"why": 'As in "my vase broke twice.", see there.'}
    await desk.ask(BEN, "proposal.say_why", "P-2", why)
    await desk.bot.forget_told(desk.workspace, "Maria Santos", AT)
    [waved] = proposal(desk, 2).history
    assert waved.why == 'As in "(removed)", see there.'


async def test_an_old_case_takes_nothing_along_that_is_younger(desk: Desk) -> None:
    """Another proposal of somebody called the same has an age of its own, and waits still."""
    await tell(desk, 1)
    await desk.ask(BEN, "proposal.open", "P-1")
    await tell(desk, 2, AT + DAY)
    assert await desk.bot.forget_due(desk.workspace, "C-1", AT + 2 * DAY) == ["C-1"]
    assert proposal(desk, 1).forgotten_at == AT + 2 * DAY
    assert (proposal(desk, 2).state, proposal(desk, 2).signal.customer) == ("proposed", "Maria Santos")
    assert not await desk.bot.forget(desk.workspace, 1, AT + 2 * DAY)


async def test_a_proposal_is_forgotten_by_age_unless_somebody_opened_it_meanwhile(desk: Desk) -> None:
    await tell(desk, 1)
    await tell(desk, 2)
    await tell(desk, 1, AT + DAY, words="", rating=2)
    desk.say_all()
    await desk.ask(BEN, "proposal.open", "P-2")
    assert await desk.bot.forget_due(desk.workspace, "P-2", AT + 2 * DAY) == ()
    assert await desk.bot.forget_due(desk.workspace, "P-9", AT + 2 * DAY) == ()
    assert await desk.bot.forget_due("test:2", "P-1", AT + 2 * DAY) == ()
    assert proposal(desk, 1).signal.customer == "Maria Santos"
    assert await desk.bot.forget_due(desk.workspace, "P-1", AT + 2 * DAY) == ("P-1",)
    assert await desk.bot.forget_due(desk.workspace, "P-1", AT + 2 * DAY) == ()
    with open_work(desk.database, desk.workspace, writes=False) as work:
        customers = [one.signal.customer for one in work.deliveries.last(ID, 9)]
    assert sorted(customers) == ["", "", "Maria Santos"]
    assert "Maria" not in plain(desk.say_all()["proposal:1"])
    assert proposal(desk, 2).signal.customer == "Maria Santos"


async def test_a_case_that_was_marked_failed_by_hand_is_found_by_the_name_that_its_ticket_told(
    desk: Desk,
) -> None:
    await desk.fail(ANA, "HD-1 Parcel missed twice")
    await tell(desk, 1, AT + DAY)
    assert proposal(desk).case_number == 1
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert forget_commands.of_customer("maria santos", work) == [1]
    assert await desk.bot.forget(desk.workspace, 1, AT + 2 * DAY) == ["C-1"]
    assert "Santos" not in proposal(desk).model_dump_json()
    with (
        open_work(desk.database, desk.workspace, writes=False) as work,
        pytest.raises(Refused, match="No case has a customer"),
    ):
        forget_commands.of_customer("maria santos", work)


async def test_a_customer_of_no_case_is_forgotten_by_name(desk: Desk) -> None:
    await tell(desk, 1)
    await tell(desk, 1, AT + DAY, customer="", words="I am furious, says Maria Santos.")
    await tell(desk, 2, rating=5, words="Thank you all.")
    await tell(desk, 3, customer="Somebody else", words="Late again.")
    desk.say_all()
    await desk.ask(BEN, "proposal.wave_off", "P-1")
    await desk.ask(BEN, "proposal.say_why", "P-1", {"why": "Maria Santos called, and laughed."})
    desk.say_all()
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert forget_commands.of_customer("maria santos", work) == []
        with pytest.raises(Refused, match="No case has a customer called 'Nobody'"):
            forget_commands.of_customer("Nobody", work)
    forgotten = await desk.bot.forget_told(desk.workspace, "maria santos", AT + 2 * DAY)
    assert forgotten == ["P-1", "3 deliveries of helpdesks"]
    with open_work(desk.database, desk.workspace, writes=False) as work:
        told = "".join(one.model_dump_json() for one in work.deliveries.last(ID, 9))
    stored = told + proposal(desk).model_dump_json()
    assert not [
        word
        for word in ("Maria", "Nobody came", "furious", "Thank you", "HD-1", "HD-2")
        if word in stored
    ]
    assert "Late again." in stored
    card = plain(desk.say_all()["proposal:1"])
    assert "Maria" not in card
    assert "the customer called, and laughed" in card
    assert await desk.bot.forget_told(desk.workspace, "maria santos", AT + 2 * DAY) == []


async def test_what_a_removed_connection_told_is_forgotten_as_well(desk: Desk) -> None:
    await tell(desk, 7, rating=4, customer="", words="The vase of my mother broke.")
    await desk.fail(ANA, "HD-7 Parcel broke")
    await desk.ask(ANA, "connection.remove", f"connection:{ID}", {})
    await desk.bot.forget(desk.workspace, 1, AT + DAY)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        [left] = work.deliveries.last(ID, 9)
    assert "vase" not in left.model_dump_json()


async def test_a_proposal_keeps_what_was_said_however_much_is_told_of_its_ticket(desk: Desk) -> None:
    await tell(desk)
    for minute in range(1, signal_commands.MAX_DELIVERIES + 2):
        await tell(desk, 1, AT + timedelta(minutes=minute), rating=None, words="", tags=("late",))
    signal = proposal(desk).signal
    assert (signal.rating, signal.words, signal.tags) == (1, "Nobody came (1).", ("late",))
    assert signal.at == AT + timedelta(minutes=minute)


async def test_what_was_decided_stays_as_it_was_whatever_is_said_that_is_not_worse(desk: Desk) -> None:
    await tell(desk)
    desk.say_all()
    await desk.ask(BEN, "proposal.wave_off", "P-1")
    desk.say_all()
    before = proposal(desk)
    for minute, rating in enumerate((1, 4, 1, None), 1):
        await tell(desk, 1, AT + timedelta(minutes=minute), rating=rating, words="Still me.")
    assert desk.say_all() == {}
    assert proposal(desk) == before


@pytest.mark.parametrize("lapsed", [False, True])
async def test_what_gets_worse_after_that_is_asked_about_again(desk: Desk, lapsed: bool) -> None:
    await tell(desk, rating=2)
    desk.say_all()
    if lapsed:
        await desk.tick(morning(19))
    else:
        await desk.ask(BEN, "proposal.wave_off", "P-1")
        await desk.ask(BEN, "proposal.say_why", "P-1", {"why": "The courier called."})
    desk.say_all()
    await tell(desk, 1, morning(20), rating=1, words="Never again!")
    card = desk.say_all()["proposal:1"]
    told = plain(card)
    assert "Never again!" in told
    assert "May be a failed case" in told
    was = (
        "Nobody decided this in 10 working days."
        if lapsed
        else "Ben waved this off: The courier called."
    )
    assert told.endswith(f"It got worse since, so I ask again. {was}")
    assert card.summary == "HD-1 may be a failed case: Never again!"
    assert [button.label for button in pressable(card)] == ["Open the retro", "Not this one"]
    await tell(desk, 1, morning(21), rating=1, words="Never ever again!")
    assert "Never ever again!" in plain(desk.say_all()["proposal:1"])  # it waits, so it is kept current
    await desk.ask(ANA, "proposal.wave_off", "P-1", at=morning(22))
    assert "Ana waved this off." in plain(desk.say_all()["proposal:1"])
    await tell(desk, 1, morning(23), rating=1, words="Hello?")
    assert desk.say_all() == {}


async def test_what_is_asked_again_reminds_once_and_goes_away_by_itself_as_what_is_asked_first(
    desk: Desk,
) -> None:
    await tell(desk, rating=2)
    desk.say_all()
    assert await desk.tick(morning(9))  # the lead is reminded of the first question
    await desk.ask(BEN, "proposal.wave_off", "P-1", at=morning(9))
    await tell(desk, 1, morning(17), rating=1)
    desk.say_all(morning(17))
    assert await desk.tick(morning(18)) == {}
    assert set(await desk.tick(morning(19))) == {f"remind:{ANA.id}:2026-03-19:0"}
    for day in (20, 23, 24, 25, 26, 27, 30):
        assert not [key for key in await desk.tick(morning(day)) if key.startswith("remind")], day
    assert proposal(desk).state == "proposed"
    await desk.tick(morning(31))
    assert proposal(desk).state == "lapsed"


async def test_a_gathered_one_that_gets_worse_is_gathered_again(desk: Desk) -> None:
    for number in range(3):
        await tell(desk, number, rating=2)
    desk.say_all()
    await desk.ask(BEN, "proposal.wave_off", "P-3")
    [over] = desk.say_all().values()
    assert "Nothing is left to decide" in plain(over)
    await tell(desk, 2, AT + DAY, rating=1)
    [again] = desk.say_all().values()
    assert "1 more ticket may be a failed case." in plain(again)


async def test_of_a_forgotten_customer_nothing_is_asked_again(desk: Desk) -> None:
    await tell(desk, rating=2)
    await desk.ask(BEN, "proposal.wave_off", "P-1")
    assert await desk.bot.forget_told(desk.workspace, "maria santos", AT + DAY)
    desk.say_all()
    before = proposal(desk)
    await tell(desk, 1, AT + 2 * DAY, rating=1, customer="Somebody")
    assert proposal(desk) == before
