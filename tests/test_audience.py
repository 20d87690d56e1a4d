"""Who sees the answer to each command, at the adapter of each platform: one person, or the channel.

The bot behind the adapters answers every command with words of its own, so that nothing but the adapter
decides where they appear. What a platform causes by itself is answered to nobody.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer

from bot.command import Reply
from bot.domain.job import MessageRef
from bot.domain.person import Person
from bot.messages.parts import Button, Buttons, Form, FormField, Message, sentence
from bot.routes import COMMANDS, TYPED_WORDS
from bot.settings import Settings
from handlers.web import additions
from handlers.web.app import WebAdapter
from handlers.web.outgoing import WORKSPACE
from storage.database import Database
from tests.fake_teams import FakeTeams, TeamsChannel, TeamsPerson
from tests.fake_teams_forged import forge, told
from tests.fakes import FakeSlack, Posted
from tests.handlers import slack_adapter
from tests.handlers.slack_adapter import Script, delivery
from tests.handlers.test_teams_auth import serving as serving_teams
from tests.session import open_work
from tests.web_app import Visitor, known_at

Seen = dict[str, str]
"""Who saw the answer to each command: "one", "all" or "nobody"."""

ASKED = sorted(
    command_name for command_name in COMMANDS if COMMANDS[command_name].command.access != "platform"
)
HAPPENS = sorted(
    command_name
    for command_name in COMMANDS
    if COMMANDS[command_name].command.access == "platform"
    and not command_name.startswith(("signal.", "proposal."))  # no chat causes them
)
TYPED = {typed.command_name: word for word, typed in TYPED_WORDS.items()}
FORM_OF, ANSWER_TO = "The form of ", "The answer to "


def form(command_name: str) -> Form:
    """A form that cannot be mistaken for another command's."""
    fields = (FormField(name="what", label="What", kind="text"),)
    return Form(command_name=command_name, title=FORM_OF + command_name, fields=fields, submit="Go")


def answering() -> Script:
    """A bot with words of its own for everything."""
    bot = Script()
    bot.replies = {
        command_name: Reply(message=sentence(f"{ANSWER_TO}{command_name}.")) for command_name in COMMANDS
    }
    return bot


def opening() -> Script:
    """A bot that asks for a form, whatever it is asked."""
    bot = Script()
    bot.replies = {command_name: Reply(form=form(command_name)) for command_name in COMMANDS}
    return bot


def seen(words: Callable[[str], str], one: Iterable[str], everybody: Iterable[str]) -> Seen:
    """Who saw the words of each command, by all that one person alone saw, and all that was public."""
    alone, public = "\n".join(one), "\n".join(everybody)
    return {
        command_name: "all"
        if words(command_name) in public
        else "one"
        if words(command_name) in alone
        else "nobody"
        for command_name in COMMANDS
    }


def answer_to(command_name: str) -> str:
    return f"{ANSWER_TO}{command_name}."


def only(who: str, verbs: Iterable[str]) -> Seen:
    return {**dict.fromkeys(COMMANDS, "nobody"), **dict.fromkeys(verbs, who)}


TO_ALL = {command_name for command_name in TYPED if COMMANDS[command_name].command.audience == "channel"}
TO_ONE = set(TYPED) - TO_ALL


def test_what_is_said_to_the_channel_is_only_what_everybody_may_read() -> None:
    assert {
        command_name for command_name in COMMANDS if COMMANDS[command_name].command.audience == "channel"
    } == {
        "case.fail",
        "team.help",
    }


# ---- Teams: the one platform where an answer may be public


def teams_words(
    teams: FakeTeams, person: TeamsPerson, channel: TeamsChannel
) -> tuple[list[str], list[str]]:
    """What this person alone saw, and what the bot said in the channel for everybody."""
    public = [p.words() for p in channel.messages.values() if p.bot and p.only_for is None]
    return person.whispers(), public


@asynccontextmanager
async def in_teams(
    sqlite: Database, bot: Script, *, targeted: bool
) -> AsyncIterator[tuple[FakeTeams, TeamsPerson, TeamsPerson, TeamsChannel]]:
    """A channel with two people; both must have been there for what only one of them sees."""
    async with FakeTeams() as teams:
        ana, ben = teams.person("Ana"), teams.person("Ben")
        channel = teams.channel("support", [ana, ben])
        async with serving_teams(teams, sqlite, bot, teams_targeted=targeted):
            yield teams, ana, ben, channel
        assert ben.whispers() == []


