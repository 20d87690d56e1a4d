"""Puts the program together: the storage, the bot, the adapters that are configured, and the clock."""

import asyncio
import gc
import logging
import re
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain, islice
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from aiohttp import web

from bot.allowance import Allowance
from bot.bot import Bot
from bot.coach.rules import language
from bot.commands import export as export_commands
from bot.commands import forget as forget_commands
from bot.commands.forget import Farewell
from bot.demo.month import STORIES, tell
from bot.demo.story import Story
from bot.domain import note
from bot.domain.channel import Channel
from bot.domain.errors import Refused
from bot.domain.job import LEASE_SECONDS
from bot.domain.person import Person
from bot.helpdesks import Helpdesks
from bot.jobs.retro import Show
from bot.messages.export import Format
from bot.ports import Limits, Messenger, ReadOnlyWork, Transactions, UnitOfWork, VaultLocked
from bot.repositories import BeingSaid
from bot.settings import Misconfigured, Settings, for_demo
from handlers.connections import Connections
from handlers.connections import Limits as ConnectionLimits
from handlers.csv_import.column_questions import ask_columns
from handlers.csv_import.import_file import (
    MAX_UNASKED,
    Import,
    Summary,
    Way,
    find_channels,
    foretold,
    messages_in,
    shared_channel,
    waiting_in,
)
from handlers.csv_import.known_export import recognise
from handlers.csv_import.open_file import OpenTable, open_file, open_table
from handlers.csv_import.rehearsal import Rehearsal
from handlers.csv_import.spreadsheet import Broken, Row
from handlers.csv_import.text_lines import CsvError
from handlers.csv_import.written_date import DayOrder, settle_order
from handlers.foretold import Forecast, foretell
from handlers.helpdesks.incoming import Hooks
from handlers.helpdesks.notes import LIMITS as OF_NOTES
from handlers.helpdesks.notes import NoteMessenger
from handlers.helpdesks.outgoing import Outgoing, target
from handlers.helpdesks.products import PRODUCTS
from handlers.server import check_port, healthz, listening
from handlers.web.additions import add_channel, machine_zone
from handlers.web.demo import Clock, Stage, Tour
from handlers.web.memberships import Everybody
from handlers.web.outgoing import Hub, WebMessenger
from handlers.worker import Worker
from storage.database import AlreadyRunning, Database, NoFile, SchemaOutdated

if TYPE_CHECKING:
    from handlers.slack.app import SlackAdapter
    from handlers.teams.app import TeamsAdapter
    from handlers.web.app import WebAdapter
    from handlers.web.leads import LeadPages

log = logging.getLogger(__name__)

CHANNEL = re.compile(r"[CG](?=.*[0-9])[A-Z0-9]+")
"""How Slack's channel ids look (C0123ABCD; G for old private ones), and a team's name hardly does."""

ON_A_SERVER = (
    "This database is PostgreSQL's: back it up with 'pg_dump --format=custom --file=FILE', bring it "
    "back with pg_restore, and run 'python -m bot migrate --restored' before you start me again."
)

STRANGE_JOURNAL = (
    "%s was put there after %s-wal was written, so that one may belong to another database and "
    "damage this one: stop me, and restore the backup once more, without the -wal and -shm beside it."
)

PARTING_SECONDS = 4.0
"""How long requests may still take when told to stop; the worker's grace runs beside it."""
LARGEST_BODY = 1024 * 1024
"""Bytes of one request; the largest real one (a form with long texts) is far below."""

PATIENCE = LEASE_SECONDS + 5.0
"""Seconds in which a message that is being said has arrived, or whoever said it has died over it."""
POLL_SECONDS = 0.5

LOOKS = 100
"""How often a folder that goes away is looked for at most: one that stays must not hold up an end."""

MAY_NAME_THEM = (
    "%s is not configured here, so nobody finds out whether a message that names them arrived there: "
    "look for it there yourself, and delete it."
)

GC_THRESHOLD = 10_000
"""New objects between two searches for reference cycles, in which a request leaves 20 to 80 of them.

Python's own number is 700: then the searches are a twentieth of a request's time.
"""


