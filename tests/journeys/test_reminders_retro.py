"""Reminders about a whole retro and a whole team in Slack, and at whose nine o'clock they come."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot import bootstrap
from tests.desk import ASKED, reminds
from tests.fakes import FakeSlack, Posted
from tests.handlers.slack_adapter import settings_for
from tests.journeys.later import (
    NEW_YORK,
    STOCKHOLM,
    TEN_PAST,
    TOKYO,
    added,
    after,
    at,
    failed,
    of,
    on_sqlite,
    open_slack_later,
    part,
    shown,
    working_day,
)

NOBODY = "nobody has answered this yet"


def holding(posts: list[Posted], words: str) -> list[Posted]:
    """Those with these words."""
    return [posted for posted in posts if words in posted.words()]


@on_sqlite
async def test_a_thread_hears_what_is_unanswered_and_the_lead_that_it_is_undecided(
    slack: FakeSlack, database_url: str
) -> None:
    ana, ben = slack.person("Ana", tz=STOCKHOLM), slack.person("Ben", tz=STOCKHOLM)
    support = slack.channel("support", members=[ana, ben])
    half, last, closed = (working_day(STOCKHOLM, days) for days in (2, 3, 4))
    async with open_slack_later(slack, database_url) as later:
        retro = await failed(later, ana, support)

        # Half time: the prompts without an answer, and nobody's name; answered from there.
        await later.turn(at(STOCKHOLM, half, time(8, 59)))
        assert holding(support.thread(retro), NOBODY) == []
        await later.turn(at(STOCKHOLM, half))
        (halfway,) = holding(support.thread(retro), NOBODY)
        assert f"Answers close {shown(last, half)}" in halfway.words()
        assert "<@" not in halfway.words()
        *others, left = ASKED
        heard_of = {prompt.label: "A call" for prompt in others}
        form = await ben.press(part(halfway, "C-1/training"), "Answer")
        await ben.submit(form, heard_of | {"Training": "A rehearsal"})
        await later.turn(at(STOCKHOLM, half, TEN_PAST))
        assert "*Training*" not in halfway.words()
        assert f"*{left.label}*" in halfway.words()

        # The last day: what is left of them, and the earlier message steps back.
        await later.turn(at(STOCKHOLM, last))
        (final,) = holding(support.thread(retro), "Answers close today")
        assert f"*{others[-1].label}*" not in final.words()
        assert f"*{left.label}*" in final.words()
        assert halfway in slack.deleted

        # Closed: what was heard, and the way on. A late answer is welcome.
        await later.turn(at(STOCKHOLM, closed))
        (heard,) = holding(support.thread(retro), "What we heard so far")
        assert "A rehearsal" in heard.words()
        assert "Late ones stay welcome" in heard.words()
        assert {"Add action item", "Close retro"} <= set(heard.buttons())
        assert final in slack.deleted
        await ana.submit(await ana.press(retro, "Answer"), {left.label: "A night number"})
        await later.turn(at(STOCKHOLM, closed, TEN_PAST))
        assert holding(support.thread(retro), f"{left.label} · Ana")
        assert "A night number" in heard.words()

        # Undecided: two working days later to the lead, who closes it from there.
        assert of(ana, "Everybody has had time") == []
        await later.turn(at(STOCKHOLM, after(last, 2)))
        (undecided,) = of(ana, "Everybody has had time to answer: decide")
        await later.turn(at(STOCKHOLM, after(last, 4)))
        assert of(ana, "Everybody has had time") == [undecided]
        form = await ana.press(undecided, "Close retro")
        await ana.submit(form, {"Outcome": "an apology was enough", "Why": "She said so."})
        await later.turn(at(STOCKHOLM, after(last, 4), TEN_PAST))
        assert "C-1 · closed" in undecided.words()
        assert undecided.buttons() == {}
        assert heard.buttons() == {}
        said = len(slack.posted())
        for days in (5, 8, 11):
            await later.turn(at(STOCKHOLM, after(last, days)))
        assert len(slack.posted()) == said


async def test_monday_tells_the_channel_what_waits_and_nothing_when_nothing_does(
    slack: FakeSlack, database_url: str
) -> None:
    ana, ben = slack.person("Ana", tz=STOCKHOLM), slack.person("Ben", tz=STOCKHOLM)
    support = slack.channel("support", members=[ana, ben])
    today = datetime.now(ZoneInfo(STOCKHOLM)).date()
    monday = today + timedelta(days=7 - today.weekday())
    async with open_slack_later(slack, database_url) as later:
        # Ben is away, so nobody waits for him to hear first that it is late.
        form = await ben.opens("settings mine", support)
        await ben.submit(form, {"Quiet until": monday + timedelta(days=14)})
        retro = await failed(later, ana, support)
        await added(later, ben, retro, "Notes", owner=ben, due=today)
        await added(later, ben, retro, "Labels")
        await added(later, ana, retro, "Maps", owner=ana)
        await ana.command("failed ZD-2 Broken kettle", support)
        await later.turn()
        form = await ana.press(support.roots()[-1], "Close retro")
        await ana.submit(form, {"Outcome": "an apology was enough", "Why": "She said so."})
        items = {number: holding(support.thread(retro), f"AI-{number} ·")[0] for number in (1, 2, 3)}
        await ana.submit(await ana.press(items[3], "Mark done"), {"What changed": "Drawn."})

        await later.turn(at(STOCKHOLM, monday, time(8, 59)))
        assert holding(support.roots(), "This week") == []
        await later.turn(at(STOCKHOLM, monday))
        (week,) = holding(support.roots(), "This week")
        titles = (
            "*Customers who wait*",
            "*Late*",
            "*Without an owner*",
            "*Done, not verified*",
            "*Closed last week*",
        )
        channels = [week.words().index(title) for title in titles]
        assert channels == sorted(channels)
        assert "*Notes*\n:alarm_clock: agreed · late · Ben · " in week.words()
        assert "*Labels*\n:hourglass_flowing_sand: proposed · " in week.words()
        assert "*Maps*\n:hourglass_flowing_sand: done · " in week.words()
        assert "*Broken kettle*\nan apology was enough" in week.words()

        # All is seen to: the next week begins in silence.
        await ben.submit(await ben.press(items[1], "Mark done"), {"What changed": "Printed."})
        await later.turn(at(STOCKHOLM, monday, TEN_PAST))
        await ben.click(items[2], "Take it")
        await ana.submit(await ana.press(items[1], "Verify"), {})
        await ben.submit(await ben.press(items[3], "Verify"), {})
        await later.turn(at(STOCKHOLM, monday, time(9, 20)))
        root = holding(support.roots(), "Retro: Broken kettle")[0]
        form = await ana.press(holding(support.thread(root), "looked after by")[0], "How it ended")
        await ana.submit(form, {"What they say": "recovered", "In their own words": "Thank you."})
        await later.turn(at(STOCKHOLM, monday, time(9, 30)))
        await later.turn(at(STOCKHOLM, monday + timedelta(days=7), time(12)))
        assert holding(support.roots(), "This week") == [week]


@on_sqlite
async def test_everybody_is_reminded_at_their_own_nine_o_clock_and_never_outside_their_day(
    slack: FakeSlack, database_url: str
) -> None:
    """Hour by hour through nearly a fortnight."""
    ana, ben = slack.person("Ana", tz=NEW_YORK), slack.person("Ben", tz=TOKYO)
    support = slack.channel("support", members=[ana, ben])
    zones = {ana.direct.id: NEW_YORK, ben.direct.id: TOKYO, support.id: STOCKHOLM}
    async with open_slack_later(slack, database_url) as later:
        retro = await failed(later, ana, support)
        form = await ana.opens("settings", support)
        await ana.submit(form, {"Time zone": STOCKHOLM})
        await added(later, ana, retro, "Notes", owner=ben, due=working_day(TOKYO, 4))
        await added(later, ben, retro, "Labels", owner=ben, due=working_day(TOKYO, 4))
        await added(later, ana, retro, "Maps")
        known = {posted.ts for posted in slack.posted()}
        moment = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        said: dict[str, list[datetime]] = {channel_id: [] for channel_id in zones}
        for _ in range(13 * 24):
            moment += timedelta(hours=1)
            await later.turn(moment)
            for posted in slack.posted():
                if posted.ts not in known:
                    known.add(posted.ts)
                    local = moment.astimezone(ZoneInfo(zones[posted.channel_id]))
                    said[posted.channel_id].append(local)
    for channel_id, moments in said.items():
        assert len(moments) >= 3, zones[channel_id]
        assert {local.hour for local in moments} == {9}, zones[channel_id]
        assert all(local.weekday() < 5 for local in moments)
    for person in (ana, ben):
        days = [local.date() for local in said[person.direct.id]]
        assert len(days) == len(set(days)), "more than one message on a day"


async def test_a_week_asleep_is_one_message_for_each_and_the_newest_for_the_thread(
    slack: FakeSlack, database_url: str
) -> None:
    """Closed and opened again, as `python -m bot tick` does."""
    ana, ben = slack.person("Ana", tz=STOCKHOLM), slack.person("Ben", tz=STOCKHOLM)
    support = slack.channel("support", members=[ana, ben])
    due = [working_day(STOCKHOLM, days) for days in (1, 2, 4)]
    async with open_slack_later(slack, database_url) as later:
        retro = await failed(later, ana, support)
        for day in due:
            await added(later, ben, retro, f"Notes of {day}", owner=ben, due=day)
        await added(later, ben, retro, "Labels")
    before = {posted.ts for posted in slack.posted()}
    settings = settings_for(slack, amends_database_url=database_url, amends_port=0, amends_pace=0.0)
    awake = at(STOCKHOLM, working_day(STOCKHOLM, 9), time(10))
    for moment in (awake, awake, awake + timedelta(hours=3)):
        await bootstrap.tick(settings, moment)
    new = [posted for posted in slack.posted() if posted.ts not in before]
    (own,) = (posted for posted in new if posted.channel_id == ben.direct.id)
    assert reminds(own.words(), "AI-1", "was due")
    assert reminds(own.words(), "AI-2", "was due")
    assert reminds(own.words(), "AI-3", "was due")
    (lead,) = (posted for posted in new if posted.channel_id == ana.direct.id)
    assert reminds(lead.words(), "AI-4", "still has no owner")
    assert "Everybody has had time to answer" in lead.words()
    # Of what is late she hears on the day after Ben did.
    assert "Ben has it" not in lead.words()
    in_thread = [posted for posted in new if posted.thread_ts == retro.ts]
    assert len(in_thread) == 2
    assert holding(in_thread, "What we heard so far")
    assert holding(in_thread, "This has no owner yet")
    assert len(holding(support.roots(), "This week")) == 1