@pytest.mark.parametrize("targeted", [False, True], ids=["in their chat", "targeted"])
async def test_in_teams_a_typed_command_is_answered_to_whom_its_answer_is_for(
    sqlite: Database, targeted: bool
) -> None:
    async with in_teams(sqlite, answering(), targeted=targeted) as (teams, ana, _, channel):
        for word in TYPED.values():
            await ana.says(f"{word} some words", channel, mention=True)
        await teams.until(
            lambda: len([p for p in teams.posted() if ANSWER_TO in p.words()]) == len(TYPED)
        )
    words = teams_words(teams, ana, channel)
    assert seen(answer_to, *words) == only("one", TO_ONE) | dict.fromkeys(TO_ALL, "all")
    if targeted:
        assert not [posted for posted in ana.chat.messages.values() if posted.bot]


@pytest.mark.parametrize("targeted", [False, True], ids=["in their chat", "targeted"])
async def test_in_teams_the_adapter_to_a_form_and_what_was_typed_are_for_the_same_eyes(
    sqlite: Database, targeted: bool
) -> None:
    async with in_teams(sqlite, opening(), targeted=targeted) as (teams, ana, _, channel):
        for command_name, word in TYPED.items():
            await ana.says(f"{word} secret-{command_name}", channel, mention=True)
        await teams.until(lambda: len([p for p in teams.posted() if p.buttons()]) == len(TYPED))
    adapters = {str(posted.activity): posted for posted in teams.posted()}
    for command_name in TYPED:
        ((_, posted),) = [one for one in adapters.items() if FORM_OF + command_name in one[0]]
        public = posted.channel_id == channel.id and posted.only_for is None
        assert public == (command_name in TO_ALL), command_name
        if command_name != "team.help":  # whose words are nobody's business
            assert [f"secret-{command_name}" in one for one in adapters].count(True) == 1


async def test_in_teams_whatever_is_pressed_is_answered_to_its_presser(sqlite: Database) -> None:
    async with in_teams(sqlite, answering(), targeted=False) as (_, ana, _, channel):
        shown = [
            told(await forge(ana, "a click", command_name, "C-1", at=channel)) for command_name in ASKED
        ]
    _, public = teams_words(ana.teams, ana, channel)
    assert seen(answer_to, shown, public) == only("one", ASKED)


async def test_in_teams_an_old_clients_press_is_answered_to_its_presser(sqlite: Database) -> None:
    async with in_teams(sqlite, answering(), targeted=False) as (teams, _, __, channel):
        # Each by somebody else: one chat takes only so many messages a second.
        pressers = {command_name: teams.person(f"Presser of {command_name}") for command_name in ASKED}
        channel.members |= {presser.id for presser in pressers.values()}
        for command_name, presser in pressers.items():
            await forge(presser, "an old client's click", command_name, "C-1", at=channel)
        await teams.until(lambda: all(presser.whispers() for presser in pressers.values()))
        for command_name, presser in pressers.items():
            assert presser.whispers() == [answer_to(command_name)]
        assert [posted for posted in channel.messages.values() if posted.bot] == []


async def test_in_teams_a_refusal_is_for_ones_own_eyes_whatever_was_asked(sqlite: Database) -> None:
    bot = Script()
    bot.replies = {
        command_name: Reply(message=sentence(f"{ANSWER_TO}{command_name}."), refused=True)
        for command_name in COMMANDS
    }
    async with in_teams(sqlite, bot, targeted=False) as (teams, ana, _, channel):
        for word in TYPED.values():
            await ana.says(word, channel, mention=True)
        await teams.until(lambda: len(ana.whispers()) == len(TYPED))
    assert seen(answer_to, *teams_words(teams, ana, channel)) == only("one", TYPED)


async def test_in_teams_nothing_private_is_said_where_it_cannot_be_whispered(sqlite: Database) -> None:
    async with in_teams(sqlite, answering(), targeted=False) as (teams, ana, _, channel):
        ana.installed = False
        for command_name in TO_ONE:
            await ana.says(f"{TYPED[command_name]} secret words", channel, mention=True)
        await teams.until(lambda: len([p for p in teams.posted() if p.mentioned()]) == len(TO_ONE))
    assert seen(answer_to, *teams_words(teams, ana, channel)) == only("nobody", [])


async def test_in_teams_what_happens_by_itself_is_answered_to_nobody(sqlite: Database) -> None:
    bot = answering()
    async with in_teams(sqlite, bot, targeted=False) as (teams, ana, _, channel):
        root = await ana.says("A retro", channel)
        with open_work(sqlite, f"teams:{teams.tenant}", writes=True) as work:
            work.sent_messages.keep("retro:1", MessageRef(channel_id=channel.id, message=root.id))
            work.commit()
        reply = await ana.says("plain words", channel, root)
        await ana.deletes(reply)
        await ana.adds_app(channel)
        renamed = {"channel": {"id": channel.id, "name": "care"}, "eventType": "channelRenamed"}
        await teams.send(ana.activity("conversationUpdate", channel, None, channelData=renamed))
    # Teams tells nobody of changes to a person, nor that a bot's message was deleted.
    untold = {"team.person_changed", "team.message_deleted"}
    assert {request.command_name for request in bot.asked} == set(HAPPENS) - untold
    assert seen(answer_to, *teams_words(teams, ana, channel)) == only("nobody", [])


