"""The bot keeps people company until things are done, and never twice about the same."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.access import NO_ANSWER_NOW
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.domain.team import Team
from bot.messages.parts import Link, Message, Paragraph, plain, pressable
from bot.ports import Ended
from storage.database import Database
from storage.tables import jobs
from tests.desk import ANA, ASKED, AT, BEN, CLEO, SUPPORT, Desk, reminds, unkeyed, words
from tests.session import open_work, queue_of

# AT is Thursday 5 March 2026, 15:30 in Stockholm, where Ana (the lead) and the team are; Ben is in New
# York, Cleo in Tokyo. A working day is nine to five.
FRIDAY = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
BENS_FRIDAY = datetime(2026, 3, 6, 14, 0, tzinfo=UTC)


def stockholm(day: int, hour: int = 9, minute: int = 0, month: int = 3) -> datetime:
    """A moment in Stockholm's winter time, as UTC."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=1)


def labels(message: Message) -> list[str]:
    """The buttons of a message."""
    return [f"{button.label} {unkeyed(button.about)}" for button in pressable(message)]


def reminders(said: dict[str, Message] | object) -> dict[str, Message]:
    """Only what the bot said unasked."""
    assert isinstance(said, dict)
    return {key: one for key, one in said.items() if key.startswith(("remind:", "weekly:"))}


async def opened(desk: Desk, *, singly: bool = True) -> str:
    """A failed case, of which everything was said; its customer is content, so they need nobody.

    `singly`: everybody chose to hear of everything as it comes up, as the table of reminders has it.
    """
    for person in (ANA, BEN, CLEO) if singly else ():
        await desk.ask(person, "team.own_settings", values={})
    case = await desk.fail()
    await desk.ask(ANA, "recovery.verdict", case, {"verdict": "recovered", "words": "Thank you."})
    await desk.tick(AT)
    return case


