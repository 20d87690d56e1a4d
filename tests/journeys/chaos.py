"""Real processes that are killed and stopped, the burst they work on, and what must be true of it."""

import asyncio
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import aiohttp
from sqlalchemy import func, select

from bot.domain.action_item import ActionItem, Moved
from bot.domain.notification_preferences import NotificationPreferences
from bot.domain.team import Team
from bot.domain.working_hours import today
from bot.ports import StorageUnavailable
from storage.database import Database
from storage.tables import action_items, jobs
from tests.desk import ASKED, IN_THREAD
from tests.fakes import FakeSlack, Posted, SlackChannel, SlackPerson
from tests.journeys.test_kill import ROOT
from tests.session import open_work

ACK_SECONDS = 3.0
START_SECONDS = 60.0
"""A process is up after 1.5 s; several at once on a busy machine take far longer."""
GLANCE_SECONDS = 0.3
"""How often the database is asked whether everything is quiet."""
CASE = re.compile(r"\bC-\d+\b")
LABEL = re.compile(r"\bAI-\d+\b")
PLACES = 20


@dataclass(eq=False)
class Process:
    """`python -m bot`; `address` is empty until its adapter is open."""

    running: asyncio.subprocess.Process
    log: Path
    address: str = ""


@dataclass(eq=False)
class Fleet:
    """Processes that are started again at once when they are killed, and only then end."""

    slack: FakeSlack
    url: str
    folder: Path
    alive: list[Process] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    retiring: bool = False

    def opened(self) -> list[Process]:
        """Those that take requests."""
        return [process for process in self.living() if process.address]

    def living(self) -> list[Process]:
        """Those that can be killed; the others are being started again."""
        return [process for process in self.alive if process.running.returncode is None]

    async def some_open(self, count: int = 1) -> list[Process]:
        """The same, once there are so many."""
        async with asyncio.timeout(START_SECONDS), self.changed:
            await self.changed.wait_for(lambda: len(self.opened()) >= count)
            return self.opened()

    async def some_living(self) -> list[Process]:
        """Those that can be killed, once one is there at all."""
        async with asyncio.timeout(START_SECONDS), self.changed:
            await self.changed.wait_for(self.living)
            return self.living()

    async def keep(self, number: int) -> None:
        """Keeps one process alive until it is cancelled."""
        while True:
            process = await self._start(number)
            async with self.changed:
                self.alive.append(process)
                self.changed.notify_all()
            try:
                code = await self._live(process)
            finally:
                self.alive.remove(process)
                if process.running.returncode is None:
                    process.running.kill()
                await process.running.communicate()
            async with self.changed:
                self.changed.notify_all()
            if code == 0 and self.retiring:
                return
            if code != -signal.SIGKILL:
                told = process.log.read_text()[-4000:]
                raise AssertionError(f"Amends ended by itself with {code}:\n{told}")

    async def retire(self) -> None:
        """Lets all of them finish what they are saying; after this nobody says anything any more."""
        self.retiring = True
        for process in self.living():
            process.running.send_signal(signal.SIGTERM)
        async with asyncio.timeout(START_SECONDS), self.changed:
            await self.changed.wait_for(lambda: not self.alive)

    async def _start(self, number: int) -> Process:
        home = self.folder / str(number)
        home.mkdir(exist_ok=True)
        log = home / "log.txt"
        with log.open("a") as errors:
            running = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot",
                cwd=home,
                env=self._environment(),
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        return Process(running, log)

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "AMENDS_DATABASE_URL": self.url,
            "AMENDS_PORT": "0",
            "AMENDS_PACE": "0.01",
            "SLACK_BOT_TOKEN": self.slack.token,
            "SLACK_SIGNING_SECRET": self.slack.secret,
            "SLACK_API_URL": self.slack.api_url,
            "PYTHONPATH": str(ROOT),
        }

    async def _live(self, process: Process) -> int:
        assert process.running.stdout is not None
        line = (await asyncio.wait_for(process.running.stdout.readline(), START_SECONDS)).decode()
        async with self.changed:
            # No line: it was killed while it started.
            process.address = next((word for word in line.split() if word.startswith("http://")), "")
            self.changed.notify_all()
        return await process.running.wait()


