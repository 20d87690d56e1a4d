"""Who sees and does what in Slack: a case of a private channel, asked for by all kinds of people."""

import asyncio
import os
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select

from bot import bootstrap
from bot.access import NO_ANSWER_NOW
from handlers.slack import directory
from handlers.slack.memberships import SHARED
from storage.tables import Row
from tests.fakes import FakeSlack, FormErrors, Posted, SlackChannel, SlackPerson, View
from tests.journeys.slack_app import open_slack_app, said

CUSTOMER = "Mrs. Ólafs"
NEVER = "I can't find C-1. Check the number, or press Status."
NO_ITEM = "I can't find AI-1. Check the number, or press Status."

# What is tried, with what it is about, what would be filled in, and how it is answered to outsiders.
TRIED: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    "recovery.read": ("C-1", {}, NEVER),
    "retro.close": ("C-1", {"outcome": "an apology was enough", "why": "It was small."}, NEVER),
    "recovery.verdict": ("C-1", {"verdict": "recovered", "words": "Thank you"}, NEVER),
    "action_item.done": ("AI-1", {"changed": "The notes are printed"}, NO_ITEM),
}
KEPT = ("cases", "retros", "answers", "action_items", "recoveries", "teams")


class World(NamedTuple):
    """A private channel with a failed case and an item of Ana's, and people in it and outside."""

    slack: FakeSlack
    built: bootstrap.App
    den: SlackChannel
    sales: SlackChannel
    retro: Posted
    ana: SlackPerson
    inside: Mapping[str, SlackPerson]
    outside: Mapping[str, SlackPerson]

    async def kept(self) -> dict[str, list[tuple[Any, ...]]]:
        """What is stored of cases and teams, but when the clock looks at it next."""
        tables = [Row.metadata.tables[name] for name in KEPT]
        with self.built.database.transaction(writes=False) as connection:
            return {
                table.name: [
                    tuple(row)
                    for row in connection.execute(
                        select(*(column for column in table.columns if column.name != "look_at"))
                    )
                ]
                for table in tables
            }


@asynccontextmanager
async def world(slack: FakeSlack, database_url: str) -> AsyncIterator[World]:
    """Amends at work in it."""
    ana, ben, lea = slack.person("Ana"), slack.person("Ben"), slack.person("Lea")
    guest_inside, guest_outside = slack.person("Gus", guest=True), slack.person("Gil", guest=True)
    olga = slack.person("Olga")
    den = slack.channel("den", [ana, ben, lea, guest_inside], private=True)
    sales = slack.channel("sales", [ben, olga, lea, guest_inside, guest_outside])
    async with open_slack_app(slack, database_url) as built:
        form = await ana.opens("failed", den)
        await ana.submit(form, {"What happened": "Parcel missed", "Customer": CUSTOMER})
        await said(slack, "looked after by", where=den.id)
        retro = await said(slack, "Retro: Parcel missed")
        form = await ana.press(retro, "Add action item")
        await ana.submit(form, {"What will change": "Print the notes", "Owner": ana})
        await said(slack, "agreed · AI-1", where=den.id)
        await slack.leaves(lea, den)
        inside = {"a member": ben, "a guest inside": guest_inside}
        outside = {"a member elsewhere": olga, "a guest elsewhere": guest_outside, "who left": lea}
        yield World(slack, built, den, sales, retro, ana, inside, outside)


@pytest.fixture
def sqlite_url(_ready_on_sqlite: Path, tmp_path: Path) -> str:
    """A database on the quick one alone."""
    return f"sqlite:///{shutil.copy(_ready_on_sqlite, tmp_path / 'amends.db')}"


Act = Callable[[], Awaitable[object]]


async def told(slack: FakeSlack, person: SlackPerson, act: Act) -> str:
    """What somebody was shown by what they did: at once, in a dialog, or alone in a channel."""

    def shown() -> list[str]:
        views = [view.words() for view in slack.views.values() if view.user == person.id]
        whispers = [send_ephemeral.words() for send_ephemeral in person.whispers]
        return views + whispers + [posted.words() for posted in person.direct.roots() if posted.bot]

    before = Counter(shown())
    answer = await act()
    if isinstance(answer, dict):
        return str(answer)
    return "\n".join(await slack.until(lambda: Counter(shown()) - before))