@dataclass(frozen=True)
class App:
    """What every command needs: the storage, and the bot that answers from it.

    `woken` is set whenever the bot saved something, so that the clock looks at once.
    """

    settings: Settings
    database: Database
    bot: Bot
    woken: asyncio.Event


@dataclass(frozen=True)
class Adapters:
    """The adapters that are configured (None: closed), and the clock that speaks through them."""

    slack: "SlackAdapter | None"
    teams: "TeamsAdapter | None"
    web: "WebAdapter | None"
    worker: Worker

    def troubles(self) -> Sequence[str]:
        """What keeps a platform from taking anything of ours until an admin acts, in sentences."""
        return [adapter.trouble for adapter in (self.slack, self.teams) if adapter and adapter.trouble]


@asynccontextmanager
async def open_app(
    settings: Settings, *, speaks: bool = False, makes: bool = True, only_reads: bool = False
) -> AsyncIterator[App]:
    """Opens the storage, whose schema must be the program's, and closes it again.

    `speaks`: for the clock's own process, of which an SQLite file takes one. `makes`: an SQLite file
    that is not there is made; otherwise it is Misconfigured. `only_reads`: also where nobody may write.
    """
    database = _database(settings, only_reads=only_reads)
    if not makes:
        _check_is_there(database)
    try:
        with database.clock() if speaks else nullcontext():
            if speaks and database.has_strange_journal():
                log.warning(STRANGE_JOURNAL, database.file, database.file)
            try:
                database.prepare()
                if speaks:
                    _check_secrets(database)
                yield _app(settings, database)
            finally:
                database.close()
    except (SchemaOutdated, AlreadyRunning) as refused:
        raise Misconfigured(str(refused)) from None


def _check_secrets(database: Database) -> None:
    """Logs that secrets cannot be opened: helpdesks wait then, and all else goes on."""
    try:
        database.check_secrets()
    except VaultLocked as locked:
        log.error("%s Until then what helpdesks send is not taken.", locked)


@asynccontextmanager
async def open_unprepared(settings: Settings) -> AsyncIterator[App]:
    """The same without asking anything of the storage, which need not even be there."""
    database = _database(settings)
    try:
        yield _app(settings, database)
    finally:
        database.close()


def _app(settings: Settings, database: Database) -> App:
    woken = asyncio.Event()
    # A pace of 0 is for stand-ins, which take as much as is sent.
    starts = settings.amends_starts_a_minute if settings.amends_pace else 0
    bot = Bot(database, woken.set, Allowance(starts))
    bot.helpdesks = helpdesks(settings)
    return App(settings, database, bot, woken)


def helpdesks(settings: Settings) -> Helpdesks:
    """What a team can connect, and where that would send."""
    stand_ins = settings.helpdesk_hosts
    return Helpdesks(
        PRODUCTS,
        settings.amends_url,
        lambda hosts, origin: target(origin, hosts, stand_ins) is not None,
    )


def _check_is_there(database: Database) -> None:
    if database.file is not None and not database.file.exists():
        raise Misconfigured(
            f"There is no database {database.file}: set AMENDS_DATABASE_URL to where it is. Only serve, "
            "import and migrate make a new one."
        )


def is_new(settings: Settings) -> bool:
    """Whether there is no database yet, where nobody said that there is one."""
    file = _database(settings).file
    return (
        "amends_database_url" not in settings.model_fields_set and file is not None and not file.exists()
    )


