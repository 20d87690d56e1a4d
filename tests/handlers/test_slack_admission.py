"""Whom the Slack adapter lets in, and where: Enterprise Grid, Slack Connect, a silent Slack."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.access import NO_ANSWER_NOW
from bot.command import Reply
from bot.messages.parts import Button, Buttons, Form, FormField, Message, sentence
from bot.settings import Misconfigured
from handlers.slack import directory
from handlers.slack.app import SlackAdapter
from handlers.slack.memberships import SHARED
from tests.fakes import Ack, FakeSlack, FormErrors, Posted, SlackChannel, SlackPerson
from tests.handlers.slack_adapter import Script, delivery, serving, settings_for

ELSEWHERE = "This belongs to another workspace; ask somebody there."
FORM = Form(
    command_name="retro.answer",
    title="Answer",
    submit="Post",
    about="C-7",
    channel_id="C00000001",
    fields=(
        FormField(name="training", label="Training", kind="text"),
        FormField(name="unnamed", label="Post without my name", kind="tick"),
    ),
)
BUTTONS = Message(
    summary="A retro",
    parts=(
        Buttons(
            buttons=(
                Button(label="Answer", command_name="retro.answer", about="C-7", opens=True),
                Button(label="Take it", command_name="action_item.take", about="AI-1"),
            )
        ),
    ),
)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
def bot() -> Script:
    script = Script()
    script.replies["retro.answer"] = lambda request: Reply(form=None if request.values else FORM)
    for command_name in ("action_item.take", "action_item.mine", "team.home"):
        script.replies[command_name] = Reply(message=sentence("Done."))
    return script


@asynccontextmanager
async def at_work(slack: FakeSlack, bot: Script, **more: Any) -> AsyncIterator[SlackAdapter]:
    """The adapter, with nothing asked yet."""
    async with serving(slack, bot, **more) as adapter:
        slack.calls.clear()
        yield adapter


async def say_buttons(slack: FakeSlack, adapter: SlackAdapter, channel: SlackChannel) -> Posted:
    message_ref = await adapter.messenger.say(delivery(slack, channel.id, BUTTONS))
    return slack.channels[message_ref.channel_id].messages[message_ref.message]


async def whispered(slack: FakeSlack, person: SlackPerson, times: int = 1) -> list[str]:
    """What somebody was told alone, once it is so much."""
    await slack.until(lambda: len(person.whispers) >= times)
    return [send_ephemeral.words() for send_ephemeral in person.whispers]


# Who somebody is


async def test_people_of_the_organisation_press_type_and_submit(bot: Script) -> None:
    async with FakeSlack(enterprise="E0FAKE") as slack:
        sue = slack.person("Sue", workspaces=["T0SISTER"])
        sue.team = "T0SISTER"
        channel = slack.channel("support", [sue])
        async with at_work(slack, bot) as adapter:
            message = await say_buttons(slack, adapter, channel)
            await sue.click(message, "Take it")
            assert await whispered(slack, sue) == ["Done."]
            view = await sue.press(message, "Answer")
            assert await sue.submit(view, {"Training": "Maps"}) is None
            answer = await sue.command("mine", channel)
            assert answer is not None
            assert answer.words() == "Done."
            root = await sue.says("a question", channel)
            await sue.says("I wonder", channel, root)
            sue.team = "E0FAKE"
            await sue.click(message, "Take it")
    verbs = ["action_item.take", "retro.answer", "retro.answer", "action_item.mine", "retro.discuss"]
    assert [request.command_name for request in bot.asked] == [*verbs, "action_item.take"]
    assert {request.person.id for request in bot.asked} == {sue.id}


@pytest.mark.parametrize("enterprise", [None, "E0FAKE"])
@pytest.mark.parametrize("allowed", [False, True])
async def test_people_of_another_organisation_are_turned_away_everywhere(
    bot: Script, enterprise: str | None, allowed: bool
) -> None:
    async with FakeSlack(enterprise=enterprise) as slack:
        ana, eve = slack.person("Ana"), slack.person("Eve", team="T0PARTNER", organisation="E0PARTNER")
        channel = slack.channel("partners", [ana, eve], shared=True)
        async with at_work(slack, bot, amends_shared_channels=allowed) as adapter:
            message = await say_buttons(slack, adapter, channel)
            await eve.click(message, "Take it")
            await eve.click(message, "Answer")
            assert await whispered(slack, eve, 2) == [ELSEWHERE, ELSEWHERE]
            answer = await eve.command("mine", channel)
            assert answer is not None
            assert answer.words() == ELSEWHERE
            told = await eve.forges_form("retro.answer", "C-7", channel, {"training": "x"})
            assert ELSEWHERE in str(told)
            root = await ana.says("a question", channel)
            reply = await eve.says("I know", channel, root)
            await eve.edits(reply, "I know better")
            await eve.deletes(reply)
    assert bot.asked == []


async def test_a_colleague_of_whom_slack_says_nothing_is_not_let_in(
    bot: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "ASK_SECONDS", 0.1)
    async with FakeSlack(enterprise="E0FAKE") as slack:
        sue = slack.person("Sue", workspaces=["T0SISTER"])
        sue.team = "T0SISTER"
        channel = slack.channel("support", [sue])
        async with at_work(slack, bot) as adapter:
            message = await say_buttons(slack, adapter, channel)
            slack.latency["users.info"] = 30.0
            await sue.click(message, "Take it")
            assert await whispered(slack, sue) == [NO_ANSWER_NOW]
            root = await sue.says("a question", channel)
            with pytest.raises(AssertionError, match="will repeat this event"):
                await sue.says("I wonder", channel, root)
            assert bot.asked == []
        async with at_work(slack, bot):
            slack.latency.clear()
            slack.fail_next("users.info", error="user_not_found")
            named = {"training": "x", "unnamed": ""}
            told = await sue.forges_form("retro.answer", "C-7", channel, named)
            assert NO_ANSWER_NOW in str(told)
            assert slack.calls["users.info"] == 1
            assert bot.asked == []


async def test_a_colleague_who_is_not_known_learns_nothing_from_the_home(
    bot: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "ASK_SECONDS", 0.1)
    async with FakeSlack(enterprise="E0FAKE") as slack:
        sue = slack.person("Sue")
        bot.replies["team.home"] = Reply(message=BUTTONS)
        async with at_work(slack, bot):
            home = await sue.opens_home()
            published = slack.calls["views.publish"]
        async with at_work(slack, bot):
            sue.team = "T0SISTER"
            slack.latency["users.info"] = 30.0
            bot.asked.clear()
            await sue.click(home, "Take it")
            await slack.until(lambda: slack.calls["views.open"] + slack.calls["views.push"])
            assert NO_ANSWER_NOW in [view.words() for view in slack.views.values()][-1]
        assert bot.asked == []
        assert slack.calls["views.publish"] == 0 < published


async def test_a_colleague_is_asked_for_once_and_not_at_all_without_a_name(bot: Script) -> None:
    async with FakeSlack(enterprise="E0FAKE") as slack:
        sue = slack.person("Sue", workspaces=["T0SISTER"])
        sue.team = "T0SISTER"
        channel = slack.channel("support", [sue])
        async with at_work(slack, bot) as adapter:
            message = await say_buttons(slack, adapter, channel)
            view = await sue.press(message, "Answer")
            assert slack.calls["users.info"] == 1, "only Slack can tell whose colleague Sue is"
            await sue.submit(view, {"Training": "Maps", "Post without my name": True})
            assert slack.calls["users.info"] == 1
        async with at_work(slack, bot):
            # After a new start nobody knows, and asking would name Sue: the form stays as it is.
            told = await sue.forges_form("retro.answer", "C-7", channel, {"unnamed": "yes"})
            assert NO_ANSWER_NOW in str(told)
            assert slack.calls["users.info"] == 0


async def test_our_own_people_are_heard_in_a_channel_that_a_partner_hosts(
    slack: FakeSlack, bot: Script
) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("theirs", [ana], shared=True, host="T0PARTNER")
    async with at_work(slack, bot, amends_shared_channels=True):
        root = await ana.says("a question", channel)
        reply = await ana.says("I wonder", channel, root)
        await ana.edits(reply, "I know")
        await slack.invite_bot(channel, ana)
    assert [request.command_name for request in bot.asked] == [
        "retro.discuss",
        "retro.discuss",
        "team.joined",
    ]


@pytest.mark.parametrize("kind", ["a token of the organisation", "no workspace"])
async def test_a_token_for_a_whole_organisation_is_refused_at_the_start(
    slack: FakeSlack, bot: Script, kind: str
) -> None:
    slack.org_wide, slack.enterprise = True, "E0FAKE" if kind == "a token of the organisation" else None
    with pytest.raises(Misconfigured) as caught:
        await SlackAdapter.open(settings_for(slack), bot)
    assert str(caught.value) == (
        "SLACK_BOT_TOKEN is of an installation for a whole organisation, which I cannot serve yet: "
        "install me in one workspace, and use the token from there."
    )


# Who is named


async def test_nobody_is_looked_up_for_an_answer_without_a_name(slack: FakeSlack, bot: Script) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    async with at_work(slack, bot) as adapter:
        message = await say_buttons(slack, adapter, channel)
        view = await ana.press(message, "Answer")
        await ana.submit(view, {"Training": "Maps", "Post without my name": True})
        assert slack.calls["users.info"] == 0
        assert [request.introduced for request in bot.asked] == [False, False]
        view = await ana.press(message, "Answer")
        await ana.submit(view, {"Training": "Maps"})
        assert slack.calls["users.info"] == 1
        assert bot.asked[-1].introduced


async def test_a_person_who_left_is_known_to_have_left(slack: FakeSlack, bot: Script) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    async with at_work(slack, bot) as adapter:
        message = await say_buttons(slack, adapter, channel)
        await ana.click(message, "Take it")
        ana.deleted = True
        await slack.event({"type": "user_change", "user": ana.shown()})
        await ana.click(message, "Take it")
    told = [(request.command_name, request.person.gone, request.introduced) for request in bot.asked]
    assert told == [
        ("action_item.take", False, True),
        ("team.person_changed", True, True),
        ("action_item.take", True, True),
    ]


# Where somebody asks


@pytest.mark.parametrize("way", ["shared", "pending"])
async def test_in_a_channel_shared_with_another_organisation_nothing_is_done(
    slack: FakeSlack, bot: Script, way: str
) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("partners", [ana])
    setattr(channel, way, True)
    async with at_work(slack, bot) as adapter:
        message = await say_buttons(slack, adapter, channel)
        root = await ana.says("Broken again", channel)
        for text in ("failed ZD-1 Lost", "failed", "mine", "help"):
            answer = await ana.command(text, channel)
            assert answer is not None
            assert answer.words() == SHARED
        told = len(ana.whispers)
        await ana.click(message, "Take it")
        await ana.click(message, "Answer")
        await ana.choose("case.fail_message", slack.trigger(ana.id), root)
        assert (await whispered(slack, ana, told + 3))[told:] == [SHARED] * 3
        # Nobody is greeted there, nor is anything kept that is said there.
        await slack.invite_bot(channel, ana)
        await ana.says("I wonder", channel, root)
        assert slack.views == {}
    assert bot.asked == []
    assert [posted.text for posted in channel.messages.values() if posted.bot] == ["A retro"]


@pytest.mark.parametrize("way", ["shared", "pending"])
async def test_an_invitation_to_a_shared_channel_is_answered_by_silence(
    slack: FakeSlack, bot: Script, way: str
) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("partners", [ana], with_bot=False)
    setattr(channel, way, True)
    async with at_work(slack, bot):
        assert (await slack.invite_bot(channel, ana)).status == 200
    assert bot.asked == []


async def test_the_operator_may_allow_shared_channels(slack: FakeSlack, bot: Script) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("partners", [ana], shared=True)
    async with at_work(slack, bot, amends_shared_channels=True) as adapter:
        message = await say_buttons(slack, adapter, channel)
        await ana.click(message, "Take it")
        assert await whispered(slack, ana) == ["Done."]
        await slack.invite_bot(channel, ana)
        root = await ana.says("a question", channel)
        await ana.says("I wonder", channel, root)
    verbs = [request.command_name for request in bot.asked]
    assert verbs == ["action_item.take", "team.joined", "retro.discuss"]


async def test_a_channel_closes_as_soon_as_it_is_shared_and_opens_when_it_is_no_more(
    slack: FakeSlack, bot: Script
) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    async with at_work(slack, bot):
        for shared, words in ((False, "Done."), (True, SHARED), (False, "Done.")):
            if shared is not channel.shared:
                await slack.shares(channel, shared=shared)
            answer = await ana.command("mine", channel)
            assert answer is not None
            assert answer.words() == words


async def test_the_first_click_in_a_channel_asks_once_and_the_others_never(
    slack: FakeSlack, bot: Script
) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    async with at_work(slack, bot) as adapter:
        message = await say_buttons(slack, adapter, channel)
        slack.calls.clear()
        for _ in range(3):
            await ana.press(message, "Answer")
        assert slack.calls == {"conversations.info": 1, "views.open": 3}


async def test_a_click_in_a_channel_that_is_known_waits_for_nobody(
    slack: FakeSlack, bot: Script
) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    async with at_work(slack, bot) as adapter:
        message = await say_buttons(slack, adapter, channel)
        await ana.press(message, "Answer")
        slack.latency = {"conversations.info": 30.0, "users.info": 30.0, "conversations.members": 30.0}
        started: Ack = await ana.click(message, "Answer")
        assert started.seconds < 0.5


async def test_where_nobody_says_what_a_channel_is_nothing_is_done(
    slack: FakeSlack, bot: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "ASK_SECONDS", 0.1)
    ana = slack.person("Ana")
    channel = slack.channel("support", [ana])
    async with at_work(slack, bot) as adapter:
        message = await say_buttons(slack, adapter, channel)
        slack.latency["conversations.info"] = 30.0
        answer = await ana.command("failed ZD-1 Lost", channel)
        assert answer is not None
        assert answer.words() == NO_ANSWER_NOW
        ack = await ana.click(message, "Answer")
        assert ack.seconds < 2.0
        assert (await whispered(slack, ana, 2))[1:] == [NO_ANSWER_NOW]
        assert slack.views == {}
        assert bot.asked == []
        # Nothing is asked where no channel is: in direct messages, and in the Home.
        direct = await ana.command("mine", ana.direct)
        assert direct is not None
        assert direct.words() == "Done."
        await ana.opens_home()


async def test_a_form_that_was_turned_down_keeps_what_was_typed(bot: Script) -> None:
    async with FakeSlack(enterprise="E0FAKE") as slack:
        ana = slack.person("Ana")
        channel = slack.channel("support", [ana])
        async with at_work(slack, bot) as adapter:
            view = await ana.press(await say_buttons(slack, adapter, channel), "Answer")
        async with at_work(slack, bot):
            ana.team = "T0SISTER"
            slack.fail_next("users.info", status=500)
            with pytest.raises(FormErrors) as errors:
                await ana.submit(view, {"Training": "Maps"})
            assert errors.value.sentences == {"Training": NO_ANSWER_NOW}
            assert view.open
            assert await ana.submit(view, {"Training": "Maps"}) is None
    assert [request.values is not None for request in bot.asked] == [False, True]


async def test_whoever_pressed_in_a_channel_counts_there_for_the_form_that_opened(
    slack: FakeSlack, bot: Script
) -> None:
    ana, gus = slack.person("Ana"), slack.person("Gus", guest=True)
    channel = slack.channel("support", [gus])
    async with at_work(slack, bot) as adapter:
        message = await say_buttons(slack, adapter, channel)
        await ana.press(message, "Answer")
        await gus.press(message, "Answer")
        for person in (ana, gus):
            asked = bot.asked[0].person.model_copy(update={"id": person.id})
            workspace = adapter.workspace.id
            assert await adapter.memberships.includes(workspace, channel.id, asked, unnamed=True)
        await slack.leaves(gus, channel)
        asked = bot.asked[0].person.model_copy(update={"id": gus.id})
        assert not await adapter.memberships.includes(
            adapter.workspace.id, channel.id, asked, unnamed=False
        )


async def test_an_event_about_somebody_does_not_put_them_into_its_channel(
    slack: FakeSlack, bot: Script
) -> None:
    """A message may be deleted by others, long after its author left."""
    gus = slack.person("Gus", guest=True)
    channel = slack.channel("support", [gus])
    async with at_work(slack, bot) as adapter:
        root = await gus.says("a question", channel)
        reply = await gus.says("I wonder", channel, root)
        await slack.leaves(gus, channel)
        await gus.deletes(reply)
        assert [request.command_name for request in bot.asked] == ["retro.discuss", "retro.undiscuss"]
        person = bot.asked[-1].person
        assert not await adapter.memberships.includes(
            adapter.workspace.id, channel.id, person, unnamed=False
        )


async def test_no_log_line_names_who_was_turned_away(
    slack: FakeSlack, bot: Script, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setattr(directory, "ASK_SECONDS", 0.1)
    ana, eve = slack.person("Ana Ruiz"), slack.person("Eve Lund", team="T0PARTNER")
    partners = slack.channel("partners", [ana, eve], shared=True)
    support = slack.channel("support", [ana])
    async with at_work(slack, bot):
        await ana.command("mine private words", partners)
        await eve.command("mine private words", partners)
        slack.latency["conversations.info"] = 30.0
        await ana.command("mine private words", support)
    for secret in (ana.id, eve.id, "Ruiz", "Lund", "private words"):
        assert secret not in caplog.text
    assert "refused" in caplog.text


async def test_of_an_unnamed_answer_that_was_turned_down_no_line_tells_the_moment(
    bot: Script, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with FakeSlack(enterprise="E0FAKE") as slack:
        sue = slack.person("Sue", workspaces=["T0SISTER"])
        sue.team = "T0SISTER"
        channel = slack.channel("support", [sue])
        async with at_work(slack, bot):
            caplog.clear()
            await sue.forges_form("retro.answer", "C-7", channel, {"training": "x", "unnamed": "yes"})
        assert "retro.answer" not in caplog.text
        bot.untold.tell()
        assert "retro.answer turned down" in caplog.text