def ways(here: World, person: SlackPerson, home: View) -> Iterator[tuple[str, Act, str]]:
    """How somebody outside the channel may try: the way, what they do, and what they are told."""
    typed = "customer C-1"
    yield "typed in another channel", partial(person.command, typed, here.sales), NEVER
    yield "typed in direct messages", partial(person.command, typed, person.direct), NEVER
    yield "said in direct messages", partial(person.says, typed, person.direct), NEVER
    for command_name, (about, values, sentence) in TRIED.items():
        yield f"{command_name} clicked", partial(person.forges_click, command_name, about), sentence
        yield (
            f"{command_name} clicked in the Home",
            partial(person.forges_click, command_name, about, home),
            sentence,
        )
        for place in (here.den, here.sales, person.direct) if values else ():
            forged = partial(person.forges_form, command_name, about, place, values)
            yield f"{command_name} submitted for {place.name or 'nowhere'}", forged, sentence


async def test_an_outsider_reads_what_they_would_of_a_number_never_given(
    slack: FakeSlack, database_url: str
) -> None:
    async with world(slack, database_url) as here:
        before, posts = await here.kept(), len(here.den.messages)
        for who, person in here.outside.items():
            home = await person.opens_home()
            for way, act, sentence in ways(here, person, home):
                assert sentence in await told(slack, person, act), (who, way)
        assert await here.kept() == before
        assert len(here.den.messages) == posts
    told_to = {one.channel_id for one in slack.posted() if CUSTOMER in one.words()}
    assert told_to == {here.den.id, here.ana.direct.id}
    assert CUSTOMER not in str([slack.whispers, slack.views, slack.homes])


async def test_who_is_in_the_channel_is_let_in_from_anywhere(
    slack: FakeSlack, database_url: str
) -> None:
    async with world(slack, database_url) as here:
        for who, person in here.inside.items():
            home = await person.opens_home()
            for way, act, sentence in ways(here, person, home):
                if "submitted" not in way:
                    words = await told(slack, person, act)
                    assert sentence not in words, (who, way)
                    assert NO_ANSWER_NOW not in words, (who, way)
            answer = await person.command("customer C-1", here.den)
            assert answer is not None
            assert CUSTOMER in answer.words()
        ben = here.inside["a member"]
        about, values, _ = TRIED["action_item.done"]
        told_of = await here.ana.forges_form("action_item.done", about, here.sales, values)
        assert "Marked done." in str(told_of)
        await said(slack, "done · AI-1", where=here.den.id)
        about, values, _ = TRIED["retro.close"]
        assert "C-1 is closed" in str(await ben.forges_form("retro.close", about, here.sales, values))
        await slack.until(lambda: "closed" in here.retro.words())


async def test_a_full_member_sees_a_public_channel_without_being_in_it_and_a_guest_does_not(
    slack: FakeSlack, sqlite_url: str
) -> None:
    async with world(slack, sqlite_url) as here:
        await slack.converts(here.den, private=False)
        for who, person in here.outside.items():
            answer = await person.command("customer C-1", here.sales)
            assert answer is not None
            assert (CUSTOMER in answer.words()) is (who != "a guest elsewhere"), who
        await slack.converts(here.den, private=True)
        for who, person in here.outside.items():
            answer = await person.command("customer C-1", here.sales)
            assert answer is not None
            assert answer.words() == f"{NEVER}\nStatus", who


async def test_who_comes_and_goes_is_let_in_and_out_at_once(slack: FakeSlack, sqlite_url: str) -> None:
    async with world(slack, sqlite_url) as here:
        gil = here.outside["a guest elsewhere"]
        for joins in (False, True, False):
            if joins:
                await slack.joins(gil, here.den)
            elif gil.id in here.den.members:
                await slack.leaves(gil, here.den)
            answer = await gil.command("customer C-1", here.sales)
            assert answer is not None
            assert (CUSTOMER in answer.words()) is joins


async def test_a_silent_slack_shows_nothing_and_a_form_keeps_what_was_typed(
    slack: FakeSlack, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "ASK_SECONDS", 0.1)
    async with world(slack, sqlite_url) as here:
        ben = here.inside["a member"]
        before = await here.kept()
        await slack.converts(here.den, private=True)  # forgets what was known
        slack.latency["conversations.info"] = 30.0
        await ben.command("mine", ben.direct)
        for person in (ben, *here.outside.values()):
            answer = await person.command("customer C-1", person.direct)
            assert answer is not None
            assert answer.words() == NO_ANSWER_NOW
            assert NO_ANSWER_NOW in await told(
                slack, person, partial(person.forges_click, "retro.close", "C-1")
            )
        about, values, _ = TRIED["retro.close"]
        answer_to_form = await ben.forges_form("retro.close", about, here.den, values)
        assert answer_to_form == {"response_action": "errors", "errors": {"outcome": NO_ANSWER_NOW}}
        assert await here.kept() == before