@asynccontextmanager
async def adapters(built: App, tour: Tour | None = None) -> AsyncIterator[Adapters]:
    """Opens the adapters. A new platform adds its line here, and its routes in `serve`."""
    settings, bot, database = built.settings, built.bot, built.database
    slack = await slack_adapter(built) if settings.slack else None
    teams = await _teams_adapter(built) if settings.teams else None
    browser = await _web_adapter(built, tour) if settings.web else None
    outgoing = Outgoing(settings.helpdesk_hosts)
    messengers: dict[str, Messenger] = {
        note.PLATFORM: NoteMessenger(outgoing, bot, database, PRODUCTS, settings.amends_pace)
    }
    if slack:
        messengers["slack"] = slack.messenger
        bot.memberships["slack"] = slack.memberships
    if teams:
        messengers["teams"] = teams.messenger
        bot.memberships["teams"] = teams.memberships
    if browser:
        messengers["web"] = browser.messenger
        bot.memberships["web"] = browser.memberships
    if settings.amends_url:
        bot.pages_at |= {"slack": settings.amends_url, "teams": settings.amends_url}
    worker = Worker(
        bot,
        database,
        messengers,
        built.woken,
        forget_after=settings.forget_after,
    )
    try:
        await worker.take_in_restored()
        yield Adapters(slack, teams, browser, worker)
    finally:
        await worker.stop()
        if slack:
            await slack.close()
        if teams:
            await teams.close()
        await outgoing.close()


# Each adapter is imported where it is opened: its platform's library takes time and memory, which nobody
# pays for an adapter that stays closed.


async def slack_adapter(built: App) -> "SlackAdapter":
    """Raises Misconfigured or Unavailable when Slack does not let it open."""
    from handlers.slack.app import SlackAdapter  # noqa: PLC0415 - only where Slack is configured

    return await SlackAdapter.open(built.settings, built.bot)


async def _teams_adapter(built: App) -> "TeamsAdapter":
    from handlers.teams.app import TeamsAdapter  # noqa: PLC0415 - only where Teams is configured

    return await TeamsAdapter.open(built.settings, built.bot, built.database, built.woken.set)


async def _web_adapter(built: App, tour: Tour | None) -> "WebAdapter":
    from handlers.web.app import WebAdapter  # noqa: PLC0415 - only where the web adapter is open

    browser = WebAdapter(built.settings, built.bot, built.database, tour)
    await browser.prepare()
    return browser


def _hooks(built: App) -> Hooks:
    database, address = built.database, built.settings.amends_url
    return Hooks(PRODUCTS, built.bot, database, database.vault, address)


def _lead_pages(built: App) -> "LeadPages":
    from handlers.web.leads import LeadPages  # noqa: PLC0415 - only where there is an address for them

    return LeadPages(built.settings, built.bot, built.database)


@asynccontextmanager
async def server(
    built: App, opened: Adapters, limits: ConnectionLimits | None = None
) -> AsyncIterator[str]:
    """Serves every open adapter over HTTP, and speaks through it; yields the address.

    Without `limits`, there are as many connections as the process's files allow.
    """
    connections = Connections(limits or ConnectionLimits.of_this_process())
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=[connections.middleware()])
    app.router.add_get("/healthz", healthz(built.database, connections, opened.troubles))
    if opened.slack:
        app.router.add_post("/slack/events", opened.slack.handler)
    if opened.teams:
        # Every method: the web adapter's page for unknown paths would answer the others.
        app.router.add_route("*", "/api/messages", opened.teams.handler)
    _hooks(built).mount(app)
    if opened.web:
        opened.web.mount(app)
    elif built.settings.amends_url:
        _lead_pages(built).mount(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=PARTING_SECONDS)
    await runner.setup()
    served = cast(Callable[[], asyncio.Protocol], runner.server)  # set up, so it is there
    try:
        async with listening(served, built.settings, connections) as address:
            if opened.slack and built.settings.slack_app_token:
                await opened.slack.start_socket_mode()
            yield address
    finally:
        await runner.cleanup()


async def demo(settings: Settings, folder: Path, started: Callable[[str, Path], None]) -> None:
    """Serves a workspace with believable months in it, from a new file in this folder.

    `started` hears the address and where the file is.
    """
    file = folder / "amends-demo.db"
    chosen = for_demo(settings, f"sqlite:///{file}")
    await check_port(chosen)  # before months are told, which takes a while
    tour = await play(chosen, datetime.now(UTC), machine_zone())
    await serve(chosen, lambda address: started(address, file), tour)


