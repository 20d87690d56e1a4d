"""One way to go through a journey on each platform: in Slack, in Teams, and in a browser.

A journey names people and channels, types words, presses what is shown to somebody and fills in forms;
what only one platform has is for its own tests. Nothing is said unasked but by `turn`.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from bot.domain.channel import Channel
from bot.domain.job import MessageRef
from bot.domain.person import Person
from bot.ports import Delivery, UnitOfWork
from bot.settings import Settings
from handlers.web.outgoing import WORKSPACE
from tests import fake_teams
from tests.browser import PATIENCE_MS, Trouble, open_chromium
from tests.fake_teams import FakeTeams, TeamsChannel, TeamsPerson
from tests.fakes import Ephemeral, FakeSlack, Posted, SlackChannel, SlackPerson
from tests.handlers.slack_adapter import settings_for as slack_settings
from tests.journeys.later import Later, open_later
from tests.journeys.teams_app import settings_for as teams_settings
from tests.web_app import known_at

ZONE = "Europe/Stockholm"
Fields = Mapping[str, str | bool]
"""What is filled in, by label: a person by their name, a tick by True."""


@dataclass(frozen=True)
class Shown:
    """What somebody sees: its words now, and what its platform presses it by."""

    words: str
    what: Any


class Platform(Protocol):
    """A workspace on a platform, and Amends at work there; people and channels go by their names."""

    later: Later

    async def channel(self, name: str, *people: str) -> None:
        """A channel that these people are in; in the web workspace everybody is in every one."""

    async def asks(self, who: str, words: str, channel: str = "") -> Shown:
        """Somebody types a command, in their own chat with Amends unless told otherwise: its answer."""

    async def clicks(self, who: str, on: Shown, label: str) -> Shown:
        """Somebody presses a button that opens no form: what they alone are shown."""

    async def fills(self, who: str, on: Shown, label: str, fields: Fields) -> None:
        """Somebody presses a button that opens a form, fills that in and sends it."""

    async def presses_in_vain(self, who: str, on: Shown, label: str) -> str:
        """Somebody presses what only others may (in a browser: nobody who said who they are), and reads
        why nothing happens."""

    async def retro(self, who: str, channel: str) -> Sequence[Shown]:
        """The newest retro there, and what its thread holds, oldest first."""

    async def written_to(self, who: str, words: str) -> Sequence[Shown]:
        """What Amends wrote to somebody alone with these words in it, oldest first."""

    async def turn(self, at: datetime | None = None) -> None:
        """Lets it be `at` (now, unless told otherwise), and says all that is due."""


class InSlack:
    """A Platform."""

    def __init__(self, slack: FakeSlack, later: Later) -> None:
        self._slack, self.later, self.turn = slack, later, later.turn
        self.workspace = f"slack:{slack.team}"
        self.people: dict[str, SlackPerson] = {}
        self.channels: dict[str, SlackChannel] = {}

    async def channel(self, name: str, *people: str) -> None:
        for one in people:
            if one not in self.people:
                self.people[one] = self._slack.person(one, tz=ZONE)
        members = [self.people[one] for one in people]
        self.channels[name] = self._slack.channel(name, members, private=True)

    async def asks(self, who: str, words: str, channel: str = "") -> Shown:
        person = self.people[who]
        before = len(person.whispers), len(person.direct.messages)
        if channel:
            await person.command(words, self.channels[channel])
            answer: Any = (await self._slack.until(lambda: person.whispers[before[0] :]))[-1]
        else:
            await person.says(words, person.direct)
            said = person.direct.messages
            answer = (await self._slack.until(lambda: [*said.values()][before[1] + 1 :]))[-1]
        return Shown(answer.words(), answer)

    async def clicks(self, who: str, on: Shown, label: str) -> Shown:
        person = self.people[who]
        before = len(person.whispers)

        def shown() -> Ephemeral | None:
            if person.whispers[before:]:
                return person.whispers[-1]
            return on.what if on.what.words() != on.words else None

        await person.click(on.what, label)
        answer = await self._slack.until(shown)
        return Shown(answer.words(), answer)

    async def fills(self, who: str, on: Shown, label: str, fields: Fields) -> None:
        person = self.people[who]
        form = await person.press(on.what, label)
        confirmed = await person.submit(form, self._filled(fields))
        assert confirmed is None or "submit" not in confirmed.view, confirmed.words()

    async def presses_in_vain(self, who: str, on: Shown, label: str) -> str:
        return (await self.clicks(who, on, label)).words

    def _filled(self, fields: Fields) -> dict[str, object]:
        return {
            label: self.people[str(value)] if value in self.people else value
            for label, value in fields.items()
        }

    async def retro(self, who: str, channel: str) -> Sequence[Shown]:
        place = self.channels[channel]
        root = [one for one in place.roots() if "Retro: " in one.words()][-1]
        return [Shown(one.words(), one) for one in (root, *place.thread(root))]

    async def written_to(self, who: str, words: str) -> Sequence[Shown]:
        said = self.people[who].direct.messages.values()
        return [Shown(one.words(), one) for one in said if words in one.words()]

    def stood(self, delivery: Delivery) -> MessageRef:
        """Puts there what Amends is to have said earlier, without a call, as plain words."""
        at = delivery.channel.id
        place = self._slack.direct(at) if at in self._slack.people else self._slack.channels[at]
        ts, root = self._slack.next_ts(), delivery.thread.message if delivery.thread else None
        text = delivery.message.summary
        place.messages[ts] = Posted(ts, place.id, self._slack.bot, text, thread_ts=root, bot=True)
        return MessageRef(channel_id=place.id, message=ts)


class InTeams:
    """A Platform."""

    def __init__(self, teams: FakeTeams, later: Later) -> None:
        self._teams, self.later, self.turn = teams, later, later.turn
        self.workspace = f"teams:{teams.tenant}"
        self.people: dict[str, TeamsPerson] = {}
        self.channels: dict[str, TeamsChannel] = {}

    async def channel(self, name: str, *people: str) -> None:
        for one in people:
            if one not in self.people:
                self.people[one] = self._teams.person(one, tz=ZONE)
        members = [self.people[one] for one in people]
        self.channels[name] = self._teams.channel(name, members)

    async def asks(self, who: str, words: str, channel: str = "") -> Shown:
        person = self.people[who]
        before = {one.id for one in self._teams.posted()}
        began = await person.says(words, self.channels.get(channel), mention=bool(channel))

        def answer() -> fake_teams.Posted | None:
            fitting = (
                one
                for one in self._teams.posted()
                if one.id not in before
                and (one.channel_id == person.chat.id or one.root == began.id or one.only_for)
            )
            return next(fitting, None)

        found = await self._teams.until(answer)
        return Shown(found.words(), found)

    async def clicks(self, who: str, on: Shown, label: str) -> Shown:
        person = self.people[who]
        buttons = on.what.buttons()
        [action] = [buttons[one] for one in buttons if one == label] or [
            action for one, action in buttons.items() if label in one
        ][:1]
        if action["type"] == "Action.Execute":
            told: Any = await person.click(on.what, label)
        else:
            told = await person.asks(on.what, label)
        return Shown(told.words(), told)

    async def fills(self, who: str, on: Shown, label: str, fields: Fields) -> None:
        person = self.people[who]
        filled = {key: self.people.get(str(value), value) for key, value in fields.items()}
        stayed = await person.submit(await person.press(on.what, label), filled)
        assert not isinstance(stayed, fake_teams.Dialog), stayed.words()

    async def presses_in_vain(self, who: str, on: Shown, label: str) -> str:
        told = await self.people[who].asks(on.what, label)
        assert told is not None
        assert not isinstance(told, fake_teams.Dialog) or not told.labels(), "a form opened"
        return told.words()

    async def retro(self, who: str, channel: str) -> Sequence[Shown]:
        place = self.channels[channel]
        root = [one for one in place.roots() if "Retro: " in one.words()][-1]
        return [Shown(one.words(), one) for one in (root, *place.thread(root)) if one.bot]

    async def written_to(self, who: str, words: str) -> Sequence[Shown]:
        said = self.people[who].chat.messages.values()
        return [Shown(one.words(), one) for one in said if one.bot and words in one.words()]

    def stood(self, delivery: Delivery) -> MessageRef:
        """Puts there what Amends is to have said earlier, without a call, as plain words."""
        at, id = delivery.channel.id, self._teams.next_message_id()
        person = self._teams.people.get(at)
        place = person.chat if person else self._teams.channels[at]
        root = delivery.thread.message if delivery.thread else id
        said = {"text": delivery.message.summary}
        place.messages[id] = fake_teams.Posted(id, place.id, root, self._teams.bot, said, bot=True)
        return MessageRef(channel_id=place.id, message=id)


class InBrowser:
    """A Platform: the web workspace in Chromium, with a profile of each person's own."""

    def __init__(self, browser: Browser, later: Later) -> None:
        self._browser, self.later, self.turn = browser, later, later.turn
        self.pages: dict[str, Page] = {}
        self.trouble = Trouble()

    async def channel(self, name: str, *people: str) -> None:
        persons = [Person(id=f"u_{one.lower()}", name=one, zone=ZONE) for one in people]

        def add(work: UnitOfWork) -> None:
            work.channels.remember(Channel(id=name, name=name))
            work.people.remember(*persons)

        await self.later.house.database.write(WORKSPACE, add)
        for person in persons:
            if person.name not in self.pages:
                self.pages[person.name] = await (await self._profile(person)).new_page()

    async def _profile(self, person: Person) -> BrowserContext:
        opened = await self._browser.new_context(viewport={"width": 1280, "height": 800})
        self.trouble.watch(opened)
        url = self.later.address
        [(name, value)] = known_at(url, person).items()
        await opened.add_cookies([{"name": name, "value": value, "url": url}])
        return opened

    async def asks(self, who: str, words: str, channel: str = "") -> Shown:
        page = self.pages[who]
        await page.goto(f"{self.later.address}/{f'p/{channel}' if channel else 'dm'}")
        composer = page.locator(".composer textarea").first
        await composer.fill(f"/amends {words}")
        await composer.press("Enter")
        return await self._note(page.locator(".note"))

    async def _note(self, note: Locator) -> Shown:
        await expect(note).to_be_visible()
        return Shown(await note.inner_text(), note)

    async def clicks(self, who: str, on: Shown, label: str) -> Shown:
        await self._button(on, label).dispatch_event("click")
        note = self.pages[who].locator(".note")
        await expect(note).not_to_have_text(on.words, use_inner_text=True)
        return await self._note(note)

    async def fills(self, who: str, on: Shown, label: str, fields: Fields) -> None:
        await self._button(on, label).dispatch_event("click")  # also in a menu that is closed
        dialog = self.pages[who].get_by_role("dialog")
        for name, value in fields.items():
            # The whole label: "Needed" is in "Label (needed)", too.
            field = dialog.get_by_label(re.compile(rf"^\s*{re.escape(name)}(\s*\(needed\))?\s*$"))
            if value is True:
                await field.check()
            elif await field.evaluate("one => one.tagName") == "SELECT":
                await field.select_option(label=str(value))
            else:
                await field.fill(str(value))
        await dialog.locator(".main").click()
        await expect(dialog).to_have_count(0)

    async def presses_in_vain(self, who: str, on: Shown, label: str) -> str:
        context = on.what.page.context
        known = await context.cookies()
        await context.clear_cookies()
        await self._button(on, label).dispatch_event("click")
        told: str = await on.what.page.locator("#problem p").inner_text()
        await context.add_cookies(known)
        refused = self.trouble.pop()  # the browser's own line about it, and no script's
        assert "403" in refused
        return told

    def _button(self, on: Shown, label: str) -> Locator:
        found: Locator = on.what.locator("button", has_text=label).first
        return found

    async def retro(self, who: str, channel: str) -> Sequence[Shown]:
        page = self.pages[who]
        await page.goto(f"{self.later.address}/p/{channel}")
        await page.locator("a.replies").last.click()
        posts = page.locator("#thread .post")
        await expect(posts.first).to_be_visible()
        return [Shown(await one.inner_text(), one) for one in await posts.all()]

    async def written_to(self, who: str, words: str) -> Sequence[Shown]:
        page = self.pages[who]
        await page.goto(f"{self.later.address}/dm")
        posts = await page.locator(".post").filter(has_text=words).all()
        return [Shown(await one.inner_text(), one) for one in posts]

    async def close(self) -> None:
        """Closes every profile, which must not have had trouble with a script."""
        seen = list(self.trouble)
        for page in self.pages.values():
            await page.context.close()
        assert not seen, "; ".join(seen)


