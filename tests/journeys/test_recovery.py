"""What is owed to a customer, from the failed case to their own verdict, over the real wire."""

from datetime import date, datetime, time, timedelta

from bot import bootstrap
from bot.domain.working_hours import WorkingHours, add_working_days, moment, today
from handlers.web.outgoing import WORKSPACE
from storage.database import Database
from tests.fake_teams import FakeTeams, Told
from tests.fakes import FakeSlack, Posted, SlackChannel, SlackPerson
from tests.handlers.conftest import visitor, web_house
from tests.handlers.slack_adapter import settings_for
from tests.handlers.test_web_adapter import fail as fail_on_the_web
from tests.handlers.test_web_adapter import until
from tests.journeys.slack_app import open_slack_app, said
from tests.journeys.teams_app import open_teams_app
from tests.journeys.teams_app import said as said_in_teams
from tests.session import open_work
from tests.web_app import Visitor

NEXT_WEEK = date.today() + timedelta(days=7)  # noqa: DTZ011 - any day that has not passed anywhere
HOURS = WorkingHours(zone="Europe/Stockholm")
ACCOUNT = "I waited at home, twice. Nobody called."


__all__ = ["visitor", "web_house"]


def in_working_days(count: int) -> datetime:
    """The morning of that working day in Stockholm, half an hour in."""
    day = add_working_days(HOURS, today(HOURS.zone, datetime.now().astimezone()), count)
    return moment(HOURS.zone, day, time(9, 30))


async def failed(slack: FakeSlack, ana: SlackPerson, channel: SlackChannel, **more: str) -> Posted:
    """A failed case; returns the card of its customer."""
    form = await ana.opens("failed", channel)
    await ana.submit(form, {"What happened": "Parcel missed", "Customer": "Mrs. Ólafs", **more})
    card = await said(slack, "open · looked after by", where=channel.id)
    assert card.thread_ts == (await said(slack, "Retro: Parcel missed")).ts
    return card


async def heard_and_sorry(slack: FakeSlack, ana: SlackPerson, card: Posted) -> None:
    """The customer is heard, and somebody called to say sorry."""
    await ana.submit(
        await ana.press(card, "Hear the customer"), {"Their account, in their own words": ACCOUNT}
    )
    await slack.until(lambda: ACCOUNT in card.words())
    await ana.submit(await ana.press(card, "Apologise in person"), {"How": "A call"})
    await slack.until(lambda: whispered(ana, "The apology came") and "2 of " in card.words())


def whispered(person: SlackPerson, words: str) -> bool:
    """Whether somebody alone reads the words."""
    return any(words in whisper.words() for whisper in person.whispers)


async def fixed(slack: FakeSlack, ana: SlackPerson, ben: SlackPerson) -> Posted:
    """One fix is agreed, done and verified, and the retro is closed; returns the item."""
    retro = await said(slack, "Retro: Parcel missed")
    filled = {"What will change": "Notes on every order", "Owner": ben}
    await ben.submit(await ben.press(retro, "Add action item"), filled)
    item = await said(slack, "agreed · AI-1", where=retro.channel_id)
    await ben.submit(await ben.press(item, "Mark done"), {"What changed": "Notes are printed."})
    await slack.until(lambda: "done · AI-1" in item.words())
    await ana.submit(await ana.press(item, "Verify"), {"What I saw": "Ten orders have them."})
    await slack.until(lambda: "verified · AI-1" in item.words())
    await ana.submit(await ana.press(retro, "Close retro"), {"Outcome": "fixes agreed"})
    await slack.until(lambda: "finished" in retro.words())
    return item