# ---- Slack, which has a private note for everything


def labelled(verbs: Iterable[str]) -> Message:
    """A message with a button for each of these commands."""
    buttons = tuple(
        Button(label=command_name, command_name=command_name, about="C-1") for command_name in verbs
    )
    return Message(summary="Buttons", parts=(Buttons(buttons=buttons),))


async def test_in_slack_every_answer_is_for_one_person_however_it_was_asked_for(
    sqlite: Database,
) -> None:
    bot = answering()
    async with FakeSlack() as slack:
        ana, ben = slack.person("Ana"), slack.person("Ben")
        channel = slack.channel("support", [ana, ben])
        async with slack_adapter.serving(slack, bot) as adapter:
            for command_name, word in TYPED.items():
                answer = await ana.command(f"{word} some words", channel)
                assert answer is not None
                assert answer.words() == answer_to(command_name)
            for command_name in ASKED:
                said = delivery(slack, channel.id, labelled([command_name]), key=command_name)
                message_ref = await adapter.messenger.say(said)
                await ana.click(slack.channels[channel.id].messages[message_ref.message], command_name)
            await slack.until(lambda: len(ana.whispers) == len(TYPED) + len(ASKED))
        public = [posted.words() for posted in slack.posted()]
        one = [send_ephemeral.words() for send_ephemeral in ana.whispers]
        assert seen(answer_to, one, public) == only("one", ASKED)
        assert ben.whispers == []


async def test_in_slack_what_happens_by_itself_is_answered_to_nobody(sqlite: Database) -> None:
    bot = answering()
    async with FakeSlack() as slack:
        ana = slack.person("Ana")
        channel = slack.channel("support", [ana])
        async with slack_adapter.serving(slack, bot):
            root = await ana.says("A retro", channel)
            reply = await ana.says("plain words", channel, root)
            await ana.deletes(reply)
            await slack.event({"type": "user_change", "user": ana.shown()})
            await slack.invite_bot(channel, ana)
            await slack.renames(channel, "care")
            ours = Posted(slack.next_ts(), channel.id, slack.bot, "A retro", bot=True)
            channel.messages[ours.ts] = ours
            await slack.loses(ours)
        assert {request.command_name for request in bot.asked} == set(HAPPENS)
        words = (
            [send_ephemeral.words() for send_ephemeral in slack.whispers],
            [p.words() for p in slack.posted()],
        )
        assert seen(answer_to, *words) == only("nobody", [])


# ---- The web workspace, where a note is drawn on the page of whoever asked


@asynccontextmanager
async def on_the_web(sqlite: Database, bot: Script) -> AsyncIterator[tuple[Visitor, Visitor]]:
    """Two people at their own browsers."""
    adapter = WebAdapter(Settings(_env_file=None, amends_port=0, slack_bot_token=None), bot, sqlite)
    await adapter.prepare()
    with open_work(sqlite, WORKSPACE, writes=True) as work:
        ana, _ = additions.add_person(work, name="Ana", zone="UTC")
        ben, _ = additions.add_person(work, name="Ben", zone="UTC")
        work.commit()
    assert isinstance(ana, Person)
    assert isinstance(ben, Person)
    app = web.Application()
    adapter.mount(app)
    async with TestServer(app, host="127.0.0.1") as server:
        url = f"http://127.0.0.1:{server.port}"
        async with (
            ClientSession(cookie_jar=CookieJar(unsafe=True), cookies=known_at(url, ana)) as first,
            ClientSession(cookie_jar=CookieJar(unsafe=True), cookies=known_at(url, ben)) as second,
        ):
            yield Visitor(first, url), Visitor(second, url)


async def test_on_the_web_every_answer_is_on_the_askers_own_page(sqlite: Database) -> None:
    bot = answering()
    async with on_the_web(sqlite, bot) as (asker, other):
        shown = [(await asker.say(f"/amends {word} words")).text for word in TYPED.values()]
        shown += [(await asker.press(command_name, about="C-1")).text for command_name in ASKED]
        pages = [(await someone.see("/p/support")).text for someone in (asker, other)]
    assert seen(answer_to, shown, pages) == only("one", ASKED)