@asynccontextmanager
async def open_in_slack(url: str, **more: Any) -> AsyncIterator[InSlack]:
    """Amends at work in a workspace of its own."""
    at = {"amends_database_url": url, "amends_port": 0, "amends_pace": 0.0, **more}
    async with FakeSlack() as slack, open_later(slack_settings(slack, **at)) as later:
        slack.events_url = f"{later.address}/slack/events"
        yield InSlack(slack, later)


@asynccontextmanager
async def open_in_teams(url: str, **more: Any) -> AsyncIterator[InTeams]:
    """Amends at work in a tenant of its own."""
    at = {"amends_database_url": url, "amends_port": 0, "amends_pace": 0.0, **more}
    async with FakeTeams() as teams, open_later(teams_settings(teams, **at)) as later:
        teams.endpoint = f"{later.address}/api/messages"
        yield InTeams(teams, later)
        assert teams.refusals == []


@asynccontextmanager
async def open_in_browser(url: str) -> AsyncIterator[InBrowser]:
    """Amends at work on loopback, without a platform."""
    settings = Settings(_env_file=None, amends_database_url=url, amends_port=0)
    async with open_chromium() as browser, open_later(settings) as later:
        opened = InBrowser(browser, later)
        yield opened
        await opened.close()


def now() -> datetime:
    """The real time, by which requests go."""
    return datetime.now(UTC)


expect.set_options(timeout=PATIENCE_MS)