async def play(settings: Settings, now: datetime, zone: str, stories: Sequence[Story] = STORIES) -> Tour:
    """Tells the months that end `now` to a new database, as if it had been used all the time."""
    clock = Clock(now)
    database = Database(settings.amends_database_url, clock=lambda _: clock.now)
    try:
        database.prepare()
        bot = Bot(database, lambda: None)
        messenger = WebMessenger(database, Hub(), clock=clock)
        bot.memberships["web"] = Everybody(database)
        worker = Worker(bot, database, {"web": messenger}, asyncio.Event())
        stage = Stage(clock, database, bot.answer, worker.run_due)
        cases = await tell(stage, now, zone, stories)
        await worker.stop()
        return await Tour.through(cases, database)
    finally:
        database.close()


async def serve(settings: Settings, started: Callable[[str], None], tour: Tour | None = None) -> None:
    """Opens every adapter that is configured and runs the clock until SIGINT or SIGTERM.

    `tour`: it is the demo, and the web workspace shows its notes.
    """
    # First: where another one has both the port and the file, its address helps more than the file's.
    await check_port(settings)
    async with open_app(settings, speaks=True) as built, adapters(built, tour) as opened:
        language("en")  # else the first who writes something would wait for the coach to read its rules
        async with server(built, opened) as address:
            # The collector would walk all that start-up made, again and again, and hold the loop for
            # 0.1 s.
            gc.freeze()
            gc.set_threshold(GC_THRESHOLD)
            started(address)
            worker_loop = asyncio.create_task(opened.worker.run())
            await _until_told_to_stop(worker_loop)
            # Beside the server, so that what is in flight on both sides has the same few seconds.
            parting = asyncio.create_task(opened.worker.stop())
        await parting
        await worker_loop


