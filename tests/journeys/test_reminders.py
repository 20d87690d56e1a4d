"""Reminders in Slack, as people meet them: what comes when, and what its buttons do."""

from datetime import datetime, time, timedelta

from tests.desk import reminds
from tests.fakes import FakeSlack
from tests.journeys.later import (
    NEW_YORK,
    STOCKHOLM,
    TEN_PAST,
    added,
    after,
    at,
    failed,
    hears_singly,
    of,
    on_sqlite,
    open_slack_later,
    part,
    shown,
    working_day,
)


async def test_an_item_is_brought_up_in_its_own_thread_until_it_is_done(
    slack: FakeSlack, database_url: str
) -> None:
    ana, ben = slack.person("Ana", tz=STOCKHOLM), slack.person("Ben", tz=NEW_YORK)
    support = slack.channel("support", members=[ana, ben])
    due = working_day(NEW_YORK, 5)

    def nine(days: int, clock: time = time(9)) -> datetime:
        return at(NEW_YORK, after(due, days), clock)

    async with open_slack_later(slack, database_url) as later:
        for person in (ana, ben):
            await hears_singly(person, support)
        retro = await failed(later, ana, support)
        await added(later, ana, retro, "A night number", owner=ben, due=due)
        (own,) = ben.direct.roots()
        await ben.click(own, "Accept")
        await later.turn()
        item = next(reply for reply in support.thread(retro) if "agreed · AI-1" in reply.words())

        # Two working days before, at nine where Ben is, and not a minute sooner.
        await later.turn(nine(-2, time(8, 59)))
        assert ben.direct.thread(own) == []
        await later.turn(nine(-2))
        (soon,) = ben.direct.thread(own)
        assert reminds(soon.words(), "AI-1", f"is due soon: {shown(due, after(due, -2))}.")
        assert list(soon.buttons()) == ["Mark done", "Change date", "Hand over", "Remind me later"]
        await later.turn(nine(-1))
        assert ben.direct.thread(own) == [soon]

        # On the day; the earlier one steps back.
        await later.turn(nine(0))
        assert reminds(ben.direct.thread(own)[-1].words(), "AI-1", f"is due today, {shown(due, due)}.")
        assert soon in slack.deleted

        # Late: once each working day. From the third the lead hears, and who was asked when.
        for days in (1, 2, 3):
            assert of(ana, "Ben has it") == []
            await later.turn(nine(days))
            told = ben.direct.thread(own)
            assert len(told) == 1
            assert reminds(told[-1].words(), "AI-1", "was due")
        assert "agreed · late · AI-1" in item.words()
        assert "1 late" in retro.words()
        (heard,) = of(ana, "and Ben has it")
        assert (
            f"I've reminded Ben four times, last on {shown(after(due, 2), after(due, 3))}."
            in heard.words()
        )

        # Done, from the reminder itself: every message that shows it says so.
        newest = ben.direct.thread(own)[-1]
        await ben.submit(await ben.press(newest, "Mark done"), {"What changed": "It is printed."})
        await later.turn(nine(3, TEN_PAST))
        assert newest.buttons() == {}
        assert "AI-1 · done" in newest.words()
        assert "You marked this done" in own.words()
        assert "done · AI-1" in item.words()
        assert "Mark done" not in item.buttons()
        assert "late" not in retro.words().rpartition("open ·")[2]
        assert "Ben has it" not in heard.words()
        for days in (4, 5, 10):
            await later.turn(nine(days))
        assert ben.direct.thread(own) == [newest]
        assert ben.direct.roots() == [own]

        # The lead can read who was asked when, and what came of it.
        assert of(ana, "This is done, says Ben, and waits for somebody to verify it.")


