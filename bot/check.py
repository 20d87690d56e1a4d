"""What is configured and what is missing, for the operator."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.bootstrap import is_new, open_app, open_unprepared, slack_adapter
from bot.ports import MAX_COUNTED, ReadOnlyWork, StorageUnavailable, VaultLocked
from bot.repositories import NoteTrouble
from bot.settings import Misconfigured, Settings, warning
from handlers.helpdesks.products import PRODUCTS
from storage.database import Database


@dataclass(frozen=True)
class Finding:
    """One line of `check`."""

    fine: bool
    words: str
    warns: bool = False
    """Nothing is missing, and yet something should be done."""


async def check(settings: Settings) -> Sequence[Finding]:
    """What is configured and what is missing."""
    exposed = warning()
    findings = [Finding(True, exposed, warns=True)] if exposed else []
    findings += await _storage(settings)
    if not settings.slack:
        findings.append(Finding(True, "Slack is not configured: set SLACK_BOT_TOKEN to open it."))
    else:
        findings.append(await _slack(settings))
    if not settings.teams:
        findings.append(Finding(True, "Teams is not configured: set TEAMS_APP_ID to open it."))
    else:
        findings.extend(await _teams(settings))
    findings += _connectable(settings)
    adapter = (
        f"opens on {settings.amends_host}:{settings.amends_port}" if settings.web else "stays closed"
    )
    return [*findings, Finding(True, f"The web workspace {adapter}.")]


def _connectable(settings: Settings) -> Sequence[Finding]:
    """Whether leads can connect helpdesks; nothing where neither of the two settings for it is there."""
    there = {"AMENDS_URL": bool(settings.amends_url), "AMENDS_SECRET_KEY": bool(settings.secret_keys)}
    unset = [name for name, is_set in there.items() if not is_set]
    if not unset:
        words = f"Helpdesks can be connected: they send to {settings.amends_url}/hooks/…"
        return [Finding(True, words)]
    if len(unset) == len(there):
        return []
    return [Finding(True, f"Helpdesks cannot be connected yet: set {unset[0]}, too.")]


async def _storage(settings: Settings) -> Sequence[Finding]:
    if is_new(settings):
        words = "The database is up to date as soon as serve has made it: there is none here yet."
        return [Finding(True, words)]
    try:
        async with open_app(settings, makes=False) as built:
            age, file = settings.forget_after, built.database.file
            damage, locked = await built.database.damage(deep=True), _locked(built.database)
            helpdesks = await _helpdesks(built.database)
            state, given_up, held, waiting = await built.database.read_queue(
                lambda queue: (
                    queue.state(),
                    queue.given_up(),
                    queue.held(),
                    0 if age is None else queue.overdue(age).waiting,
                )
            )
    except (StorageUnavailable, Misconfigured) as wrong:
        return [Finding(False, str(wrong))]
    waits, dead = _counted(state["waiting"]), _counted(state["dead"])
    findings = [Finding(True, f"The database is up to date: {waits} messages wait.")]
    if damage is not None:
        findings.append(Finding(False, f"{damage}. Restore a backup: docs/operations.md says how."))
    if file is not None:
        words = (
            f"To copy the file {file.name}, use 'python -m bot backup FILE': cp leaves out what is "
            "newest, or copies halves."
        )
        findings.append(Finding(True, words))
    if given_up:
        # Names of jobs and the platform's reasons: whom they were for is nobody's business here.
        what = "; ".join(f"{job.times} of {job.name}: {job.why}" for job in given_up)
        findings.append(Finding(False, f"Messages that were given up: {dead}. The most: {what}"))
    if locked:
        findings.append(Finding(False, locked))
    findings += helpdesks
    if held:
        words = (
            f"A backup was restored, and nobody can look up whether {held} messages "
            "were said since it was made, so they are held. 'python -m bot tick --held say' says them, "
            "'python -m bot tick --held drop' drops them."
        )
        findings.append(Finding(False, words))
    if waiting:
        words = (
            f"{waiting} more customers are due to be forgotten than may be in a day (a tenth of all "
            "cases, and of proposed ones), so they wait. If that is right, 'python -m bot forget --due' "
            "forgets them now."
        )
        findings.append(Finding(False, words))
    return findings


async def _helpdesks(database: Database) -> Sequence[Finding]:
    """The connections that take no notes just now; what the notes say is nobody's business here."""
    findings = []
    for workspace in database.workspaces():
        for channel, (connection, waiting, given_up, why) in await database.read(workspace, _troubles):
            product = PRODUCTS.get(connection.product)
            title = product.TITLE if product else connection.product
            words = (
                f"{title} takes no notes of the cases in #{channel} just now (waiting: "
                f"{waiting}, given up: {given_up}). {why}"
            )
            findings.append(Finding(False, words))
    return findings