async def test_nothing_is_said_before_its_time(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U2", due="2026-03-20")
    assert reminders(await desk.tick(AT)) == {}
    assert reminders(await desk.tick(stockholm(6, 8, 59))) == {}


async def test_an_item_not_accepted_is_brought_up_after_one_working_day_and_told_to_the_lead_after_three(
    desk: Desk,
) -> None:
    await opened(desk)
    item = await desk.add_item(ANA, owner="U2")
    await desk.tick(AT)
    # One working day later, Friday nine o'clock in New York.
    assert reminders(await desk.tick(datetime(2026, 3, 6, 13, 59, tzinfo=UTC))) == {}
    said = reminders(await desk.tick(datetime(2026, 3, 6, 14, 0, tzinfo=UTC)))
    (message,) = said.values()
    assert list(said) == ["remind:U2:2026-03-06:0"]
    assert reminds(plain(message), "AI-1", "waits for your answer")
    assert labels(message) == [
        "Accept AI-1",
        "Hand over AI-1",
        "Decline AI-1",
        "Remind me later AI-1",
    ]
    # Once more, and then it is for the lead to ask.
    again = reminders(await desk.tick(datetime(2026, 3, 9, 14, 0, tzinfo=UTC)))
    assert reminds(plain(again["remind:U2:2026-03-09:0"]), "AI-1", "waits for your answer")
    # Three working days after Thursday is Tuesday; Ana leads.
    answers = await desk.tick(stockholm(10))
    told = reminders(answers)["remind:U1:2026-03-10:0"]
    assert "Ben hasn't said yes or no to this yet" in plain(told)
    assert "I've reminded Ben twice, last on Mon 9 Mar." in plain(told)
    assert labels(told) == ["Hand over AI-1", "All reminders AI-1"]
    assert desk.item(item).state == "proposed"


async def test_the_lead_reads_on_which_day_an_owner_was_reminded_and_not_for_which(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(CLEO, owner="U2")
    await desk.ask(BEN, "team.own_settings", values={"quiet_until": "2026-03-10", "digest": "yes"})
    # What was due on Friday and Monday is said on Tuesday at nine in New York.
    for day, hour in ((6, 16), (9, 16), (10, 16)):
        await desk.tick(stockholm(day, hour))
    text = plain((await desk.tick(stockholm(17)))["remind:U1:2026-03-17:0"])
    assert "Ben hasn't said yes or no to this yet" in text
    assert "I reminded Ben on Tue 10 Mar." in text


async def test_an_item_that_nobody_accepted_is_never_late(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U2", due="2026-03-06")
    told: list[str] = []
    for day in range(6, 31):
        for hour in (9, 16):
            said = await desk.tick(stockholm(day, hour))
            told += [plain(message) for message in said.values()]
    assert not [text for text in told if "late" in text]
    text = "\n".join(told)
    assert reminds(text, "AI-1", "waits for your answer; it is planned for Fri 6 Mar")
    assert "Ben hasn't said yes or no to this yet; it was planned for Fri 6 Mar" in text
    for command_name in ("board.status", "action_item.mine"):
        listed = words(await desk.ask(BEN, command_name, at=stockholm(30)))
        assert "AI-1" in listed
        assert "late" not in listed
    # Nor does whoever says yes after that day begin with what is late.
    await desk.ask(BEN, "action_item.accept", "AI-1", at=stockholm(30))
    assert "late" not in words(await desk.ask(BEN, "action_item.mine", at=stockholm(30)))
    assert "late" not in plain(desk.say_all(stockholm(30))["retro:1"])


async def test_an_item_is_reminded_two_working_days_before_it_is_due_and_on_its_day(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U1", due="2026-03-16")
    await desk.tick(AT)
    soon = reminders(await desk.tick(stockholm(12)))["remind:U1:2026-03-12:0"]
    assert reminds(plain(soon), "AI-1", "is due soon: Mon 16 Mar")
    # That day she hears of the undecided retro, too, in the same message.
    assert labels(soon) == [
        "Mark done AI-1",
        "Change date AI-1",
        "Hand over AI-1",
        "Remind me later AI-1",
        "Close retro C-1",
        "Add action item C-1",
    ]
    assert "remind:U1:2026-03-13:0" not in await desk.tick(stockholm(13))
    today = await desk.tick(stockholm(16))
    assert reminds(plain(today["remind:U1:2026-03-16:0"]), "AI-1", "is due today, Mon 16 Mar")
    # The earlier one says it no more, and keeps what else it said.
    assert "AI-1" not in plain(today["remind:U1:2026-03-12:0"])
    assert labels(today["remind:U1:2026-03-12:0"]) == ["Close retro C-1", "Add action item C-1"]


async def test_a_late_item_is_brought_up_for_five_working_days_and_then_every_week(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(BEN, owner="U2", due="2026-03-06")
    await desk.tick(AT)
    heard: dict[str, list[date]] = {"U1": [], "U2": []}
    for day in range(6, 32):
        for key, message in reminders(
            await desk.tick(datetime(2026, 3, day, 20, 0, tzinfo=UTC))
        ).items():
            if reminds(plain(message), "AI-1", "was due"):
                heard[key.split(":")[1]].append(date.fromisoformat(key.split(":")[2]))
    assert heard["U2"] == [date(2026, 3, day) for day in (9, 10, 11, 12, 13, 20, 27)]
    # Ana hears from the third working day on; at 20:00 UTC her day is over, so it is the next morning.
    assert heard["U1"] == []
    morning = reminders(await desk.tick(datetime(2026, 4, 7, 8, 0, tzinfo=UTC)))
    to_lead = plain(morning["remind:U1:2026-04-07:0"])
    assert reminds(to_lead, "AI-1", "was due")
    assert "and Ben has it · AI-1" in to_lead


async def test_nobody_hears_that_an_item_is_late_before_its_owner_did(desk: Desk) -> None:
    await opened(desk, singly=False)
    await desk.add_item(ANA, owner="U2", due="2026-03-13")
    await desk.ask(BEN, "action_item.accept", "AI-1")
    heard: dict[str, list[int]] = {"U1": [], "U2": [], "weekly": []}
    # On the Friday that it is due nobody looks; Ben is quiet then, and works from Tuesday on.
    await desk.ask(
        BEN,
        "team.own_settings",
        values={"days": "1,2,3,4", "starts": "09:00", "ends": "17:00", "digest": "yes"},
    )
    for day in (*range(16, 21), *range(23, 28)):
        for hour in (9, 16):
            for key, message in reminders(await desk.tick(stockholm(day, hour))).items():
                who = "weekly" if key.startswith("weekly") else key.split(":")[1]
                if reminds(plain(message), "AI-1", "was due") or (
                    who == "weekly" and "AI-1" in plain(message)
                ):
                    heard[who].append(day)
    assert heard["U2"][0] == 17
    assert heard["U1"][0] > heard["U2"][0]
    assert heard["weekly"] == [23]


async def test_the_lead_hears_of_what_is_late_though_its_owner_wants_to_be_left_alone(
    desk: Desk,
) -> None:
    await opened(desk)
    await desk.add_item(BEN, owner="U2", due="2026-03-06")
    await desk.ask(BEN, "team.own_settings", values={"quiet_until": "2026-04-01"})
    heard = []
    for day in range(9, 13):
        said = reminders(await desk.tick(stockholm(day, 16)))
        heard += [day for key, one in said.items() if ":U1:" in key and "AI-1" in plain(one)]
    assert heard == [11, 12]


async def test_after_a_week_asleep_the_owner_hears_that_it_is_late_a_day_before_the_lead(
    desk: Desk,
) -> None:
    await opened(desk)
    await desk.add_item(BEN, owner="U2", due="2026-03-06")
    await desk.tick(AT)
    first = reminders(await desk.tick(stockholm(16, 16)))
    assert reminds(plain(first["remind:U2:2026-03-16:0"]), "AI-1", "was due")
    assert "AI-1" not in plain(first.get("remind:U1:2026-03-16:0", Message(summary="")))
    assert "AI-1" not in plain(first.get("weekly:C1:2026-03-16", Message(summary="")))
    assert "AI-1" in plain(reminders(await desk.tick(stockholm(17, 16)))["remind:U1:2026-03-17:0"])


async def test_an_unowned_item_is_offered_in_the_thread_and_then_to_the_lead(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(BEN)
    await desk.add_item(BEN)
    await desk.tick(AT)
    said = reminders(await desk.tick(stockholm(9)))
    offered = said["remind:C-1:item_unowned:2026-03-09"]
    assert reminds(plain(offered), "AI-1", "has no owner yet")
    assert labels(offered) == ["Take it AI-1", "Hand over AI-1", "Take it AI-2", "Hand over AI-2"]
    # Which retro it is needs saying only where that is not plain to see.
    assert "the retro C-1" not in plain(offered)
    await desk.ask(CLEO, "action_item.take", "AI-1")
    edited = (await desk.tick(stockholm(9, 10)))["remind:C-1:item_unowned:2026-03-09"]
    assert labels(edited) == ["Take it AI-2", "Hand over AI-2"]
    lead = reminders(await desk.tick(stockholm(11)))["remind:U1:2026-03-11:0"]
    assert reminds(plain(lead), "AI-2", "still has no owner")
    assert "the retro C-1" in plain(lead)


async def test_a_done_item_waits_for_the_lead_and_the_one_who_asked_for_it(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(CLEO, owner="U2")
    await desk.ask(BEN, "action_item.accept", "AI-1")
    await desk.ask(BEN, "action_item.done", "AI-1", {"changed": "They are shown."})
    await desk.tick(AT)
    # Nine o'clock on Monday: midnight UTC in Tokyo, eight in Stockholm.
    tokyo = reminders(await desk.tick(datetime(2026, 3, 9, 0, 0, tzinfo=UTC)))
    assert list(tokyo) == ["remind:U3:2026-03-09:0"]
    ana = reminders(await desk.tick(stockholm(9)))["remind:U1:2026-03-09:0"]
    assert reminds(plain(ana), "AI-1", "is done, says Ben, and waits for somebody to verify it")
    assert labels(ana) == ["Verify AI-1", "Reopen AI-1"]


async def test_whoever_did_it_is_not_asked_to_verify_it(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U1")
    await desk.ask(ANA, "action_item.done", "AI-1", {"changed": "They are shown."})
    await desk.tick(AT)
    # Ana leads, asked and did it: the thread is asked instead.
    said = reminders(await desk.tick(stockholm(9)))
    assert "the retro C-1" not in plain(said["remind:C-1:item_done:2026-03-09"])
    assert not [key for key in said if ":U1:" in key]


async def test_an_owner_who_left_is_told_to_the_lead_and_not_reminded(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U2", due="2026-03-06")
    await desk.tick(AT)
    desk.meet(BEN.model_copy(update={"gone": True}))
    said = reminders(await desk.tick(stockholm(6)))
    assert reminds(plain(said["remind:U1:2026-03-06:0"]), "AI-1", "needs an owner: Ben has left")
    assert labels(said["remind:U1:2026-03-06:0"]) == ["Hand over AI-1", "Change date AI-1"]
    assert not [key for key in reminders(await desk.tick(stockholm(12))) if ":U2:" in key]


async def test_several_things_due_at_once_are_one_message_with_the_buttons_of_each(desk: Desk) -> None:
    await opened(desk)
    for due in ("2026-03-09", "2026-03-11", "2026-03-09"):
        await desk.add_item(ANA, owner="U1", due=due)
    await desk.tick(AT)
    said = reminders(await desk.tick(stockholm(9)))
    message = said["remind:U1:2026-03-09:0"]
    assert [label for label in labels(message) if label.startswith("Mark done")] == [
        "Mark done AI-1",
        "Mark done AI-3",
        "Mark done AI-2",  # not due before Wednesday
    ]


async def test_a_week_asleep_becomes_one_message_with_the_newest_state(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U1", due="2026-03-06")
    await desk.add_item(ANA, owner="U1", due="2026-03-12")
    await desk.tick(AT)
    said = reminders(await desk.tick(stockholm(13, 11)))
    mine = {key: message for key, message in said.items() if ":U1:" in key}
    assert list(mine) == ["remind:U1:2026-03-13:0"]
    text = plain(mine["remind:U1:2026-03-13:0"])
    assert reminds(text, "AI-1", "was due")
    assert reminds(text, "AI-2", "was due Thu 12 Mar")
    assert reminders(await desk.tick(stockholm(13, 12))) == {}


async def test_nobody_is_reminded_after_hours_and_the_next_morning_says_it(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U1", due="2026-03-06")
    await desk.tick(AT)
    assert reminders(await desk.tick(stockholm(6, 17))) == {}
    assert reminders(await desk.tick(stockholm(7, 12))) == {}
    said = reminders(await desk.tick(stockholm(9)))
    assert reminds(plain(said["remind:U1:2026-03-09:0"]), "AI-1", "was due Fri 6 Mar")


async def test_a_clock_that_jumps_back_says_nothing_twice(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U1", due="2026-03-06")
    await desk.tick(AT)
    assert "remind:U1:2026-03-10:0" in await desk.tick(stockholm(10))
    assert reminders(await desk.tick(stockholm(9))) == {}
    assert reminders(await desk.tick(stockholm(10, 10))) == {}


async def test_a_reminder_that_an_outage_outlasted_is_said_the_next_morning_and_not_at_night(
    desk: Desk,
) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U1", due="2026-03-12")
    await desk.tick(AT)
    while await desk.bot.run_due(desk.workspace, stockholm(10)):
        pass
    queue = queue_of(desk.database)
    while claimed := queue.claim(stockholm(10), "down", 50):
        queue.put_away([Ended(job, "dead", why="Down for a day.") for job in claimed])
    # Something else brings the item up after hours.
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.scheduler.run_now(channel_id="C1")
        work.commit()
    assert reminders(await desk.tick(stockholm(10, 22))) == {}
    assert reminders(await desk.tick(stockholm(11, 8, 59))) == {}
    assert "remind:U1:2026-03-10:0" in await desk.tick(stockholm(11))
    assert reminders(await desk.tick(stockholm(11, 10))) == {}


async def test_what_the_clock_owes_is_bulk_and_what_somebody_does_about_it_is_not(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U1", due="2026-03-06")
    await desk.add_item(BEN)
    await desk.tick(AT)

    def waiting() -> dict[str, bool]:
        with desk.database.transaction(writes=False) as connection:
            rows = connection.execute(select(jobs).where(jobs.c.state == "waiting"))
            return {row.key: row.bulk for row in rows}

    while await desk.bot.run_due(desk.workspace, stockholm(9)):
        pass
    owed = waiting()
    for key in ("remind:U1:2026-03-09:0", "remind:C-1:item_unowned:2026-03-09", "weekly:C1:2026-03-09"):
        assert owed[key]
    # The item shows that it is late.
    assert owed["item:1"]
    desk.say_all(stockholm(9))
    await desk.ask(ANA, "action_item.done", "AI-1", {"changed": "So."}, at=stockholm(9, 10))
    now = waiting()
    assert not any(now.values())
    assert {"item:1", "remind:U1:2026-03-09:0"} <= set(now)


async def test_a_reminder_whose_reason_is_gone_is_not_said(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U1", due="2026-03-09")
    await desk.tick(AT)
    while await desk.bot.run_due(desk.workspace, stockholm(9)):
        pass
    await desk.ask(ANA, "action_item.done", "AI-1", {"changed": "They are shown."}, at=stockholm(9))
    assert not [key for key in desk.say_all(stockholm(9)) if key.startswith("remind:U1")]


async def test_acting_on_a_reminder_takes_its_buttons_away(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U1", due="2026-03-09")
    await desk.tick(AT)
    await desk.tick(stockholm(9))
    await desk.ask(ANA, "action_item.done", "AI-1", {"changed": "So."}, at=stockholm(9, 10))
    edited = (await desk.tick(stockholm(9, 10)))["remind:U1:2026-03-09:0"]
    assert labels(edited) == []
    assert "AI-1 · done" in plain(edited)


async def test_remind_me_later_leaves_its_owner_alone_until_that_day(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U1", due="2026-03-06")
    await desk.tick(AT)
    await desk.tick(stockholm(9))
    form = (await desk.ask(ANA, "action_item.remind_later", "AI-1", at=stockholm(9, 10))).form
    assert form is not None
    (when,) = form.fields
    # It is late already, so "After the due date" is no choice.
    assert [option.label for option in when.options] == ["Tomorrow", "In three days", "Next week"]
    reply = await desk.ask(
        ANA, "action_item.remind_later", "AI-1", {"when": "three_days"}, at=stockholm(9, 10)
    )
    assert "” on Thu 12 Mar, or on your next working day." in words(reply)
    # That one was acted on: its message has no buttons any more.
    acted_on = desk.say_all(stockholm(9, 10))["remind:U1:2026-03-09:0"]
    assert labels(acted_on) == []
    assert "Reminder moved to Thu 12 Mar · " in plain(acted_on)
    quiet = [await desk.tick(stockholm(day)) for day in (10, 11)]
    assert not [key for said in quiet for key in said if key.startswith("remind:U1:2026-03-1")]
    said = await desk.tick(stockholm(12))
    assert reminds(plain(said["remind:U1:2026-03-12:0"]), "AI-1", "was due")


async def test_remind_me_later_is_for_the_owner_alone(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U1")
    refused = await desk.ask(BEN, "action_item.remind_later", "AI-1", {"when": "tomorrow"})
    assert words(refused) == "Only the owner of AI-1 is reminded of it."
    opened_form = await desk.ask(BEN, "action_item.remind_later", "AI-1")
    assert words(opened_form) == "Only the owner of AI-1 is reminded of it."
    assert opened_form.form is None
    wrong = await desk.ask(ANA, "action_item.remind_later", "AI-1", {"when": "never"})
    assert wrong.faults == {"when": "Choose when to be reminded."}


async def told(desk: Desk, person: Person, *moments: datetime) -> list[int]:
    """The days of the month on which a person gets a message of reminders."""
    said = {at: await desk.tick(at) for at in moments}
    return [at.day for at in moments if f"remind:{person.id}:{at.date()}:0" in said[at]]


async def test_whoever_never_said_gets_one_digest_and_after_it_only_what_is_due_that_day(
    desk: Desk,
) -> None:
    await opened(desk, singly=False)
    await desk.add_item(ANA, owner="U1", due="2026-03-09")
    await desk.add_item(ANA, owner="U1", due="2026-03-10")
    await desk.tick(AT)
    morning = (await desk.tick(stockholm(9)))["remind:U1:2026-03-09:0"]
    assert reminds(plain(morning), "AI-1", "is due today")
    assert reminds(plain(morning), "AI-2", "is due soon")
    # At noon: late at once, and due today. Only the second one cannot wait.
    await desk.add_item(ANA, owner="U1", due="2026-03-06")
    await desk.add_item(ANA, owner="U1", due="2026-03-09")
    noon = await desk.tick(stockholm(9, 12))
    assert reminds(plain(noon["remind:U1:2026-03-09:1"]), "AI-4", "is due today")
    assert "AI-3" not in plain(noon["remind:U1:2026-03-09:1"])
    # The next morning something is due that day, and takes along all that waits.
    digest = (await desk.tick(stockholm(10)))["remind:U1:2026-03-10:0"]
    assert "4 things · 3 late · 1 today" in plain(digest)
    every = words(await desk.ask(ANA, "reminder.show_all", "2026-03-10:0", at=stockholm(10)))
    assert reminds(every, "AI-2", "is due today")
    for label in ("AI-3", "AI-1", "AI-4"):
        assert reminds(every, label, "was due")


async def test_a_digest_that_was_left_alone_comes_again_on_the_third_working_day(desk: Desk) -> None:
    await opened(desk, singly=False)
    await desk.add_item(ANA, owner="U2", due="2026-03-30")
    await desk.add_item(ANA, owner="U2")
    evenings = [datetime(2026, 3, day, 20, 0, tzinfo=UTC) for day in range(6, 27)]
    # Proposed on Thursday the 5th, and asked for an answer after one working day and after two, which
    # the digest of the third working day has. Then it is the lead who is asked.
    assert await told(desk, BEN, *evenings) == [6, 11]
    assert (await desk.ask(BEN, "action_item.accept", "AI-1")).message is None
    late = [datetime(2026, 3, day, 20, 0, tzinfo=UTC) for day in (27, 30, 31)]
    late += [datetime(2026, 4, day, 20, 0, tzinfo=UTC) for day in range(1, 14)]
    # Due soon, due on the 30th, late on the 31st, and from then on every third working day, instead of
    # each; in the end every week.
    assert await told(desk, BEN, *late) == [27, 30, 31, 3, 8, 13]


async def test_a_new_digest_takes_along_what_is_unsolved_and_the_old_one_goes(desk: Desk) -> None:
    await opened(desk, singly=False)
    for due in ("2026-03-06", "2026-03-06", "2026-03-12"):
        await desk.add_item(BEN, owner="U2", due=due)
    await desk.tick(AT)
    monday, tuesday = (datetime(2026, 3, day, 14, 0, tzinfo=UTC) for day in (9, 10))
    first = (await desk.tick(monday))["remind:U2:2026-03-09:0"]
    assert reminds(plain(first), "AI-1", "was due Fri 6 Mar")
    await desk.ask(BEN, "action_item.done", "AI-1", {"changed": "So."}, at=monday)
    later = {"when": "after_due"}
    await desk.ask(BEN, "action_item.remind_later", "AI-3", later, at=monday)
    # AI-4 is late on Tuesday for the first time; AI-2, asked for again on Tuesday, would be anyway.
    await desk.add_item(BEN, owner="U2", due="2026-03-09", what="A map")
    await desk.ask(BEN, "action_item.remind_later", "AI-2", {"when": "tomorrow"}, at=monday)
    said = await desk.tick(tuesday)
    digest = plain(said["remind:U2:2026-03-10:0"])
    assert reminds(digest, "AI-4", "was due Mon 9 Mar")
    assert "AI-1" not in digest
    # Nothing is asked of him in two places.
    asked = [key for key, one in reminders(said).items() if ":U2:" in key and labels(one)]
    assert asked == ["remind:U2:2026-03-10:0"]


async def test_what_is_unsolved_in_an_older_digest_is_in_the_new_one_though_nothing_is_new_about_it(
    desk: Desk,
) -> None:
    await opened(desk, singly=False)
    await desk.add_item(ANA, owner="U2")
    await desk.add_item(ANA, owner="U2", what="A list")
    friday, monday = (datetime(2026, 3, day, 14, 0, tzinfo=UTC) for day in (6, 9))
    assert reminds(
        plain((await desk.tick(friday))["remind:U2:2026-03-06:0"]), "AI-1", "waits for your answer"
    )
    for day in (9, 11):
        await desk.tick(datetime(2026, 3, day, 14, 0, tzinfo=UTC))
    # On the 11th both were asked about the second and last time. Something else comes on the 20th.
    await desk.ask(BEN, "action_item.accept", "AI-2", at=monday + timedelta(days=3))
    await desk.add_item(BEN, owner="U2", due="2026-03-20", what="A map")
    late = await desk.tick(datetime(2026, 3, 20, 14, 0, tzinfo=UTC))
    digest = plain(late["remind:U2:2026-03-20:0"])
    assert reminds(digest, "AI-3", "is due today, Fri 20 Mar")
    assert reminds(digest, "AI-1", "waits for your answer")
    assert "AI-2" not in digest
    assert [key for key in desk.deleted if ":U2:" in key][-1] == "remind:U2:2026-03-11:0"
    # What came of the other one is known still, and when it was asked.
    form = (await desk.ask(ANA, "action_item.read", "AI-2")).form
    assert form is not None
    assert "Ben · proposed · accepted" in plain(Message(summary="", parts=form.parts))


async def test_a_digest_with_what_is_unsolved_elsewhere_stands_below_no_one_thing(
    desk: Desk, sqlite: Database
) -> None:
    async def below(day: int) -> str | None:
        await desk.tick(datetime(2026, 3, day, 14, 0, tzinfo=UTC))
        newest = select(jobs.c.thread).where(jobs.c.key == f"remind:U2:2026-03-{day:02}:0")
        with sqlite.transaction(writes=False) as connection:
            thread: str | None = connection.execute(newest).scalar_one()
        return thread

    await opened(desk, singly=False)
    await desk.add_item(ANA, owner="U2")
    desk.say_all()
    for day in (6, 11):
        assert await below(day) == "owner:1:U2"
    await desk.add_item(BEN, owner="U2", due="2026-03-20", what="A map")
    desk.say_all()
    # Only the map is due soon; the other one comes along.
    assert await below(18) is None
    assert "remind:U2:2026-03-11:0" in desk.deleted


async def test_what_is_late_stands_first_in_a_digest_and_what_can_wait_last(desk: Desk) -> None:
    desk.meet(ANA)
    await desk.fail()
    promise = {"words": "It comes.", "due": "2026-03-09", "how": "A call", "keeper": "U1"}
    assert not (await desk.ask(ANA, "recovery.promise", "C-1", promise)).faults
    await desk.add_item(BEN, what="A list")
    await desk.add_item(ANA, owner="U1", due="2026-03-10", what="A map")
    await desk.tick(AT)
    await desk.tick(stockholm(10))
    digest = (await desk.tick(stockholm(11)))["remind:U1:2026-03-11:0"]
    assert digest.summary.startswith(
        "3 things wait for you, first of all: Parcel missed twice · The pro"
    )
    said = plain(digest)
    places = [said.index(words) for words in ("The promise to", "This was due", "This still has no")]
    assert places == sorted(places)
    assert reminds(said, "AI-2", "was due")
    assert reminds(said, "AI-1", "still has no")


async def test_an_older_digest_goes_when_all_that_it_left_unsolved_is_asked_again(desk: Desk) -> None:
    await opened(desk, singly=False)
    for _ in range(2):
        await desk.add_item(BEN, owner="U2", due="2026-03-06")
    await desk.tick(AT)
    monday, tuesday = (datetime(2026, 3, day, 14, 0, tzinfo=UTC) for day in (9, 10))
    assert "remind:U2:2026-03-09:0" in await desk.tick(monday)
    await desk.ask(BEN, "action_item.done", "AI-1", {"changed": "So."}, at=monday)
    assert "AI-1 · done" in plain(desk.say_all(monday)["remind:U2:2026-03-09:0"])
    assert reminds(plain((await desk.tick(tuesday))["remind:U2:2026-03-10:0"]), "AI-2", "was due")
    assert "remind:U2:2026-03-09:0" in desk.deleted


async def test_whoever_acts_on_a_digest_gets_the_next_one_the_next_day(desk: Desk) -> None:
    await opened(desk, singly=False)
    for due in ("2026-03-06", "2026-03-06", "2026-03-06"):
        await desk.add_item(BEN, owner="U2", due=due)
    await desk.tick(AT)
    days = [datetime(2026, 3, day, 14, 0, tzinfo=UTC) for day in (6, 9, 10)]
    assert await told(desk, BEN, *days) == [6, 9]
    await desk.ask(BEN, "action_item.done", "AI-1", {"changed": "So."}, at=days[-1])
    assert await told(desk, BEN, datetime(2026, 3, 11, 14, 0, tzinfo=UTC)) == [11]
    await desk.ask(
        BEN, "action_item.done", "AI-2", {"changed": "So."}, at=datetime(2026, 3, 11, 15, tzinfo=UTC)
    )
    said = await desk.tick(datetime(2026, 3, 12, 14, 0, tzinfo=UTC))
    assert reminds(plain(said["remind:U2:2026-03-12:0"]), "AI-3", "was due")


async def test_who_chose_to_hear_of_everything_as_it_comes_up_still_does(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(BEN, owner="U2", due="2026-03-06")
    await desk.tick(AT)
    days = [datetime(2026, 3, day, 20, 0, tzinfo=UTC) for day in (6, 9, 10, 11)]
    assert await told(desk, BEN, *days) == [6, 9, 10, 11]


async def test_quiet_until_a_day_is_quiet_until_that_day(desk: Desk) -> None:
    await opened(desk)
    await desk.ask(ANA, "team.own_settings", values={"quiet_until": "2026-03-16"})
    await desk.add_item(ANA, owner="U1", due="2026-03-09")
    for day in (9, 10, 13):
        assert not [key for key in await desk.tick(stockholm(day)) if key.startswith("remind:U1")]
    said = await desk.tick(stockholm(16))
    assert reminds(plain(said["remind:U1:2026-03-16:0"]), "AI-1", "was due")


async def test_a_readers_own_hours_come_before_the_teams(desk: Desk) -> None:
    await opened(desk)
    settings = {"starts": "12:00", "ends": "20:00", "days": "0,1,2,3,4,5"}
    await desk.ask(ANA, "team.own_settings", values=settings)
    await desk.add_item(ANA, owner="U1", due="2026-03-06")
    await desk.tick(AT)
    assert not [key for key in await desk.tick(stockholm(7)) if key.startswith("remind:U1")]
    assert "remind:U1:2026-03-07:0" in await desk.tick(stockholm(7, 12))


async def test_a_leads_new_hours_hold_at_once_for_what_only_a_lead_is_told(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(BEN)
    await desk.ask(ANA, "team.own_settings", values={"starts": "12:00", "ends": "20:00"})
    told = "remind:U1:2026-03-11:0"
    for day in (5, 6, 9, 10, 11):
        assert told not in await desk.tick(stockholm(day))
    await desk.ask(ANA, "team.own_settings", values={"starts": "09:00", "ends": "17:00"})
    assert reminds(plain((await desk.tick(stockholm(11, 10)))[told]), "AI-1", "still has no owner")


async def test_half_a_working_day_is_refused_beside_its_field(desk: Desk) -> None:
    reply = await desk.ask(ANA, "team.own_settings", values={"starts": "12:00"})
    assert list(reply.faults) == ["ends"]
    reply = await desk.ask(ANA, "team.own_settings", values={"starts": "12:00", "ends": "11:00"})
    assert list(reply.faults) == ["ends"]


async def test_settings_mean_ones_own_where_no_team_is(desk: Desk) -> None:
    direct = SUPPORT.model_copy(update={"id": "D1", "kind": "direct"})
    for asked in ({"channel": direct}, {"typed": "mine"}):
        form = (await desk.ask(ANA, "team.settings", **asked)).form
        assert form is not None
        assert form.title == "My settings"


async def test_a_prompt_without_an_answer_is_brought_up_at_half_time_and_on_the_last_day(
    desk: Desk,
) -> None:
    await opened(desk)
    half = await desk.tick(stockholm(9))
    message = half["remind:C-1:retro_half_time:2026-03-09"]
    assert "Answers close Tue 10 Mar, and nobody has answered this yet:" in plain(message)
    assert labels(message) == [f"Answer C-1/{prompt.key}" for prompt in ASKED]
    first, left, *others = ASKED
    answers = {prompt.key: "x" for prompt in (first, *others)}
    await desk.ask(ANA, "retro.answer", "C-1", answers, at=stockholm(9, 10))
    edited = (await desk.tick(stockholm(9, 10)))["remind:C-1:retro_half_time:2026-03-09"]
    assert labels(edited) == [f"Answer C-1/{left.key}"]
    last = await desk.tick(stockholm(10))
    assert desk.deleted == ["remind:C-1:retro_half_time:2026-03-09"]
    message = last["remind:C-1:retro_last_day:2026-03-10"]
    assert "Answers close today, Tue 10 Mar" in plain(message)
    assert labels(message) == [f"Answer C-1/{left.key}"]


async def test_what_is_due_in_many_threads_of_a_channel_is_one_message(desk: Desk) -> None:
    for number in range(1, 13):
        await desk.ask(ANA, "case.fail", typed=f"ZD-{number} Story {number}", bulk=True)
    await desk.ask(BEN, "retro.answer", "C-12", {"training": "A rehearsal"})
    await desk.tick(AT)
    said = reminders(await desk.tick(stockholm(10)))
    assert list(said) == ["remind:in:C1:2026-03-10"]
    message = said["remind:in:C1:2026-03-10"]
    assert "the retro C-1" in plain(message)
    assert message.title == "What waits for somebody"
    assert "12 things · 12 waiting" in plain(message)
    assert "Story 1\n" in plain(message)
    assert "Story 4\n" not in plain(message)
    assert "9 more wait for somebody." in plain(message)
    assert labels(message)[:3] == ["Answer C-1", "Answer C-2", "Answer C-3"]
    # Whoever presses Show all reads all of them, page by page.
    button = list(pressable(message))[-1]
    assert (button.label, button.about) == ("Show all 12", "2026-03-10")
    shown = words(await desk.ask(CLEO, button.command_name, button.about, at=stockholm(10)))
    assert [f"Story {number}\n" in shown for number in range(1, 13)] == [True] * 10 + [False] * 2
    rest = words(await desk.ask(CLEO, button.command_name, f"{button.about}+2", at=stockholm(10)))
    assert [f"Story {number}\n" in rest for number in range(1, 13)] == [False] * 10 + [True] * 2
    # Whoever is not in the channel reads nothing of it.
    desk.memberships.channels = {"U3": {"C2"}}
    refused = await desk.ask(CLEO, button.command_name, button.about, at=stockholm(10))
    assert refused.refused
    assert "Story" not in words(refused)
    desk.memberships.channels = {}
    # The next day it is superseded, and what was heard in one of them is told there.
    said = reminders(await desk.tick(stockholm(11)))
    in_threads = {key for key in said if ":U1:" not in key}
    assert in_threads == {"remind:in:C1:2026-03-11", "remind:C-12:retro_answers_closed:2026-03-11"}
    assert desk.deleted == ["remind:in:C1:2026-03-10"]
    # Closing one of them leaves the others in it.
    why = {"outcome": "an apology was enough", "why": "She said so."}
    await desk.ask(ANA, "retro.close", "C-1", why, at=stockholm(11, 10))
    edited = (await desk.tick(stockholm(11, 10)))["remind:in:C1:2026-03-11"]
    assert "Close retro C-1" not in labels(edited)
    assert "Close retro C-2" in labels(edited)


async def much(desk: Desk) -> Message:
    """Ben's digest of Friday: four items late, one due that day, and seven that wait for his yes."""
    await opened(desk, singly=False)
    for number in range(1, 8):
        await desk.add_item(ANA, owner="U2", what=f"Proposed {number}")
    await desk.add_item(BEN, owner="U2", what="Of today", due="2026-03-06")
    for number in range(1, 5):
        await desk.add_item(BEN, owner="U2", what=f"Late {number}", due="2026-03-05")
    await desk.tick(AT)
    return (await desk.tick(BENS_FRIDAY))["remind:U2:2026-03-06:0"]


async def test_a_digest_counts_shows_the_three_most_urgent_and_leads_to_all(desk: Desk) -> None:
    message = await much(desk)
    assert plain(message).split("\n") == [
        "What waits for you",
        "12 things · 4 late · 1 today · 7 waiting",
        "Late",
        *("Late 1", "This was due Thu 5 Mar · AI-9 · the retro C-1"),
        *("Late 2", "This was due Thu 5 Mar · AI-10 · the retro C-1"),
        *("Late 3", "This was due Thu 5 Mar · AI-11 · the retro C-1"),
        "9 more wait for you.",
    ]
    assert message.summary == ("12 things wait for you, first of all: Late 1 · This was due Thu 5 Mar.")
    assert [label for label in labels(message) if label.startswith("Mark done")] == [
        f"Mark done AI-{number}" for number in (9, 10, 11)
    ]
    button = list(pressable(message))[-1]
    assert (button.label, button.command_name, button.about) == (
        "Show all 12",
        "reminder.show_all",
        "2026-03-06:0",
    )


async def test_of_what_is_equally_urgent_a_customer_who_waits_comes_first(desk: Desk) -> None:
    await desk.fail()
    await desk.add_item(ANA)
    await desk.tick(AT)
    message = (await desk.tick(stockholm(11)))["remind:U1:2026-03-11:0"]
    lines = plain(message).split("\n")
    assert lines[1] == "2 things · 2 waiting"
    assert lines[3].startswith("The customer still waits for an apology")
    assert lines[5].startswith("This still has no owner · AI-1")


async def test_show_all_lists_all_group_by_group_and_what_does_not_fit_one_press_further(
    desk: Desk,
) -> None:
    await much(desk)
    shown = (await desk.ask(BEN, "reminder.show_all", "2026-03-06:0", at=BENS_FRIDAY)).message
    assert shown is not None
    listed = [line for line in plain(shown).split("\n") if " · " not in line]
    assert listed == [
        "What waits for you",
        *("Late", "Late 1", "Late 2", "Late 3", "Late 4"),
        *("Today", "Of today"),
        *("Waiting", *(f"Proposed {number}" for number in range(1, 6))),
        "2 more wait for you.",
    ]
    button = list(pressable(shown))[-1]
    assert (button.label, button.about) == ("Show more", "2026-03-06:0+2")
    rest = (await desk.ask(BEN, button.command_name, button.about, at=BENS_FRIDAY)).message
    assert rest is not None
    assert "Proposed 6\n" in plain(rest)
    assert "Proposed 7\n" in plain(rest)
    assert "Proposed 5" not in plain(rest)
    assert "more wait" not in plain(rest)


async def test_show_all_shows_what_still_waits_and_only_to_whom_it_was_said(desk: Desk) -> None:
    await much(desk)
    for person in (ANA, CLEO):
        answer = await desk.ask(person, "reminder.show_all", "2026-03-06:0", at=BENS_FRIDAY)
        assert words(answer) == "Nothing is left to do here."
    await desk.ask(BEN, "action_item.done", "AI-9", {"changed": "So."}, at=BENS_FRIDAY)
    shown = words(await desk.ask(BEN, "reminder.show_all", "2026-03-06:0", at=BENS_FRIDAY))
    assert "11 things · 3 late" in shown
    assert "AI-9" not in shown
    # In the digest itself the next one moves up, and what was done is said below.
    edited = (await desk.tick(BENS_FRIDAY))["remind:U2:2026-03-06:0"]
    assert "Late 4\n" in plain(edited)
    assert plain(edited).endswith("8 more wait for you.\nLate 1 · AI-9 · done")


async def test_show_more_passes_nothing_over_whatever_was_done_since_the_page_before(desk: Desk) -> None:
    await much(desk)
    shown = (await desk.ask(BEN, "reminder.show_all", "2026-03-06:0", at=BENS_FRIDAY)).message
    assert shown is not None
    button = list(pressable(shown))[-1]
    for label in ("AI-9", "AI-10", "AI-11"):
        await desk.ask(BEN, "action_item.done", label, {"changed": "So."}, at=BENS_FRIDAY)
    rest = words(await desk.ask(BEN, button.command_name, button.about, at=BENS_FRIDAY))
    assert "9 things · 1 late · 1 today · 7 waiting" in rest
    assert [f"Proposed {number}\n" in rest for number in range(5, 8)] == [False, True, True]
    # When fewer are left than the page had, it begins with the first of them.
    for number in range(1, 8):
        await desk.ask(BEN, "action_item.decline", f"AI-{number}", {"why": "No."}, at=BENS_FRIDAY)
    await desk.ask(BEN, "action_item.done", "AI-12", {"changed": "So."}, at=BENS_FRIDAY)
    rest = words(await desk.ask(BEN, button.command_name, button.about, at=BENS_FRIDAY))
    assert "1 thing · 1 today" in rest
    assert "Of today" in rest


async def test_an_older_show_all_shows_what_a_newer_digest_took_along(desk: Desk) -> None:
    await much(desk)
    monday = datetime(2026, 3, 9, 14, tzinfo=UTC)
    assert "remind:U2:2026-03-09:0" in await desk.tick(monday)
    for day in (monday, monday + timedelta(days=3)):
        await desk.tick(day)
        every = words(await desk.ask(BEN, "reminder.show_all", "2026-03-06:0", at=day))
        assert "12 things · 5 late · 7 waiting" in every
        rest = words(await desk.ask(BEN, "reminder.show_all", "2026-03-06:0+2", at=day))
        assert "Proposed 7\n" in rest
        # It is still nobody else's.
        other = await desk.ask(CLEO, "reminder.show_all", "2026-03-06:0", at=day)
        assert words(other) == "Nothing is left to do here."
        assert other.message is not None
        assert labels(other.message) == ["My action items "]


async def test_an_older_show_all_of_a_channel_shows_what_waits_there_now(desk: Desk) -> None:
    for number in range(1, 15):
        await desk.ask(ANA, "case.fail", typed=f"ZD-{number} Story {number}", bulk=True)
    for day in (6, 9, 10):
        await desk.tick(stockholm(day))
    older = await desk.ask(CLEO, "reminder.show_all_here", "2026-03-09", at=stockholm(10))
    assert "14 things · 14 waiting" in words(older)
    assert "Answers close today, Tue 10 Mar" in words(older)
    # Two days later nobody reads that answers close.
    later = words(await desk.ask(CLEO, "reminder.show_all_here", "2026-03-09", at=stockholm(12)))
    assert "Answers closed Tue 10 Mar, and nobody has answered this yet" in later
    for number in range(1, 15):
        why = {"outcome": "an apology was enough", "why": "She said so."}
        assert not (await desk.ask(ANA, "retro.close", f"C-{number}", why, at=stockholm(10))).faults
    over = (await desk.ask(CLEO, "reminder.show_all_here", "2026-03-09", at=stockholm(10))).message
    assert over is not None
    assert (plain(over), labels(over)) == ("Nothing is left to do here.", ["Status "])


async def test_a_message_of_a_channel_says_on_which_day_answers_close(desk: Desk) -> None:
    for number in range(1, 15):
        await desk.ask(ANA, "case.fail", typed=f"ZD-{number} Story {number}", bulk=True)
    await desk.tick(stockholm(6))
    half_time = plain((await desk.tick(stockholm(9)))["remind:in:C1:2026-03-09"])
    assert "Answers close Tue 10 Mar, and nobody has answered this yet" in half_time
    assert "today" not in half_time


async def test_show_all_is_as_it_stands_on_the_day_of_whoever_has_to_do_it(desk: Desk) -> None:
    await much(desk)
    # In New York Friday ends at five in the morning, UTC.
    ends = datetime(2026, 3, 7, 5, tzinfo=UTC)
    at = ends - timedelta(minutes=1)
    every = words(await desk.ask(BEN, "reminder.show_all", "2026-03-06:0", at=at))
    assert "4 late · 1 today" in every
    assert reminds(every, "AI-8", "is due today, Fri 6 Mar")
    every = words(await desk.ask(BEN, "reminder.show_all", "2026-03-06:0", at=ends))
    assert "12 things · 5 late · 7 waiting" in every
    assert reminds(every, "AI-8", "was due Fri 6 Mar")
    assert "is due today" not in every


async def test_what_was_due_soon_is_due_today_when_somebody_looks_on_that_day(desk: Desk) -> None:
    await opened(desk, singly=False)
    await desk.add_item(ANA, owner="U1", due="2026-03-10")
    await desk.tick(AT)
    await desk.tick(stockholm(6))
    key = "2026-03-06:0"
    soon = words(await desk.ask(ANA, "reminder.show_all", key, at=stockholm(9, 23)))
    assert reminds(soon, "AI-1", "is due soon: Tue 10 Mar")
    today = words(await desk.ask(ANA, "reminder.show_all", key, at=stockholm(10, 8)))
    assert "1 thing · 1 today" in today
    assert reminds(today, "AI-1", "is due today, Tue 10 Mar")


async def test_a_guest_reads_by_show_all_only_what_is_of_channels_they_are_in(desk: Desk) -> None:
    await much(desk)
    desk.memberships.channels = {BEN.id: set()}
    desk.memberships.guests = {BEN.id}
    direct = Channel(id="D1", name="", kind="direct")

    async def shown() -> str:
        place = {"channel": direct, "at": BENS_FRIDAY}
        return words(await desk.ask(BEN, "reminder.show_all", "2026-03-06:0", None, **place))

    assert await shown() == "Nothing is left to do here."
    desk.memberships.channels = {BEN.id: {"C1"}}
    assert "12 things" in await shown()
    # Whoever is no guest keeps what is theirs, wherever they are.
    desk.memberships.channels, desk.memberships.guests = {BEN.id: set()}, set()
    assert "12 things" in await shown()
    desk.memberships.silent = True
    assert await shown() == NO_ANSWER_NOW


@pytest.mark.parametrize("about", ["", "C-1", "2026-13-01:0", "2026-03-06:x", "2026-03-06:0+-1"])
async def test_a_button_to_show_all_that_nobody_made_is_answered_in_a_sentence(
    desk: Desk, about: str
) -> None:
    for command_name in ("reminder.show_all", "reminder.show_all_here"):
        reply = await desk.ask(ANA, command_name, about)
        assert reply.refused
        assert words(reply).startswith("I can't find")


async def test_what_is_due_in_a_few_threads_is_said_in_them(desk: Desk) -> None:
    for number in range(1, 6):
        await desk.ask(ANA, "case.fail", typed=f"ZD-{number} Story {number}", bulk=True)
    await desk.tick(AT)
    said = reminders(await desk.tick(stockholm(10)))
    assert sorted(said) == [f"remind:C-{number}:retro_last_day:2026-03-10" for number in range(1, 6)]


async def test_answered_prompts_are_not_brought_up(desk: Desk) -> None:
    await opened(desk)
    await desk.ask(BEN, "retro.answer", "C-1", {prompt.key: "a" for prompt in ASKED})
    await desk.tick(AT)
    for day in (9, 10):
        assert not [key for key in await desk.tick(stockholm(day)) if "retro_" in key]


async def came_back(desk: Desk) -> None:
    """A fix of communication is verified on Thursday; on Friday a case fails that has an item of it."""
    await opened(desk)
    item = await desk.add_item(ANA, owner="U1", gap="communication")
    await desk.ask(ANA, "action_item.done", item, {"changed": "We call first."})
    assert not (await desk.ask(BEN, "action_item.verify", item, {"saw": "They do."})).faults
    await desk.ask(ANA, "case.fail", typed="ZD-9 Nobody called", at=FRIDAY)
    values = {"what": "Call on the day", "owner": "U1", "gap": "communication", "due": "2026-03-31"}
    assert not (await desk.ask(ANA, "action_item.add", "C-2", values, at=FRIDAY)).faults
    ended = {"verdict": "recovered", "words": "Thank you."}
    assert not (await desk.ask(ANA, "recovery.verdict", "C-2", ended, at=FRIDAY)).faults


async def test_the_weeks_summary_says_once_which_gap_came_back_and_names_nobody(desk: Desk) -> None:
    await came_back(desk)
    week = (await desk.tick(stockholm(9)))["weekly:C1:2026-03-09"]
    assert plain(week) == (
        "This week\nCommunication came back: C-2, after a fix that was verified on Thu 5 Mar.\n"
        "Verified last week\nShow the notes · C-1 · AI-1"
    )
    assert week.summary == "This week: communication came back."
    line = week.parts[0]
    assert isinstance(line, Paragraph)
    assert Link(text="C-2", url="https://example.com/retro:2") in line.words
    assert not [key for key in await desk.tick(stockholm(16)) if key.startswith("weekly:")]


@pytest.mark.parametrize("cancelled", ["C-1", "C-2"])
async def test_a_gap_does_not_come_back_in_or_after_a_case_that_was_cancelled(
    desk: Desk, cancelled: str
) -> None:
    await came_back(desk)
    assert not (await desk.ask(ANA, "case.cancel", cancelled, {"why": "A test."}, at=FRIDAY)).faults
    assert not [key for key in await desk.tick(stockholm(9)) if key.startswith("weekly:")]


async def test_when_answers_close_the_thread_hears_what_was_heard(desk: Desk) -> None:
    await opened(desk)
    await desk.ask(BEN, "retro.answer", "C-1", {"training": "A rehearsal"})
    await desk.tick(stockholm(10))
    closed = (await desk.tick(stockholm(11)))["remind:C-1:retro_answers_closed:2026-03-11"]
    assert "Late ones stay welcome until the retro is closed." in plain(closed)
    assert "A rehearsal" in plain(closed)
    assert labels(closed) == ["Add action item C-1", "Close retro C-1"]


@pytest.mark.parametrize(
    ("ends", "values", "ended", "begins"),
    [
        ("retro.close", {"outcome": "an apology was enough", "why": "So."}, "closed", "retro.reopen"),
        ("case.cancel", {"why": "A test."}, "cancelled", "case.restore"),
    ],
)
async def test_what_was_heard_says_that_it_is_over_only_as_long_as_it_is(
    desk: Desk, ends: str, values: dict[str, str], ended: str, begins: str
) -> None:
    key = "remind:C-1:retro_answers_closed:2026-03-11"
    await opened(desk)
    await desk.ask(BEN, "retro.answer", "C-1", {"training": "A rehearsal"})
    for day in (10, 11):
        await desk.tick(stockholm(day))
    at = stockholm(12, 8)
    assert not (await desk.ask(ANA, ends, "C-1", values, at=at)).faults
    assert ended in plain(desk.say_all(at)[key])
    assert not (await desk.ask(ANA, begins, "C-1", {"why": "One more."}, at=at)).faults
    again = desk.say_all(at)[key]
    assert "This retro was opened again since then." in plain(again)
    assert "A rehearsal" in plain(again)
    assert labels(again) == []


@pytest.mark.parametrize(
    ("ends", "values"),
    [
        ("retro.close", {"outcome": "an apology was enough", "why": "So."}),
        ("case.cancel", {"why": "A test."}),
    ],
)
async def test_the_word_that_nobody_has_answered_goes_with_the_retro(
    desk: Desk, ends: str, values: dict[str, str]
) -> None:
    key = "remind:C-1:retro_half_time:2026-03-09"
    await opened(desk)
    assert key in await desk.tick(stockholm(9))
    assert not (await desk.ask(ANA, ends, "C-1", values, at=stockholm(9, 10))).faults
    assert key not in desk.say_all(stockholm(9, 10))
    assert desk.deleted == [key]


async def test_what_was_heard_stays_when_the_lead_is_asked_to_decide(desk: Desk) -> None:
    await opened(desk)
    for day in (9, 10, 11, 12, 17):
        await desk.tick(stockholm(day))
    assert "remind:C-1:retro_last_day:2026-03-10" in desk.deleted
    assert "remind:C-1:retro_answers_closed:2026-03-11" not in desk.deleted
    # Her own reminder of the 12th went when it was asked again, and its record with it.
    assert "remind:U1:2026-03-12:0" in desk.deleted
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert work.sent_messages.get("remind:U1:2026-03-12:0") is None
        assert work.sent_messages.get("remind:U1:2026-03-17:0") is not None


async def test_an_undecided_retro_is_brought_to_the_lead_until_it_is_closed(desk: Desk) -> None:
    await opened(desk)
    heard = []
    for day in range(9, 27):
        said = await desk.tick(stockholm(day))
        heard += [
            day for key, one in said.items() if ":U1:" in key and "decide what will change" in plain(one)
        ]
    # Answers close on the 10th: two working days later, then every three.
    assert heard == [12, 17, 20, 25]
    why = {"outcome": "an apology was enough", "why": "She said so."}
    await desk.ask(ANA, "retro.close", "C-1", why, at=stockholm(26))
    edited = (await desk.tick(stockholm(26, 10)))["remind:U1:2026-03-25:0"]
    assert labels(edited) == []
    later = await desk.tick(stockholm(31, 12))
    assert not [key for key in later if key.startswith("remind:")]


async def test_a_reopened_retro_has_time_to_answer_anew_and_is_undecided_only_after_that(
    desk: Desk,
) -> None:
    await opened(desk)
    why = {"outcome": "an apology was enough", "why": "She said so."}
    await desk.ask(ANA, "retro.close", "C-1", why)
    await desk.tick(AT)
    # Answers closed on the 10th; it is opened again on Monday the 16th, with three working days.
    await desk.ask(BEN, "retro.reopen", "C-1", {"why": "It happened again."}, at=stockholm(16, 10))
    assert desk.retro("C-1").answers_close_on == date(2026, 3, 19)
    said = await desk.tick(stockholm(16, 10))
    assert "close Thu 19 Mar" in plain(said["retro:1"])
    heard: dict[int, str] = {}
    for day in range(17, 28):
        told = reminders(await desk.tick(stockholm(day)))
        heard[day] = "\n".join(f"{key} {plain(one)}" for key, one in told.items())
    assert [day for day, text in heard.items() if "remind:C-1:retro_half_time" in text] == [18]
    assert [day for day, text in heard.items() if "remind:C-1:retro_last_day" in text] == [19]
    assert [
        day for day, text in heard.items() if "Everybody has had time to answer: decide" in text
    ] == [
        23,
        26,
    ]


async def test_a_retro_that_is_reopened_while_answers_are_welcome_keeps_its_day(desk: Desk) -> None:
    await opened(desk)
    settings = {"lead": "U1", "zone": "Europe/Stockholm", "days": "0,1,2,3,4", "days_to_answer": "1"}
    hours = {"starts": "09:00", "ends": "17:00"}
    assert not (await desk.ask(ANA, "team.settings", values=settings | hours)).faults
    why = {"outcome": "an apology was enough", "why": "She said so."}
    await desk.ask(ANA, "retro.close", "C-1", why)
    await desk.ask(BEN, "retro.reopen", "C-1", {"why": "Too early."})
    assert desk.retro("C-1").answers_close_on == date(2026, 3, 10)


async def test_monday_brings_the_team_what_waits_and_what_was_closed(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U2", due="2026-03-06")
    await desk.add_item(BEN)
    await desk.fail(typed="ZD-2 Something else")
    why = {"outcome": "an apology was enough", "why": "She said so."}
    await desk.ask(ANA, "retro.close", "C-2", why)
    await desk.tick(AT)
    said = await desk.tick(stockholm(9))
    week = plain(said["weekly:C1:2026-03-09"])
    assert "Late" not in week
    for words_of_it in (
        "Waiting for a yes or no",
        "AI-1",
        "Without an owner",
        "AI-2",
        "Closed last week",
        "C-2",
    ):
        assert words_of_it in week
    assert "weekly:C1:2026-03-09" not in await desk.tick(stockholm(10))


async def test_monday_names_the_customers_who_wait_with_the_next_step_of_each(desk: Desk) -> None:
    await opened(desk)
    await desk.ask(ANA, "case.fail", values={"what_happened": "Lost", "customer": "Mrs. Ólafsdóttir"})
    await desk.ask(ANA, "case.fail", values={"what_happened": "Old one"}, bulk=True)
    sales = Channel(id="C2", name="sales")
    await desk.ask(BEN, "case.fail", values={"what_happened": "Sold twice"}, channel=sales, here="C2")
    await desk.tick(AT)
    week = (await desk.tick(stockholm(9)))["weekly:C1:2026-03-09"]
    assert week.summary == "This week: 1 customer waits."
    told = plain(week)
    assert (
        "Mrs. Ólafsdóttir · Lost\nwaits · next: Hear the customer · apologise by Thu 5 Mar · Ana · C-2"
        in told
    )
    assert labels(week) == ["Hear the customer C-2", "Customer C-2"]
    # Neither who is content, nor whom nobody looks after, nor another channel's.
    for other in ("C-1", "Old one", "Sold twice"):
        assert other not in told


async def test_a_promise_is_called_late_before_the_team_only_once_its_owner_has_heard_of_it(
    desk: Desk,
) -> None:
    for person in (ANA, BEN):
        desk.meet(person)
    await desk.fail()
    promise = {"words": "It comes.", "due": "2026-03-06", "how": "A call", "keeper": "U2"}
    assert not (await desk.ask(ANA, "recovery.promise", "C-1", promise)).faults
    await desk.tick(AT)
    # Nine o'clock on Monday in Stockholm: Ben, in New York, hears of it in the afternoon.
    said = await desk.tick(stockholm(9))
    assert not [key for key in said if ":U2:" in key]
    week = plain(said["weekly:C1:2026-03-09"])
    assert "Parcel missed twice\nwaits · next: Keep the promise · due Fri 6 Mar · Ben" in week
    assert "late" not in week
    told = await desk.tick(stockholm(9, 16))
    assert "was due Fri 6 Mar" in plain(told["remind:U2:2026-03-09:0"])
    week = plain((await desk.tick(stockholm(16)))["weekly:C1:2026-03-16"])
    assert "Parcel missed twice\npromise late · next" in week


@pytest.mark.parametrize("fresh", [3, 51])
async def test_what_owners_do_not_know_yet_takes_nobodys_place_in_the_week(
    desk: Desk, fresh: int
) -> None:
    await opened(desk)
    for number in range(fresh):
        await desk.add_item(ANA, owner="U1", what=f"Fresh {number}", due="2026-03-06")
    for number in range(11):
        await desk.add_item(ANA, what=f"Nobody's {number}")
    await desk.tick(AT)
    week = plain((await desk.tick(stockholm(9)))["weekly:C1:2026-03-09"])
    assert "10 without an owner" in week
    assert "There are more action items." in week
    assert "Fresh" not in week


async def test_an_item_without_a_day_waits_for_a_yes_or_no_before_the_team_once_its_owner_was_asked(
    desk: Desk,
) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U2", what="Asked on Friday")
    values = {"what": "Asked on Monday", "owner": "U2"}
    assert not (await desk.ask(ANA, "action_item.add", "C-1", values, at=FRIDAY)).faults
    await desk.tick(FRIDAY)
    week = plain((await desk.tick(stockholm(9)))["weekly:C1:2026-03-09"])
    assert "Waiting for a yes or no\nAsked on Friday" in week
    assert "Asked on Monday" not in week
    week = plain((await desk.tick(stockholm(16)))["weekly:C1:2026-03-16"])
    assert "2 without a yes or no" in week
    assert "Asked on Monday" in week


async def test_the_weeks_summary_says_what_was_verified_in_the_week_before_and_still_is(
    desk: Desk,
) -> None:
    await opened(desk)
    for number, (verified, what) in enumerate(
        ((FRIDAY, "Holds"), (FRIDAY, "Reopened"), (stockholm(10), "This week")), start=1
    ):
        label = await desk.add_item(ANA, owner="U1", what=what)
        assert label == f"AI-{number}"
        await desk.ask(ANA, "action_item.done", label, {"changed": "So."})
        assert not (await desk.ask(BEN, "action_item.verify", label, {"saw": "So."}, at=verified)).faults
    again = {"missing": "It is gone."}
    assert not (await desk.ask(ANA, "action_item.reopen", "AI-2", again, at=FRIDAY)).faults
    await desk.add_item(BEN, what="Nobody's")
    week = plain((await desk.tick(stockholm(11)))["weekly:C1:2026-03-09"])
    assert week.partition("Verified last week\n")[2] == "Holds · C-1 · AI-1"


async def test_a_lead_of_three_teams_hears_of_all_of_them_in_one_digest_a_day(desk: Desk) -> None:
    sales, night = Channel(id="C2", name="sales"), Channel(id="C3", name="night shift")
    theirs = Channel(id="C4", name="returns")
    over = {"verdict": "recovered", "words": "Thank you."}
    for number, channel in enumerate((SUPPORT, sales, night, theirs), 1):
        lead = BEN if channel is theirs else ANA
        await desk.ask(lead, "case.fail", typed=f"Lost in {channel.name}", channel=channel)
        assert not (await desk.ask(lead, "recovery.verdict", f"C-{number}", over)).faults
        await desk.add_item(CLEO, f"C-{number}", what=f"Nobody's in {channel.name}")
    by_day: dict[int, dict[str, Message]] = {}
    for day in range(5, 14):
        said = reminders(await desk.tick(stockholm(day)))
        by_day[day] = {key: one for key, one in said.items() if key.startswith("remind:U1:")}
    assert all(len(said) <= 1 for said in by_day.values()), "one message a day, of whatever team"
    digest = plain(by_day[11]["remind:U1:2026-03-11:0"])
    for channel in (SUPPORT, sales, night):
        assert f"Nobody's in {channel.name}" in digest
    assert theirs.name not in digest


async def test_a_week_with_nothing_to_act_on_says_nothing(desk: Desk) -> None:
    await opened(desk)
    why = {"outcome": "an apology was enough", "why": "She said so."}
    await desk.ask(ANA, "retro.close", "C-1", why)
    for day in (9, 16):
        assert not [key for key in await desk.tick(stockholm(day)) if key.startswith("weekly:")]


async def test_a_week_slept_through_is_said_on_the_next_working_day(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(BEN)
    await desk.tick(AT)
    assert "weekly:C1:2026-03-09" in await desk.tick(stockholm(11, 10))


async def test_what_was_asked_and_what_came_of_it_can_be_read(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U1", due="2026-03-09")
    await desk.tick(AT)
    await desk.tick(stockholm(9))
    await desk.tick(stockholm(10))
    await desk.ask(ANA, "action_item.done", "AI-1", {"changed": "So."}, at=stockholm(10, 10))
    form = (await desk.ask(BEN, "action_item.read", "AI-1")).form
    assert form is not None
    told = plain(Message(summary="", parts=form.parts))
    assert "Mon 9 Mar · Ana · due today · asked again" in told
    assert "Tue 10 Mar · Ana · late · done" in told


async def test_a_late_item_is_shown_as_late_without_anybody_touching_it(desk: Desk) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U1", due="2026-03-06")
    await desk.tick(AT)
    said = await desk.tick(stockholm(9))
    assert "agreed · late · AI-1" in plain(said["item:1"])
    assert "1 late" in plain(said["retro:1"])


@pytest.mark.parametrize(
    ("owner", "hours_until_late"),
    [(BEN, 5), (CLEO, -8), (Person(id="U4", name="Dan"), 0)],
    ids=["west of the team", "east of it", "nobody knows where"],
)
async def test_an_item_is_late_everywhere_at_once_when_its_day_is_over_for_its_owner(
    desk: Desk, owner: Person, hours_until_late: int
) -> None:
    """The team is in Stockholm, where the twelfth began before it did in New York, and after Tokyo."""
    await opened(desk, singly=False)
    desk.meet(owner)
    # The clocks of New York changed on the eighth already.
    await desk.add_item(ANA, owner=owner.id, due="2026-03-11")
    await desk.ask(owner, "action_item.accept", "AI-1")
    shown = {key: plain(one) for key, one in (await desk.tick(AT)).items()}
    turns = stockholm(12, 0) + timedelta(hours=hours_until_late)
    for at, is_late in ((turns - timedelta(minutes=1), False), (turns, True)):
        shown |= {key: plain(one) for key, one in (await desk.tick(at)).items()}
        status = words(await desk.ask(BEN, "board.status", at=at))
        mine = words(await desk.ask(owner, "action_item.mine", at=at))
        for where in (shown["item:1"], shown[f"owner:1:{owner.id}"], status, mine):
            assert ("agreed · late" in where) is is_late, (at, where)
        assert ("1 late" in shown["retro:1"]) is is_late


async def test_a_promise_is_late_everywhere_at_once_when_its_day_is_over_for_whoever_keeps_it(
    desk: Desk,
) -> None:
    for person in (ANA, BEN):
        desk.meet(person)
    await desk.fail()
    promise = {"words": "It comes.", "due": "2026-03-11", "how": "A call", "keeper": "U2"}
    assert not (await desk.ask(ANA, "recovery.promise", "C-1", promise)).faults
    turns = stockholm(12, 5)
    shown: dict[str, str] = {}
    for at, is_late in ((AT, False), (turns - timedelta(minutes=1), False), (turns, True)):
        shown |= {key: one.summary for key, one in (await desk.tick(at)).items()}
        assert ("promise late" in shown["recovery:1"]) is is_late, at
        assert ("promise late" in words(await desk.ask(ANA, "board.status", at=at))) is is_late
        assert ("promise late" in words(await desk.ask(BEN, "action_item.mine", at=at))) is is_late


async def test_new_settings_of_the_team_move_its_reminders(desk: Desk, sqlite: Database) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U1", due="2026-03-09")
    await desk.tick(AT)
    with open_work(sqlite, desk.workspace, writes=False) as work:
        team = work.teams.get("C1")
    assert isinstance(team, Team)
    settings = {
        "lead": "U1",
        "zone": team.zone,
        "days": "0,1,2,3,4",
        "starts": "07:00",
        "ends": "12:00",
        "days_to_answer": "3",
    }
    await desk.ask(ANA, "team.settings", values=settings)
    assert "remind:U1:2026-03-09:0" in await desk.tick(stockholm(9, 7))


WEEK_OFF = {"days_off": "2026-03-06 to 2026-03-15", "country": "none", "region": ""}
"""Ana's team is closed from the next day on, until Monday 16 March."""


async def test_on_a_day_off_nobody_is_reminded_and_the_next_working_day_says_it(desk: Desk) -> None:
    await opened(desk)
    await desk.ask(ANA, "team.days_off", values=WEEK_OFF)
    await desk.add_item(ANA, owner="U1", due="2026-03-10")
    for day in range(6, 16):
        for hour in (9, 15):
            assert reminders(await desk.tick(stockholm(day, hour))) == {}, day
    # What was due that Tuesday is first heard of on the first working day.
    assert reminders(await desk.tick(stockholm(16, 8, 59))) == {}
    said = reminders(await desk.tick(stockholm(16)))
    assert "This was due Tue 10 Mar" in plain(said["remind:U1:2026-03-16:0"])


async def test_a_week_off_has_no_summary_and_the_next_one_begins_with_its_first_working_day(
    desk: Desk,
) -> None:
    await opened(desk)
    await desk.add_item(BEN)
    await desk.ask(ANA, "team.days_off", values={**WEEK_OFF, "days_off": "2026-03-06 to 2026-03-16"})
    for day in range(6, 17):
        assert not [key for key in await desk.tick(stockholm(day, 10)) if key.startswith("weekly:")]
    said = await desk.tick(stockholm(17))
    assert [key for key in said if key.startswith("weekly:")] == [f"weekly:{SUPPORT.id}:2026-03-16"]


async def test_new_days_off_hold_at_once_for_what_is_open_and_days_taken_back_as_well(
    desk: Desk,
) -> None:
    await opened(desk)
    await desk.add_item(ANA, owner="U2")
    await desk.tick(AT)
    # Ben would be asked on Friday at nine, in New York.
    await desk.ask(ANA, "team.days_off", values=WEEK_OFF)
    assert reminders(await desk.tick(BENS_FRIDAY)) == {}
    assert reminders(await desk.tick(BENS_FRIDAY + timedelta(days=3))) == {}
    await desk.ask(ANA, "team.days_off", values={**WEEK_OFF, "days_off": ""})
    said = reminders(await desk.tick(BENS_FRIDAY + timedelta(days=3, minutes=5)))
    assert "This waits for your answer" in plain(said["remind:U2:2026-03-09:0"])


async def test_whoever_is_in_two_teams_hears_of_each_on_the_days_on_which_that_one_works(
    desk: Desk,
) -> None:
    await opened(desk)
    billing = Channel(id="C2", name="billing")
    await desk.ask(ANA, "case.fail", typed="ZD-2 Billed twice", channel=billing)
    await desk.ask(ANA, "team.days_off", values=WEEK_OFF)
    # Ben's own week has no say in it: it is the team of the item that is closed.
    await desk.ask(BEN, "team.own_settings", values={"days": "0,1,2,3,4,5,6"})
    await desk.add_item(ANA, owner="U2", what="Of support")
    await desk.add_item(ANA, about="C-2", owner="U2", what="Of billing")
    await desk.tick(AT)
    said = reminders(await desk.tick(BENS_FRIDAY))["remind:U2:2026-03-06:0"]
    assert "Of billing" in plain(said)
    assert "Of support" not in plain(said)
    for day in range(1, 10):
        told = [
            plain(message) for message in (await desk.tick(BENS_FRIDAY + timedelta(days=day))).values()
        ]
        assert not [text for text in told if "Of support" in text and "waits for your answer" in text]
    told = [plain(message) for message in (await desk.tick(BENS_FRIDAY + timedelta(days=10))).values()]
    assert [text for text in told if "Of support" in text]


async def test_answers_close_and_an_apology_is_due_after_the_days_off(desk: Desk) -> None:
    settings = {
        "lead": "U1",
        "zone": "Europe/Stockholm",
        "days": "0,1,2,3,4",
        "starts": "09:00",
        "ends": "17:00",
        "days_to_answer": "3",
        "days_to_apologise": "1",
    }
    await desk.ask(ANA, "team.settings", values=settings)
    await desk.ask(ANA, "team.days_off", values=WEEK_OFF)
    await desk.fail()
    with open_work(desk.database, desk.workspace, writes=False) as work:
        retro, recovery = work.retros.get(1), work.recoveries.get(1)
    assert retro is not None
    assert recovery is not None
    # Three working days after Thursday 5 March; one for the apology.
    assert retro.answers_close_on == date(2026, 3, 18)
    assert recovery.apologise_by == date(2026, 3, 16)
    said = reminders(await desk.tick(stockholm(16)))
    assert not [text for text in map(plain, said.values()) if "still waits for an apology" in text]


async def test_the_retro_says_that_a_failure_on_a_day_off_was_outside_the_teams_hours(
    desk: Desk,
) -> None:
    await desk.ask(ANA, "team.days_off", values=WEEK_OFF)
    values = {"what_happened": "Lost", "date": "2026-03-09", "time": "10:00"}
    await desk.ask(ANA, "case.fail", values=values, at=stockholm(9, 12))
    assert "outside the team's hours" in plain(desk.say_all()["retro:1"])