@on_sqlite
async def test_remind_me_later_is_quiet_until_the_chosen_day(
    slack: FakeSlack, database_url: str
) -> None:
    ana, ben = slack.person("Ana", tz=STOCKHOLM), slack.person("Ben", tz=NEW_YORK)
    support = slack.channel("support", members=[ana, ben])
    due = working_day(NEW_YORK, 2)
    async with open_slack_later(slack, database_url) as later:
        await added(later, ben, await failed(later, ana, support), "Notes", owner=ben, due=due)
        (own,) = ben.direct.roots()
        await later.turn(at(NEW_YORK, due))
        (reminder,) = ben.direct.thread(own)
        form = await ben.press(reminder, "Remind me later")
        options = form.view["blocks"][-1]["element"]["options"]
        offered = [option["text"]["text"] for option in options]
        assert offered == ["Tomorrow", "In three days", "Next week", "After the due date"]
        assert await ben.submit(form, {"When": "After the due date"}) is None
        chosen = f"” on {shown(due + timedelta(days=1), working_day(NEW_YORK, 0))}, or on your next"
        await slack.until(lambda: chosen in ben.whispers[-1].words())
        await later.turn(at(NEW_YORK, due, TEN_PAST))
        assert reminder.buttons() == {}
        assert "Reminder moved to" in reminder.words()
        await later.turn(at(NEW_YORK, due, time(16, 59)))
        assert ben.direct.thread(own) == [reminder]
        await later.turn(at(NEW_YORK, after(due, 1)))
        again = ben.direct.thread(own)[-1]
        assert reminds(again.words(), "AI-1", "was due")
        assert "Mark done" in again.buttons()


@on_sqlite
async def test_my_settings_open_from_both_channels_and_are_kept(
    slack: FakeSlack, database_url: str
) -> None:
    ana, ben = slack.person("Ana", tz=STOCKHOLM), slack.person("Ben", tz=NEW_YORK)
    support = slack.channel("support", members=[ana, ben])
    due = working_day(NEW_YORK, 3)
    quiet = after(due, 4)
    async with open_slack_later(slack, database_url) as later:
        retro = await failed(later, ana, support)
        await added(later, ben, retro, "Notes", owner=ben, due=due)
        await added(later, ben, retro, "Labels", owner=ben, due=due)
        assert (await ben.opens("settings", ben.direct)).title == "My settings"
        form = await ben.opens("settings mine", support)
        assert form.title == "My settings"
        saved = f"11:00–15:00. One daily digest, none before {shown(quiet, working_day(NEW_YORK, 0))}"
        await ben.submit(
            form,
            {
                "One daily digest": True,
                "Quiet until": quiet,
                "Day starts": time(11),
                "Day ends": time(15),
            },
        )
        await slack.until(lambda: ben.whispers and saved in ben.whispers[-1].words())
        before = len(ben.direct.messages)
        for days in (0, 1, 2, 3):
            await later.turn(at(NEW_YORK, after(due, days), time(12)))
        await later.turn(at(NEW_YORK, quiet, time(10, 59)))
        assert len(ben.direct.messages) == before
        await later.turn(at(NEW_YORK, quiet, time(11)))
        digest = list(ben.direct.messages.values())[-1]
        assert len(ben.direct.messages) == before + 1
        assert "What waits for you" in digest.words()
        assert reminds(digest.words(), "AI-1", "was due")
        assert reminds(digest.words(), "AI-2", "was due")


@on_sqlite
async def test_three_items_due_at_once_are_one_message_whose_buttons_all_work(
    slack: FakeSlack, database_url: str
) -> None:
    ana = slack.person("Ana", tz=STOCKHOLM)
    support = slack.channel("support", members=[ana])
    due = working_day(STOCKHOLM, 5)
    async with open_slack_later(slack, database_url) as later:
        retro = await failed(later, ana, support)
        for what in ("Notes", "Labels", "Maps"):
            await added(later, ana, retro, what, owner=ana, due=due)
        before = len(ana.direct.messages)
        await later.turn(at(STOCKHOLM, after(due, -2)))
        assert len(ana.direct.messages) == before + 1
        message = list(ana.direct.messages.values())[-1]
        for label, what in (("AI-1", "Notes"), ("AI-2", "Labels"), ("AI-3", "Maps")):
            says = f"*{what}*\nThis is due soon: {shown(due, after(due, -2))} · {label} ·"
            assert says in message.words()
        # Done, put off and moved: each from the same message, each leaving the others' buttons.
        form = await ana.press(part(message, "AI-2"), "Mark done")
        await ana.submit(form, {"What changed": "Printed."})
        await later.turn(at(STOCKHOLM, after(due, -2), TEN_PAST))
        assert "Labels · AI-2 · done" in message.words()
        assert part(message, "AI-2").buttons() == {}
        form = await ana.press(part(message, "AI-3"), "Change date")
        await ana.submit(form, {"New date": after(due, 10)})
        form = await ana.press(part(message, "AI-1"), "Remind me later")
        await ana.submit(form, {"When": "After the due date"})
        await later.turn(at(STOCKHOLM, after(due, -2), TEN_PAST))
        assert message.buttons() == {}
        assert len(ana.direct.messages) == before + 1