async def test_a_whole_recovery_ends_with_the_customer_saying_so(
    slack: FakeSlack, database_url: str
) -> None:
    ana, ben = slack.person("Ana", tz="Europe/Stockholm"), slack.person("Ben", tz="Europe/Stockholm")
    support = slack.channel("support", members=[ana, ben])
    async with open_slack_app(slack, database_url):
        card = await failed(slack, ana, support)
        own = await said(slack, "You're looking after", where=ana.direct.id)
        retro = await said(slack, "Retro: Parcel missed")
        assert "one side only" in retro.words()
        await heard_and_sorry(slack, ana, own)
        await slack.until(lambda: "one side only" not in retro.words())
        await slack.until(lambda: ACCOUNT in card.words())

        await ana.submit(
            await ana.press(card, "Ask what would make it right"),
            {"Their wish, in their own words": "A day"},
        )
        promise = {"What was agreed": "It comes", "By when": NEXT_WEEK, "How they were told": "A call"}
        await ana.submit(await ana.press(card, "Promise"), {**promise, "Who keeps it": ben})
        bens = await said(slack, "asks you to take over", where=ben.direct.id)
        assert "Keep the promise" in bens.words()
        status = await ana.command("status", support)
        assert status is not None
        assert "1 customer has a promise ahead" in status.words()
        mine = await ben.command("mine", support)
        assert mine is not None
        assert "next: Keep the promise" in mine.words()
        await ben.submit(
            await ben.press(mine, "Keep the promise"), {"What was done, and how": "Brought it."}
        )
        await slack.until(lambda: "Brought it." in card.words())
        form = await ana.press(card, "Check back")
        answers = {"Have we fixed everything for you?": "Yes", "What else can we do for you?": "Call me"}
        await ana.submit(form, answers)

        # What changed is offered once the retro is finished, in words made from the verified fix.
        assert "Tell what changed" not in card.buttons()
        await fixed(slack, ana, ben)
        await slack.until(lambda: "Tell what changed" in card.buttons())
        form = await ana.press(card, "Tell what changed")
        assert "Notes are printed." in str(form.view)
        await ana.submit(form, {"Their view": "Print the phone number, too."})
        await slack.until(lambda: "Print the phone number, too." in card.words())
        form = await ana.press(card, "Add action item")
        assert "Print the phone number, too." in str(form.view)
        await ana.submit(form, {"Owner": ana})
        await said(slack, "agreed · AI-2", where=support.id)
        await slack.until(lambda: "open · " in retro.words())

        await ana.submit(
            await ana.press(card, "How it ended"),
            {"What they say": "recovered", "In their own words": "Thanks!"},
        )
        await slack.until(lambda: "recovered · looked after by" in card.words())
        await slack.until(lambda: "The customer says it's put right." in retro.words())
        await slack.until(lambda: "says it's put right. Thank you." in own.words())
    cards = [
        one
        for one in slack.posted()
        if one.channel_id == support.id and "looked after by" in one.words()
    ]
    assert [one.ts for one in cards] == [card.ts]


async def test_an_apology_that_was_enough_is_a_whole_recovery(
    slack: FakeSlack, database_url: str
) -> None:
    ana = slack.person("Ana", tz="Europe/Stockholm")
    support = slack.channel("support", members=[ana])
    async with open_slack_app(slack, database_url):
        card = await failed(slack, ana, support)
        retro = await said(slack, "Retro: Parcel missed")
        await heard_and_sorry(slack, ana, card)
        await ana.submit(await ana.press(retro, "Answer"), {"Training": "The old map"})
        await said(slack, "Training · Ana")
        enough = {"Outcome": "an apology was enough", "Why": "She asks for no more."}
        await ana.submit(await ana.press(retro, "Close retro"), enough)
        await slack.until(lambda: "An apology was enough: She asks for no more." in card.words())
        assert "Keep the promise" not in card.buttons()
        await ana.submit(
            await ana.press(card, "How it ended"),
            {"What they say": "recovered", "In their own words": "Fine."},
        )
        await slack.until(lambda: "recovered · looked after by" in card.words())
        status = await ana.command("status", support)
        assert status is not None
        assert "1 recovered (1 with an apology alone)" in status.words()
        # The same gap returns, and with it what was learned of it.
        await ana.command("failed ZD-2 Lost on the way", support)
        second = await said(slack, "Retro: Lost on the way")
        await said(slack, "open · looked after by")
        await ana.submit(await ana.press(second, "Answer"), {"Training": "The same old map"})
        await slack.until(lambda: "the same gap is back: training" in second.words())


async def test_not_recovered_reopens_the_fix_that_did_not_hold(
    slack: FakeSlack, database_url: str
) -> None:
    ana, ben = slack.person("Ana", tz="Europe/Stockholm"), slack.person("Ben", tz="Europe/Stockholm")
    support = slack.channel("support", members=[ana, ben])
    async with open_slack_app(slack, database_url):
        card = await failed(slack, ana, support)
        await heard_and_sorry(slack, ana, card)
        item = await fixed(slack, ana, ben)
        retro = await said(slack, "Retro: Parcel missed")
        form = await ana.press(card, "How it ended")
        words = {"What they say": "not recovered", "In their own words": "No notes on mine."}
        await ana.submit(form, {**words, "Which fix did not hold": "AI-1 Notes on every order"})
        await slack.until(
            lambda: "agreed · AI-1" in item.words() and "No notes on mine." in item.words()
        )
        await slack.until(lambda: "open · " in retro.words())
        await said(slack, "opened the retro C-1 again")
        await slack.until(lambda: "starting over (second round)" in card.words())
        assert "No notes on mine." in card.words()
        await slack.until(lambda: "starting over (second round)" in retro.words())
        assert "open · looked after by" in card.words()