@asynccontextmanager
async def fleet(slack: FakeSlack, url: str, folder: Path, count: int) -> AsyncIterator[Fleet]:
    """So many processes, of which none is left when the block ends."""
    made = Fleet(slack, url, folder)
    async with asyncio.TaskGroup() as group:
        kept = [group.create_task(made.keep(number)) for number in range(count)]
        try:
            yield made
        finally:
            for task in kept:
                task.cancel()
            await asyncio.gather(*kept, return_exceptions=True)  # the group raises what went wrong


Adapters = Callable[[], Awaitable[list[Process]]]


@dataclass(eq=False)
class Burst:
    """Failed cases in twenty channels, and items of theirs that are late: whom to remind of what.

    It is about noon for everybody, and they work on all days, so that reminders are due at once whenever
    the test runs.
    """

    slack: FakeSlack
    database: Database
    random: Random
    zone: str = ""
    channels: list[SlackChannel] = field(default_factory=list)
    leads: list[SlackPerson] = field(default_factory=list)
    owners: list[SlackPerson] = field(default_factory=list)
    told: dict[str, SlackChannel] = field(default_factory=dict)
    """What each case says, and where."""
    items: list[ActionItem] = field(default_factory=list)

    @property
    def workspace(self) -> str:
        """The key of all that is stored."""
        return f"slack:{self.slack.team}"

    async def prepare(self) -> None:
        """Makes people, channels and teams."""
        # POSIX counts the other way: Etc/GMT-3 is three hours ahead.
        self.zone = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
        self.owners = [self.slack.person(f"Owner {number}", self.zone) for number in range(25)]
        with open_work(self.database, self.workspace, writes=True) as work:
            for number in range(PLACES):
                lead = self.slack.person(f"Lead {number}", self.zone)
                channel = self.slack.channel(f"support-{number}", members=[lead])
                self.leads.append(lead)
                self.channels.append(channel)
                days = tuple(range(7))
                team = Team(
                    channel_id=channel.id, name=channel.name, lead=lead.id, zone=self.zone, days=days
                )
                work.teams.add(team)
            for person in (*self.owners, *self.leads):
                # Each is told of everything as it comes up: what a digest gathers is nobody's loss here.
                work.preferences.save(NotificationPreferences(person_id=person.id, digest=False))
            work.commit()

    async def arrive(self, cases: int, adapters: Adapters, gap: float) -> None:
        """Lets cases fail one after the other, without waiting for one before the next.

        `gap`: seconds between two of them, on average. Every fourth has an item that is late.
        """
        async with asyncio.TaskGroup() as group:
            for number in range(cases):
                group.create_task(self._arrive(number, adapters))
                await asyncio.sleep(self.random.uniform(0.0, 2 * gap))

    async def _arrive(self, number: int, adapters: Adapters) -> None:
        await self.fail(number, adapters)
        late = number % 4 == 0
        while late:
            try:
                await self.be_late(number)
            except StorageUnavailable:
                continue  # others are at it, or died at it; nothing was kept
            late = False

    async def fail(self, number: int, adapters: Adapters) -> None:
        """Marks a case failed, at any open adapter, until somebody answered that its retro is there."""
        channel, lead = self.channels[number % PLACES], self.leads[number % PLACES]
        reference, what = f"ZD-{number}", f"Parcel number {number} was lost"
        self.told[what] = channel
        trigger = self.slack.trigger(lead.id)
        while True:
            adapter = self.random.choice(await adapters())
            # `command` reads it before it first waits, so others may set theirs after that.
            self.slack.events_url = f"{adapter.address}/slack/events"
            try:
                async with asyncio.timeout(ACK_SECONDS):
                    words = f"failed {reference} {what}"
                    send_ephemeral = await lead.command(words, channel, trigger=trigger)
            except (aiohttp.ClientError, TimeoutError, AssertionError):
                # No answer, or one that Slack shows as an error: it is sent once more as the same
                # request, or typed anew.
                trigger = self.random.choice([trigger, self.slack.trigger(lead.id)])
                continue
            # Nothing came back: the request was known already.
            if send_ephemeral is None or CASE.search(send_ephemeral.words()):
                return
            trigger = self.slack.trigger(lead.id)

    async def be_late(self, number: int) -> None:
        """Gives a case an item that is late by three days, of which its owner and the lead must hear."""
        owner, lead = self.owners[number % len(self.owners)], self.leads[number % PLACES]
        at = datetime.now(UTC) - timedelta(days=5)
        due: date = today(self.zone, datetime.now(UTC)) - timedelta(days=3)
        channel_id = self.channels[number % PLACES].id
        with open_work(self.database, self.workspace, writes=False) as work:
            case = work.cases.by_reference(channel_id, f"ZD-{number}")
        assert case is not None
        item = ActionItem(
            number=0,
            case_number=case.number,
            channel_id=channel_id,
            what=f"A checklist for {number}",
            asked_by=lead.id,
            owner=owner.id,
            due=due,
            state="agreed",
            history=(Moved(step="add", by=lead.id, at=at), Moved(step="accept", by=owner.id, at=at)),
        )
        with open_work(self.database, self.workspace, writes=True) as work:
            item = work.action_items.add(item)
            work.commit()
        self.items.append(item)

    async def quiet(self, seconds: float) -> None:
        """Waits until nothing is owed: no job waits or runs, and everything was looked at."""
        try:
            async with asyncio.timeout(seconds):
                while self._owed():
                    await _change(self.slack, GLANCE_SECONDS)
        except TimeoutError:
            raise AssertionError(f"not quiet after {seconds:.0f} s: {self._left()}") from None

    def _owed(self) -> bool:
        undone = select(func.count()).where(jobs.c.state.in_(("waiting", "running")))
        unseen = select(func.count()).where(action_items.c.next_check_at <= datetime.now(UTC))
        try:
            with self.database.transaction(writes=False) as connection:
                return any(connection.scalar(query) for query in (undone, unseen))
        except StorageUnavailable:
            return True  # too busy to say so

    def _left(self) -> list[str]:
        query = select(jobs).where(jobs.c.state != "done").limit(20)
        with self.database.transaction(writes=False) as connection:
            return [
                f"{row.key} {row.state} attempts={row.attempts} due={row.due_at} {row.why}"
                for row in connection.execute(query)
            ]

    def check(self, cases: int) -> None:
        """So many retros were opened; everything was said, and said once."""
        keys = Counter(_key(posted) for posted in self.slack.posted())
        assert {key: times for key, times in keys.items() if times > 1} == {}
        items = Counter(item.case_number for item in self.items)
        roots = {what: _retros(what, channel) for what, channel in self.told.items()}
        assert {what: len(found) for what, found in roots.items() if len(found) != 1} == {}
        for what, channel in self.told.items():
            [root] = roots[what]
            thread = channel.thread(root)
            for prompt in ASKED:
                asked = [posted for posted in thread if prompt.question in posted.words()]
                assert len(asked) == 1, f"{prompt.label} of {what}: {len(asked)} times"
            case_number = int(_key(root).partition(":")[2])
            # Its prompts, its customer's card, its items; and where there are any, earlier cases, once.
            earlier = sum(_key(posted).startswith("earlier:") for posted in thread)
            assert len(thread) == IN_THREAD + earlier + items.pop(case_number, 0), (
                f"{what}: {[_key(one) for one in thread]}"
            )
        assert not items
        assert len(self.told) == cases
        self._check_reminders()

    def _check_reminders(self) -> None:
        wanted: Counter[tuple[str, str]] = Counter()
        for item in self.items:
            # Its lead hears of it on a later day, when its owner has.
            wanted[str(item.owner), item.label] += 1
        heard: Counter[tuple[str, str]] = Counter()
        for person in (*self.owners, *self.leads):
            for posted in person.direct.messages.values():
                heard.update((person.id, label) for label in set(LABEL.findall(posted.words())))
        assert heard == wanted


def _key(posted: Posted) -> str:
    assert posted.metadata is not None
    return str(posted.metadata["event_payload"]["key"])


def _retros(what: str, channel: SlackChannel) -> list[Posted]:
    title = f"Retro: {what}"
    return [posted for posted in channel.roots() if posted.words().splitlines()[0] == title]


async def _change(slack: FakeSlack, seconds: float) -> None:
    """Waits until something was said, but not longer than that."""
    try:
        async with asyncio.timeout(seconds), slack.changed:
            await slack.changed.wait()
    except TimeoutError:
        return


async def strike(ships: Fleet, random: Random, times: int) -> None:
    """Kills one process after another at random moments; one that starts, if no other is there."""
    for _ in range(times):
        await ships.some_open()
        # The pause is the experiment itself: the moment at which it strikes.
        await asyncio.sleep(random.uniform(0.05, 0.9))
        living = await ships.some_living()
        random.choice(ships.opened() or living).running.kill()
