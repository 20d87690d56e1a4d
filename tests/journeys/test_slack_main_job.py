"""The main job in Slack, from a failed case to its verified fixes, over the real wire."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from bot import bootstrap
from tests.desk import A_CASE, ASKED, opening
from tests.fakes import FakeSlack, FormErrors, Posted
from tests.handlers.slack_adapter import settings_for
from tests.journeys.slack_app import open_slack_app, said

NEXT_WEEK = date.today() + timedelta(days=7)  # noqa: DTZ011 - any day that has not passed anywhere


@pytest.mark.parametrize("way", ["http", "socket"])
async def test_a_failed_case_goes_all_the_way_to_finished(
    slack: FakeSlack, database_url: str, way: str
) -> None:
    ana, ben = slack.person("Ana", tz="Europe/Stockholm"), slack.person("Ben", tz="America/New_York")
    support = slack.channel("support", members=[ana, ben])
    async with open_slack_app(slack, database_url, socket=way == "socket"):
        # Marked failed by a typed command.
        told = await ana.command("failed ZD-4711 Parcel promised twice, missed twice", support)
        assert told is not None
        assert "C-1 is marked failed" in told.words()
        retro = await said(slack, "Retro: Parcel promised twice, missed twice")
        for prompt in ASKED:
            assert (await said(slack, prompt.question)).thread_ts == retro.ts
        assert {"Answer", "Add action item", "Close retro"} <= set(retro.buttons())

        # Answered, once with a name and once without.
        form = await ana.press(await said(slack, "know or practise"), "Answer")
        await ana.submit(form, {"Training": "Reading courier notes", ASKED[1].label: "A call"})
        named = await said(slack, "Training · Ana")
        assert "Reading courier notes" in named.words()
        form = await ben.press(retro, "Answer")
        secret = {ASKED[-1].label: "Nobody answers at night", "Post without my name": True}
        await ben.submit(form, secret)
        unnamed = await said(slack, f"{ASKED[-1].label} · someone on the team")
        await slack.until(lambda: "3 answers" in retro.words())

        # An item out of an answer, handed to Ben, who agrees, does it, and Ana verifies it.
        form = await ana.press(unnamed, "Add action item")
        assert "Nobody answers at night" in str(form.view)
        filled = {"What will change": "A night number on every order", "Owner": ben, "Due": NEXT_WEEK}
        await ana.submit(form, filled)
        item = await said(slack, "proposed · AI-1", where=support.id)
        own = await said(slack, "Ana asks you to take this on", where=ben.direct.id)
        await ana.click(item, "Accept")
        await slack.until(lambda: ana.whispers and "Only the person" in ana.whispers[-1].words())
        await ben.click(own, "Accept")
        await slack.until(lambda: "agreed · AI-1" in item.words() and "is yours" in own.words())
        await ben.submit(await ben.press(own, "Mark done"), {"What changed": "It is printed."})
        await slack.until(lambda: "done · AI-1" in item.words())
        await ben.click(item, "Verify")
        await slack.until(lambda: ben.whispers and "Nobody verifies" in ben.whispers[-1].words())
        await ana.submit(await ana.press(item, "Verify"), {"What I saw": "Ten orders have them."})
        await slack.until(lambda: "verified · AI-1" in item.words())

        # Closed, summed up, finished.
        await ana.submit(await ana.press(retro, "Close retro"), {"Outcome": "fixes agreed"})
        summary = await said(slack, "What we heard and what will change")
        assert summary.thread_ts == retro.ts
        for part in (
            "Reading courier notes",
            "Nobody answers at night",
            "A night number on every order",
        ):
            assert part in summary.words()
        assert "verified" in summary.words()
        assert "Ten orders have them." in summary.words()
        await slack.until(lambda: "finished · 3 answers · 1 action item" in retro.words())
        send_ephemeral = await ana.command("mine", support)
        assert send_ephemeral is not None
        assert "no open action items" in send_ephemeral.words()

    roots = [
        posted for posted in slack.posted() if posted.channel_id == support.id and not posted.thread_ts
    ]
    assert [posted.ts for posted in roots] == [retro.ts]


async def test_a_message_becomes_a_case_and_a_reply_an_action_item(
    slack: FakeSlack, database_url: str
) -> None:
    ana = slack.person("Ana", tz="Europe/Stockholm")
    support = slack.channel("support", members=[ana])
    async with open_slack_app(slack, database_url):
        complaint = await ana.says("Third broken kettle, customer is furious <@U0AMENDS>", support)
        form = await ana.shortcut("case.fail_message", complaint)
        assert "Third broken kettle" in str(form.view)
        await ana.submit(form, {"Case reference": "ZD-1"})
        retro = await said(slack, "Retro: Third broken kettle")
        assert "|the message>" in retro.words()
        assert slack.url in str(retro.blocks)
        await said(slack, ASKED[-1].question)  # the prompts follow once the retro's id is stored
        reply = await ana.says("We could test kettles before sending", support, retro)
        form = await ana.shortcut("action_item.add_message", reply)
        assert "We could test kettles before sending" in str(form.view)
        await ana.submit(form, {"Owner": ana})
        await said(slack, "agreed · AI-1", where=support.id)
        again = await ana.command("failed zd-1 Third kettle", support)
        assert again is not None
        assert "already has a retro" in again.words()
        assert retro.ts.replace(".", "") in str(again.blocks)


async def test_the_global_shortcut_asks_where_and_bad_input_keeps_the_form_open(
    slack: FakeSlack, database_url: str
) -> None:
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana])
    async with open_slack_app(slack, database_url):
        form = await ana.shortcut("case.fail")
        filled = {"What happened": "Lost", "Channel": support, "Public post": "not a link"}
        with pytest.raises(FormErrors) as errors:
            await ana.submit(form, filled)
        assert "https://" in errors.value.sentences["Public post"]
        await ana.submit(form, {**filled, "Public post": "https://example.com/1"})
        assert (await said(slack, "Retro: Lost")).channel_id == support.id


async def test_a_channel_without_the_bot_is_told_once_and_heard_after_the_invitation(
    slack: FakeSlack, database_url: str
) -> None:
    ana = slack.person("Ana")
    secret = slack.channel("secret", members=[ana], private=True, with_bot=False)
    async with open_slack_app(slack, database_url):
        await ana.command("failed ZD-1 Lost", secret)
        note = await said(slack, "I couldn't post the retro C-1", where=ana.direct.id)
        assert "Type /invite" in note.words()
        await slack.invite_bot(secret, ana)
        assert (await said(slack, "Retro: Lost")).channel_id == secret.id
        await said(slack, "I am Amends", where=secret.id)


@pytest.mark.parametrize("error", ["is_archived", "missing_scope"])
async def test_what_slack_refuses_for_good_is_one_sentence_to_the_person(
    slack: FakeSlack, database_url: str, error: str
) -> None:
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana])
    async with open_slack_app(slack, database_url):
        slack.fail_next("chat.postMessage", error=error)
        await ana.command("failed ZD-1 Lost", support)
        note = await said(slack, "I couldn't post the retro C-1", where=ana.direct.id)
        assert {"is_archived": "archived", "missing_scope": "permission"}[error] in note.words()


async def test_settings_status_help_and_home_work(slack: FakeSlack, database_url: str) -> None:
    ana, ben = slack.person("Ana", tz="Europe/Stockholm"), slack.person("Ben")
    support = slack.channel("support", members=[ana, ben])
    async with open_slack_app(slack, database_url):
        await ana.command("failed ZD-1 Lost", support)
        await said(slack, ASKED[-1].question)
        form = await ben.opens("settings", support)
        await ben.submit(form, {"Lead": ben, "Working days": ["Monday", "Tuesday"], "Days to answer": 2})
        status = await ana.command("status", support)
        assert status is not None
        assert "C-1" in status.words()
        for text in ("help", "", "frobnicate ZD-1"):
            told = await ana.command(text, support)
            assert told is not None
            assert "/amends failed" in told.words()
        told = await ana.command("faild ZD-2 Parcel lost", support)
        assert told is not None
        form = await ana.press(told, "Mark a case failed")
        assert "Parcel lost" in str(form.view)
        assert "ZD-2" in str(form.view)
        assert "Needs you" in (await ana.opens_home()).words()
        direct = await ana.command("status", ana.direct)
        assert direct is not None
        assert direct.words() == status.words()


async def test_no_trace_of_who_answered_without_a_name_reaches_slack(
    slack: FakeSlack, database_url: str
) -> None:
    ana, ben = slack.person("Ana"), slack.person("Ben")
    support = slack.channel("support", members=[ana, ben])
    async with open_slack_app(slack, database_url):
        await ana.command("failed ZD-1 Lost", support)
        retro = await said(slack, "Retro: Lost")
        await ben.submit(
            await ben.press(retro, "Answer"), {"Training": "Maps", "Post without my name": True}
        )
        await said(slack, "Training · someone on the team")
        await slack.until(lambda: "1 answer" in retro.words())
    everything = str([posted.shown() for posted in slack.posted()])
    assert ben.id not in everything
    assert "Ben" not in everything


async def test_a_click_from_another_workspace_changes_nothing(
    slack: FakeSlack, database_url: str
) -> None:
    ana, stranger = slack.person("Ana"), slack.person("Mallory")
    support = slack.channel("support", members=[ana, stranger])
    stranger.team = "T0ELSE"
    async with open_slack_app(slack, database_url):
        await ana.command("failed ZD-1 Lost", support)
        retro = await said(slack, "Retro: Lost")
        await stranger.click(retro, "Answer")
        await slack.until(lambda: stranger.whispers)
        assert "another workspace" in stranger.whispers[-1].words()
        assert slack.views == {}


async def test_reactions_of_slack_to_the_posts_never_lose_or_double_a_message(
    slack: FakeSlack, database_url: str
) -> None:
    """429, 500 and connections that break before or after the call took effect, one after another."""
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana])
    async with open_slack_app(slack, database_url):
        slack.fail_next("chat.postMessage", status=429, retry_after=1)
        slack.fail_next("chat.postMessage", status=500)
        slack.fail_next("chat.postMessage", drop="after")
        slack.fail_next("chat.postMessage", drop="before")
        await ana.command("failed ZD-1 Lost", support)
        await slack.until(lambda: len(slack.posted()) >= A_CASE, 30)
        await said(slack, ASKED[-1].question)
    assert len(slack.posted()) == A_CASE


async def test_an_import_goes_to_a_channel_by_its_id_and_is_said_at_the_pace(
    slack: FakeSlack, tmp_path: Path
) -> None:
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana])
    (tmp_path / "cases.csv").write_text("Id,Story\nZD-1,Lost\nZD-2,Late\n")
    database = f"sqlite:///{tmp_path / 'amends.db'}"
    wanted = bootstrap.Wanted(
        path=tmp_path / "cases.csv",
        team=support.id,
        mapping=("what_happened=Story", "reference=Id"),
        where=(),
        encoding=None,
        day_order=None,
    )
    settings = settings_for(slack, amends_database_url=database)
    summary = await bootstrap.import_file(settings, wanted, _unheard, _unheard)
    assert (summary.opened, summary.made_channel) == (2, "")
    async with open_slack_app(slack, database):
        await slack.until(lambda: len(slack.posted()) == 2 * len(opening()))
    assert {posted.channel_id for posted in slack.posted()} == {support.id}


def _unheard(*_: object) -> None:
    """Nobody listens to this import's progress."""


async def test_a_helpdesk_apps_message_fills_the_form(slack: FakeSlack, database_url: str) -> None:
    ana, ben = slack.person("Ana"), slack.person("Ben")
    support = slack.channel("support", members=[ana, ben])
    ticket = "https://acme.zendesk.com/agent/tickets/4711"
    attachment = {
        "title": "Ticket #4711: Parcel lost",
        "title_link": ticket,
        "text": f"Ask <@{ben.id}> about it",
    }
    ts = slack.next_ts()
    posted = Posted(ts, support.id, "U0ZENDESK", "", bot=True, attachments=[attachment])
    support.messages[ts] = posted
    async with open_slack_app(slack, database_url):
        form = await ana.shortcut("case.fail_message", posted)
        assert "Ask @Ben about it" in str(form.view)
        await ana.submit(form, {})
        retro = await said(slack, "Retro: Ticket #4711: Parcel lost")
        assert ticket in str(retro.blocks)
        assert "#4711" in retro.words()