async def test_a_public_complaint_is_answered_in_person_first(
    slack: FakeSlack, database_url: str
) -> None:
    ana = slack.person("Ana", tz="Europe/Stockholm")
    support = slack.channel("support", members=[ana])
    async with open_slack_app(slack, database_url):
        card = await failed(slack, ana, support, **{"Public post": "https://example.com/post/1"})
        form = await ana.press(card, "Apologise in public")
        assert "Apologise in person usually comes first." in str(form.view)
        await ana.submit(
            form,
            {
                "Link": "https://example.com/post/2",
                "Text": "We are sorry. We missed your delivery, and I will call you tomorrow at 10:00.",
            },
        )
        early = "The apology in public came before the one in person"
        await slack.until(lambda: whispered(ana, early) and "We are sorry." in card.words())
        await ana.submit(await ana.press(card, "Apologise in person"), {"How": "A call"})
        await slack.until(lambda: whispered(ana, "The apology came") and "2 of " in card.words())
        assert early not in card.words()
        # Whoever presses Customer reads it where they are.
        await ana.click(await said(slack, "Retro: Parcel missed"), "Customer")
        await slack.until(lambda: ana.whispers and "looked after by" in ana.whispers[-1].words())
        assert "Hear the customer" in ana.whispers[-1].buttons()
        view = await ana.press(card, "Both sides")
        assert "We are sorry." in str(view.view)


async def test_a_customer_who_never_answers_is_asked_for_twice_and_then_let_be(
    slack: FakeSlack, database_url: str
) -> None:
    ana = slack.person("Ana", tz="Europe/Stockholm")
    support = slack.channel("support", members=[ana])
    async with open_slack_app(slack, database_url):
        card = await failed(slack, ana, support)
        for what in (
            "Hear the customer",
            "Ask what would make it right",
            "Promise",
            "Tell what changed",
        ):
            form = await ana.press(card, "Not needed")
            await ana.submit(form, {"What": what, "Why": f"No answer to three letters ({what})."})
            await slack.until(lambda what=what: f"({what})" in card.words())  # type: ignore[misc]  # a default
        await ana.submit(await ana.press(card, "Apologise in person"), {"How": "A letter"})
        await slack.until(lambda: "1 of 2 steps" in card.words())
    settings = settings_for(slack, amends_database_url=database_url, amends_pace=0.0)
    asked: set[str] = set()
    for days, times in ((2, 0), (3, 1), (7, 2), (9, 2)):
        await bootstrap.tick(settings, in_working_days(days))
        asked |= {one.ts for one in slack.posted() if "ask them once more" in one.words()}
        assert len(asked) == times, days
        assert "open · looked after by" in card.words()
    await bootstrap.tick(settings, in_working_days(10))
    assert "no answer · looked after by" in card.words()
    assert "no answer, asked twice and then closed" in card.words()


async def test_in_teams_the_customer_is_heard_promised_and_recovered(database_url: str) -> None:
    async with FakeTeams() as teams:
        ana = teams.person("Ana", tz="Europe/Stockholm")
        support = teams.channel("support", members=[ana])
        async with open_teams_app(teams, database_url):
            await ana.says("failed ZD-4711 Parcel missed", support, mention=True)
            retro = await said_in_teams(teams, "Retro: Parcel missed", where=support)
            card = await said_in_teams(teams, "open · looked after by", where=support)
            assert card.root == retro.id
            own = await said_in_teams(teams, "You're looking after", where=ana.chat)
            steps: tuple[tuple[str, dict[str, object], str], ...] = (
                ("Hear the customer", {"Their account, in their own words": ACCOUNT}, ACCOUNT),
                ("Apologise in person", {"How": "A call"}, "2 of 8 steps"),
                (
                    "Promise",
                    {
                        "What was agreed": "It comes",
                        "By when": NEXT_WEEK,
                        "How they were told": "A call",
                    },
                    "It comes",
                ),
                ("Keep the promise", {"What was done, and how": "Brought it."}, "Brought it."),
                (
                    "How it ended",
                    {"What they say": "recovered", "In their own words": "Thanks!"},
                    "recovered · looked after by",
                ),
            )
            for label, fields, told in steps:
                form = await ana.press(card, label)
                assert isinstance(await ana.submit(form, fields), Told)
                await teams.until(lambda told=told: told in card.words())  # type: ignore[misc]  # a default
            await teams.until(lambda: "says it's put right. Thank you." in own.words())
        assert teams.refusals == []


async def test_on_the_web_the_customer_is_heard_and_shown_beside_the_retro(
    visitor: Visitor, sqlite: Database
) -> None:
    await fail_on_the_web(visitor, "Parcel missed")
    await until(visitor, "/p/support", "one side only")
    drawn = await visitor.press("recovery.open", about="C-1")
    assert "open · looked after by" in drawn.text
    form = await visitor.press("recovery.hear", about="C-1")
    await visitor.fill(form, words=ACCOUNT)
    page = await visitor.say("/amends customer C-1")
    assert ACCOUNT in page.text
    form = await visitor.press("recovery.verdict", about="C-1")
    await visitor.fill(form, verdict="recovered", words="Thanks!")
    with open_work(sqlite, WORKSPACE, writes=False) as work:
        case = work.cases.get(1)
    assert case is not None
    assert case.state == "recovered"