async def _until_told_to_stop(clock: asyncio.Task[None]) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    stopped = asyncio.create_task(stopping.wait())
    # The clock only ends by itself when something is wrong, and then the process must not look alive.
    await asyncio.wait({clock, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()


async def tick(settings: Settings, at: datetime) -> Mapping[str, int]:
    """Says everything due by `at`, and returns how many messages came out how."""
    if is_new(settings):
        return {}
    async with open_app(settings, speaks=True, makes=False) as built, adapters(built) as opened:
        return await opened.worker.run_due(at)


async def foretell_tick(settings: Settings, at: datetime) -> Forecast:
    """What `tick` would say, found out on a copy; the database itself is only read, beside serve too."""
    if is_new(settings):
        return Forecast()
    database = _database(settings, only_reads=True)
    _check_is_there(database)
    try:
        with (
            TemporaryDirectory(prefix="amends-tick-") as folder,
            _gone_when_ended(Path(folder)),
            database.copied(Path(folder) / "copy.db", opens=Show.name) as copy,
        ):
            return await foretell(copy, _platforms(settings), at)
    except SchemaOutdated as outdated:
        raise Misconfigured(str(outdated)) from None
    finally:
        database.close()


@contextmanager
def _gone_when_ended(folder: Path) -> Iterator[None]:
    """While it lasts, SIGTERM takes the folder away before it ends the process as ever."""

    def end(number: int, _: object) -> None:
        # Threads may still write there, so nothing is unwound, and it is looked at a few times.
        for _ in range(LOOKS):
            if not folder.exists():
                break
            rmtree(folder, ignore_errors=True)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _platforms(settings: Settings) -> Mapping[str, Limits]:
    """What the platforms that are configured allow, without opening them."""
    platforms: dict[str, Limits] = {note.PLATFORM: OF_NOTES}
    if settings.slack:
        from handlers.slack.outgoing import LIMITS as OF_SLACK  # noqa: PLC0415 - its library takes time

        platforms["slack"] = OF_SLACK
    if settings.teams:
        from handlers.teams.outgoing import LIMITS as OF_TEAMS  # noqa: PLC0415 - its library, too

        platforms["teams"] = OF_TEAMS
    if settings.web:
        platforms["web"] = WebMessenger.limits
    return platforms


def _database(settings: Settings, *, only_reads: bool = False) -> Database:
    try:
        return Database(settings.amends_database_url, only_reads=only_reads, keys=settings.secret_keys)
    except ValueError as wrong:
        raise Misconfigured(f"AMENDS_DATABASE_URL is wrong: {wrong}.") from None


def back_up(settings: Settings, copy: Path) -> None:
    """Copies an SQLite database into a new file; raises Misconfigured or StorageUnavailable."""
    database = _database(settings)
    try:
        database.back_up(copy)
    except FileExistsError:
        raise Misconfigured(f"{copy} is there already, and a backup overwrites nothing.") from None
    except NoFile:
        if database.file is None:
            raise Misconfigured(ON_A_SERVER) from None
        raise Misconfigured(f"{database.file} is not there, so there is nothing to back up.") from None
    finally:
        database.close()


async def end_hold(settings: Settings, *, say: bool) -> int:
    """Lets what a restored backup held be said, or be dropped; returns how many messages."""
    async with open_app(settings) as built:
        return await built.database.write_queue(lambda queue: queue.end_hold(say=say))


@dataclass(frozen=True)
class Migrated:
    """What a migration did: of when a copy is, if it is one, and how many connections it sealed anew."""

    made_at: datetime | None
    sealed: int


async def migrate(settings: Settings, *, restored: bool = False) -> Migrated:
    """Brings the database's tables up to date, and seals secrets; `restored`: it is a copy."""
    database = _database(settings)
    try:
        database.migrate()
        made_at = database.mark_restored() if restored else None
        return Migrated(made_at, database.reseal())
    except (SchemaOutdated, VaultLocked) as refused:
        raise Misconfigured(str(refused)) from None
    finally:
        database.close()


def teams_package(settings: Settings, app_id: str | None, domain: str, path: Path) -> None:
    """Writes the app package for Teams; raises Misconfigured with one sentence."""
    from handlers.teams import package  # noqa: PLC0415 - only where it is asked for

    chosen = app_id or settings.teams_app_id
    if not chosen:
        raise Misconfigured("--app-id is missing, and TEAMS_APP_ID is not set either.")
    package.write(path, chosen, domain, targeted=settings.teams_targeted, pages_at=settings.amends_url)


WEB = "web"
SAY_WHICH = (
    "Say --open for that, or --backlog to take them in quietly: one message, and each retro waits until "
    "somebody opens it. Nothing was written."
)


@dataclass(frozen=True)
class Wanted:
    """What an import was asked for, as typed."""

    path: Path
    team: str
    mapping: Sequence[str]
    where: Sequence[str]
    encoding: str | None
    day_order: DayOrder | None
    way: Way | None = None
    """Whether the retros open, or are taken in quietly; None: nobody said."""
    rehearses: bool = False
    sheet: str | None = None


def choose_columns(
    wanted: Wanted, ask: Callable[[str], str], say: Callable[[str], None]
) -> Sequence[str] | None:
    """The arguments of --map, asked for at a terminal; None when somebody looked and said no.

    Nothing is asked, and nothing returned, about a file whose columns are known and about a pipe. Raises
    Misconfigured when the file cannot be read, and Refused when its dates are written in two orders.
    """
    try:
        records = open_file(wanted.path, wanted.encoding, wanted.sheet)
        if records.size is None or recognise(records.header):
            records.close()
            return ()
        if records.note:
            say(records.note)
        return ask_columns(records, wanted.where, wanted.day_order, ask, say)
    except CsvError as unreadable:
        raise Misconfigured(str(unreadable)) from None


def _unheard(*_: object) -> None:
    """Nobody listens to a rehearsal."""


async def import_file(
    settings: Settings,
    wanted: Wanted,
    skipped: Callable[[str, str], None],
    progress: Callable[[int, int | None], None],
    noted: Callable[[str], None] = _unheard,
) -> Summary:
    """Opens a retro for every row of a table file, or takes it in quietly; safe to run twice.

    Raises Refused when the dates are written in two orders and nobody said which is meant, or when many
    retros would open in a chat's channel and nobody said so.
    `skipped` hears the place and the reason of the first rows that were left out, `progress` the bytes
    read and the file's size, `noted` what was understood without being said, before anything is written.
    """
    try:
        opened = open_table(
            wanted.path, wanted.mapping, wanted.where, wanted.encoding, wanted.sheet, noted
        )
        with opened.table:
            return await _import(settings, wanted, opened, skipped, progress)
    except CsvError as unreadable:
        raise Misconfigured(str(unreadable)) from None


async def _import(
    settings: Settings,
    wanted: Wanted,
    opened: OpenTable,
    skipped: Callable[[str, str], None],
    progress: Callable[[int, int | None], None],
) -> Summary:
    table = opened.table
    settled = None if wanted.day_order else settle_order(table.column("happened_at"))
    async with open_app(settings) as built:
        rehearsal = Rehearsal(built.database)
        transactions = rehearsal if wanted.rehearses else built.database
        workspace, channel, made = await _channel(wanted.team, built, transactions)
        team = await built.database.read(workspace, lambda work: work.teams.get(channel.id))
        zone, way = team.zone if team else "UTC", wanted.way or "open"
        waiting = (
            await built.database.read(workspace, lambda work: waiting_in(channel.id, zone, work))
            if way == "open"
            else {}
        )
        importing = Import(
            bot=built.bot,
            workspace=workspace,
            channel=channel,
            zone=zone,
            day_order=settled.order if settled else wanted.day_order,
            way=way,
            written_in=opened.zone,
            waiting=waiting,
        )
        rehearsing = replace(importing, bot=Bot(rehearsal, committed=lambda: None), rehearses=True)
        pace = 0.0 if workspace == WEB else settings.amends_pace
        each = await transactions.read(workspace, partial(messages_in, channel.id))
        rows = iter(table)
        first: list[Row | Broken] = []
        if wanted.way is None and workspace != WEB and not wanted.rehearses:
            first = list(islice(rows, MAX_UNASKED + 1))
            if len(first) > MAX_UNASKED:
                read = await rehearsing.run(table, chain(first, rows), _unheard, _unheard)
                raise Refused(f"{foretold(read, channel, each, pace)}. {SAY_WHICH}")
        summary = await (rehearsing if wanted.rehearses else importing).run(
            table, chain(first, rows), skipped, lambda read: progress(read, table.size)
        )
        summary.made_channel = channel.name if made else ""
        summary.settled = settled
        if wanted.rehearses:
            summary.foretold = foretold(summary, channel, each, pace)
        return summary


async def _channel(name: str, built: App, transactions: Transactions) -> tuple[str, Channel, bool]:
    """The workspace and the channel that an import goes to, and whether the channel had to be made."""
    closed = () if built.settings.web else ("web",)
    channels = await find_channels(name, built.database.workspaces(used=False), built.database, closed)
    if len(channels) > 1:
        raise Misconfigured(f"--team {name} is in several workspaces; name the channel by its id.")
    if channels:
        return *channels[0], False
    if built.settings.slack and CHANNEL.fullmatch(name):
        slack = await slack_adapter(built)
        await slack.close()
        return slack.workspace.id, Channel(id=name, name=name), False
    if built.settings.web:

        def make(work: UnitOfWork) -> tuple[Channel | None, Mapping[str, str], bool]:
            channel = shared_channel(name, work)  # a serve may just have made it
            return (channel, {}, False) if channel else (*add_channel(work, name), True)

        channel, faults, made = await transactions.write(WEB, make)
        if channel is None:
            raise Misconfigured(f"--team {name!r}: {faults['name']}")
        return WEB, channel, made
    raise Misconfigured(f"--team {name} is no channel that I know: invite me there, or give its id.")


async def export(
    settings: Settings, format_: Format, case: str | None, workspace: str | None
) -> AsyncGenerator[str, None]:
    """The pieces of one retro's file, or of every retro's."""
    if is_new(settings) and case is None:
        yield format_.before + format_.after
        return
    async with open_app(settings, makes=False, only_reads=True) as built:
        chosen = _workspace(workspace, built.database)
        yield format_.before
        if case is not None:
            whole = await built.database.read(chosen, lambda work: export_commands.one(case, work))
            yield format_.write(whole, True)
        else:
            first = True
            last: int | None = 0
            while last is not None:
                wholes, last = await built.database.read(chosen, partial(export_commands.page, last))
                for whole in wholes:
                    yield format_.write(whole, first)
                    first = False
        yield format_.after


def _workspace(wanted: str | None, database: Database) -> str:
    workspaces = database.workspaces()
    if wanted is None and len(workspaces) <= 1:
        return workspaces[0] if workspaces else "web"
    if wanted is not None and wanted in workspaces:
        return wanted
    raise Misconfigured(f"--workspace must be one of: {', '.join(workspaces)}.")


async def forget(
    settings: Settings, customer: str | None, case: str | None, workspace: str | None
) -> Sequence[str]:
    """Removes what identifies a customer from their cases, or from one; returns of what, in words.

    So it does from what helpdesks told of somebody of their name and no case came of. `case` is a case's
    label, or its reference in any team. Raises Refused when nothing is known by it.
    """
    async with open_app(settings, makes=False) as built:
        chosen = _workspace(workspace, built.database)

        def find(work: ReadOnlyWork) -> Sequence[int]:
            if case:
                return forget_commands.named(case, work)
            return forget_commands.of_customer((customer or "").strip(), work)

        numbers, at = await built.database.read(chosen, find), datetime.now(UTC)
        told = [] if case else await built.bot.forget_told(chosen, (customer or "").strip(), at)
        of_cases = [what for number in numbers for what in await built.bot.forget(chosen, number, at)]
        await built.bot.wipe_words(chosen)
        return [*of_cases, *told]


def forget_person(settings: Settings, name: str, workspace: str | None) -> Farewell | None:
    """Removes a colleague who left, by id or name; None when somebody else did so meanwhile.

    Raises Refused when nobody, or more than one, is called so; and BeingSaid when a message about them
    has not arrived before PATIENCE ends. Where their platform is not configured any more, nobody would
    ever find out, so then they are forgotten all the same.
    """

    async def forget_them() -> Farewell | None:
        async with open_app(settings, makes=False) as built:
            chosen = _workspace(workspace, built.database)
            find = partial(forget_commands.person_named, name)
            person = await built.database.read(chosen, find)
            at = datetime.now(UTC)
            until = asyncio.get_running_loop().time() + PATIENCE
            waits = True
            while True:
                try:
                    return await asyncio.to_thread(
                        built.database.write_at_length,
                        chosen,
                        partial(_forget_person, person, at, waits),
                    )
                except BeingSaid:
                    if asyncio.get_running_loop().time() >= until:
                        if chosen.partition(":")[0] in _platforms(settings):
                            raise
                        waits = False
                        log.warning(MAY_NAME_THEM, chosen)
                        continue
                await asyncio.sleep(POLL_SECONDS)

    return asyncio.run(forget_them())


def _forget_person(person: Person, at: datetime, waits: bool, work: UnitOfWork) -> Farewell | None:
    return forget_commands.forget_person(person, at, work, waits=waits)


async def forget_due(settings: Settings, workspace: str | None) -> Sequence[str]:
    """Forgets every customer who is due, however many; returns the labels of cases and proposals.

    All workspaces unless one is asked for: then the label says which.
    """
    age = settings.forget_after
    if age is None:
        raise Misconfigured("AMENDS_FORGET_AFTER_DAYS is not set, so no customer is ever due.")
    async with open_app(settings, makes=False) as built:
        workspaces = built.database.workspaces()
        chosen = workspaces if workspace is None else [_workspace(workspace, built.database)]
        due = await built.database.read_queue(lambda queue: queue.overdue(age))
        labels = [
            f"{forgotten} in {where}" if len(workspaces) > 1 else forgotten
            for where, label in due.labels
            if where in chosen
            for forgotten in await built.bot.forget_due(where, label, datetime.now(UTC))
        ]
        if labels:
            await built.bot.wipe_words(due.labels[0][0])
        return labels