async def test_a_form_that_was_opened_in_a_channel_without_the_bot_is_owed_there(
    slack: FakeSlack, sqlite_url: str
) -> None:
    ana = slack.person("Ana")
    secret = slack.channel("secret", [ana], private=True, with_bot=False)
    async with open_slack_app(slack, sqlite_url):
        form = await ana.opens("failed", secret)
        assert await ana.submit(form, {"What happened": "Lost"}) is None
        note = await said(slack, "I couldn't post the retro C-1", where=ana.direct.id)
        assert "Type /invite" in note.words()
        await slack.invite_bot(secret, ana)
        assert (await said(slack, "Retro: Lost")).channel_id == secret.id


async def test_a_shared_channel_takes_no_forms_from_anywhere(slack: FakeSlack, sqlite_url: str) -> None:
    ana = slack.person("Ana")
    partners = slack.channel("partners", [ana], shared=True)
    async with open_slack_app(slack, sqlite_url):
        form = await ana.shortcut("case.fail")
        with pytest.raises(FormErrors) as errors:
            await ana.submit(form, {"What happened": "Lost", "Channel": partners})
        assert list(errors.value.sentences.values()) == [SHARED]
        assert form.open
    assert slack.posted() == []


async def test_a_case_of_a_channel_that_was_shared_since_is_not_shown_elsewhere(
    slack: FakeSlack, sqlite_url: str
) -> None:
    async with world(slack, sqlite_url) as here:
        ben = here.inside["a member"]
        await slack.shares(here.den)
        answer = await ben.command("customer C-1", here.sales)
        assert answer is not None
        assert answer.words() == SHARED
        await ben.click(here.retro, "Answer")
        assert await slack.until(lambda: ben.whispers[-1].words() == SHARED)


@pytest.mark.parametrize("allowed", [True, False])
async def test_an_owner_who_left_a_channel_that_was_shared_since_may_act_no_more(
    slack: FakeSlack, sqlite_url: str, allowed: bool
) -> None:
    ana, ben = slack.person("Ana"), slack.person("Ben")
    den = slack.channel("den", [ana, ben], private=True)
    async with open_slack_app(slack, sqlite_url, amends_shared_channels=allowed):
        await ana.command("failed ZD-1 Parcel lost", den)
        retro = await said(slack, "Retro: Parcel lost")
        form = await ana.press(retro, "Add action item")
        await ana.submit(form, {"What will change": "Show the notes", "Owner": ben})
        own = await said(slack, "AI-1", where=ben.direct.id)
        await slack.leaves(ben, den)
        await slack.shares(den)
        await ben.click(own, "Accept")
        if allowed:
            await said(slack, "agreed · AI-1", where=den.id)
        else:
            assert await slack.until(lambda: ben.whispers and ben.whispers[-1].words() == SHARED)
            assert "proposed" in (await said(slack, "AI-1", where=den.id)).words()


async def test_an_answer_without_a_name_makes_no_call_that_names_its_author(
    slack: FakeSlack, sqlite_url: str
) -> None:
    async with world(slack, sqlite_url) as here:
        gus = here.inside["a guest inside"]
        # Three people and the bot are few, so all of them were looked up, and alike.
        form = await gus.press(here.retro, "Answer")
        slack.calls.clear()
        await gus.submit(form, {"Training": "Maps", "Post without my name": True})
        await said(slack, "Training · someone on the team")
        assert not {"users.info", "chat.postEphemeral", "conversations.open"} & set(slack.calls)


@pytest.mark.parametrize(("command", "exit_code"), [("serve", 2), ("check", 1)])
async def test_a_token_for_a_whole_organisation_is_refused_in_one_line(
    tmp_path: Path, command: str, exit_code: int
) -> None:
    async with FakeSlack(enterprise="E0FAKE") as slack:
        slack.org_wide = True
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            command,
            cwd=Path(__file__).parents[2],
            env={
                "PATH": os.environ["PATH"],
                "AMENDS_DATABASE_URL": f"sqlite:///{tmp_path / 'amends.db'}",
                "AMENDS_PORT": "0",
                "SLACK_BOT_TOKEN": slack.token,
                "SLACK_SIGNING_SECRET": slack.secret,
                "SLACK_API_URL": slack.api_url,
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(30):
            output, _ = await process.communicate()
    assert process.returncode == exit_code
    lines = [line for line in output.decode().splitlines() if "SLACK_BOT_TOKEN" in line]
    assert len(lines) == 1
    assert "whole organisation" in lines[0]
    assert "Traceback" not in output.decode()