def _troubles(work: ReadOnlyWork) -> Sequence[tuple[str, NoteTrouble]]:
    """Each trouble, with the name of the connection's channel."""
    found = work.connections.troubles()
    channels = {trouble: work.channels.get(trouble.connection.channel_id) for trouble in found}
    return [
        (channel.name if channel else trouble.connection.channel_id, trouble)
        for trouble, channel in channels.items()
    ]


def _locked(database: Database) -> str:
    """Why stored secrets cannot be opened; "" where they can."""
    try:
        database.check_secrets()
    except VaultLocked as locked:
        return str(locked)
    return ""


def _counted(count: object) -> str:
    more = isinstance(count, int) and count > MAX_COUNTED
    return f"more than {MAX_COUNTED:,}" if more else str(count)


async def _slack(settings: Settings) -> Finding:
    from handlers.slack.app import TokenRefused  # noqa: PLC0415 - only where configured
    from handlers.slack.outgoing import WHAT_TO_DO  # noqa: PLC0415 - the same

    try:
        async with open_unprepared(settings) as built:
            slack = await slack_adapter(built)
            await slack.close()
    except TokenRefused as refused:
        return Finding(False, f"{refused} {WHAT_TO_DO}")
    except (StorageUnavailable, Misconfigured) as wrong:
        return Finding(False, str(wrong))
    by = "Socket Mode" if settings.slack_app_token else "POST /slack/events"
    return Finding(True, f"Slack accepts the token for {slack.workspace.url}; its events come by {by}.")


async def _teams(settings: Settings) -> Sequence[Finding]:
    from handlers.teams.token import (  # noqa: PLC0415 - only where configured
        WHAT_TO_DO,
        NoToken,
        Tokens,
        fetch_with,
    )

    if settings.teams_unauthenticated:
        words = (
            "Teams is open without authentication on this machine, for an emulator: POST /api/messages."
        )
        return [Finding(True, words)]
    try:
        await Tokens(fetch_with(settings)).get()
    except NoToken as why:
        return [Finding(False, f"Teams: {why} {WHAT_TO_DO}")]
    words = "Teams: Microsoft's login gives a token for the app; activities come by POST /api/messages."
    return [Finding(True, words), *await _deaf_channels(settings)]


async def _deaf_channels(settings: Settings) -> Sequence[Finding]:
    """Where plain replies in a thread were not heard yet: Teams tells nobody whether it was granted."""
    try:
        async with open_unprepared(settings) as built:
            deaf: list[str] = []
            for workspace in built.database.workspaces():
                if workspace.startswith("teams:"):
                    channels = await built.database.read(workspace, lambda work: work.channels.all())
                    deaf += [channel.name for channel in channels if "hears" not in channel.reference]
    except (StorageUnavailable, Misconfigured):
        return []  # the database's own line says it
    if not deaf:
        return []
    words = (
        f"Teams: no plain reply was heard yet in {', '.join(deaf)}. To keep them as discussion, an "
        "owner of the team agrees to ChannelMessage.Read.Group on adding the app; the rest works so."
    )
    return [Finding(True, words)]
