"""The command line: `python -m bot` and `amends`."""

import argparse
import asyncio
import logging
import os
import sys
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import LazyLoader, find_spec, module_from_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING, TextIO

from tqdm import tqdm

from bot.coach.lines import READERS, coach
from bot.coach.rules import languages
from bot.demo.before import SPAN
from bot.domain.errors import Refused
from bot.domain.forget import COLLEAGUE
from bot.domain.job import minute
from bot.domain.working_hours import EARLIEST
from bot.messages.export import FORMATS
from bot.ports import StorageUnavailable
from bot.repositories import BeingSaid
from bot.settings import Misconfigured, Settings, read, warning


def _when_used(name: str) -> ModuleType:
    """The module of that name, which is not run before something in it is asked for."""
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        raise ImportError(f"{name} is not there.")
    spec.loader = LazyLoader(spec.loader)
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    from bot import bootstrap, check
    from bot.commands.forget import Farewell
else:
    # Every adapter and the database: more than a second, for which `coach` has no use.
    bootstrap = _when_used("bot.bootstrap")
    check = _when_used("bot.check")

LATEST_YEAR = 3000
TEAMS_LIBRARIES = ("botbuilder", "botframework", "msal", "msrest", "urllib3")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 0 when it went well, 1 when something failed, 2 when it was asked wrongly."""
    args = parser().parse_args(arguments)
    try:
        if "reader" in args:  # the coach needs neither settings nor a database
            return _coach(args.reader, args.language)
        command: Callable[[argparse.Namespace, Settings], int] = args.command
        settings = read()
        logging.basicConfig(
            level=settings.amends_log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s"
        )
        # Slack's library logs whole requests at DEBUG: texts, names and tokens; those of Teams log
        # addresses with people's ids in them. Alembic is only chatty.
        for library in ("slack_bolt", "slack_sdk", "alembic", *TEAMS_LIBRARIES):
            logging.getLogger(library).setLevel(logging.WARNING)
        if command is not _check and (exposed := warning()):
            print(f"amends: {exposed}", file=sys.stderr)
        return command(args, settings)
    except (Misconfigured, Refused) as wrong:
        print(f"amends: {wrong}", file=sys.stderr)
        return 2
    except (StorageUnavailable, BeingSaid) as not_now:
        print(f"amends: {not_now}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Every command and what it takes."""
    amends = argparse.ArgumentParser(prog="amends", description="Follow-through for failed cases.")
    amends.set_defaults(command=_serve)
    commands = amends.add_subparsers(title="commands", metavar="COMMAND")

    serve = commands.add_parser("serve", help="open every adapter that is configured (the default)")
    serve.set_defaults(command=_serve)

    shows = commands.add_parser("demo", help=f"open a made-up workspace: three teams, {SPAN}")
    shows.add_argument(
        "--no-browser", action="store_true", help="only print the address; open no browser"
    )
    shows.set_defaults(command=_demo)

    _describe_import(commands.add_parser("import", help="mark many cases failed, from a table file"))

    export = commands.add_parser("export", help="write one retro or all of them")
    export.add_argument("case", nargs="?", metavar="C-7", help="one case; all of them when left out")
    export.add_argument("--format", choices=sorted(FORMATS), default="md")
    export.add_argument("--out", type=Path, metavar="FILE", help="standard output when left out")
    export.add_argument("--workspace", help="needed when the database holds several")
    export.set_defaults(command=_export)

    forget = commands.add_parser(
        "forget", help="remove what identifies a customer or a former colleague; keep the learning"
    )
    whom = forget.add_mutually_exclusive_group(required=True)
    whom.add_argument("--customer", metavar="NAME", help="in all cases of the customer of this name")
    whom.add_argument("--case", metavar="C-7", help="in one case, by its number or its reference")
    whom.add_argument(
        "--person",
        metavar="NAME",
        help="a colleague who left, by name or by the platform's id: their name, everywhere",
    )
    whom.add_argument(
        "--due",
        action="store_true",
        help="in every case, proposed ones too, older than AMENDS_FORGET_AFTER_DAYS, however many",
    )
    forget.add_argument(
        "--workspace", help="needed when the database holds several; with --due, only there"
    )
    forget.set_defaults(command=_forget)

    migrate = commands.add_parser("migrate", help="bring the database's tables up to date")
    migrate.add_argument(
        "--restored",
        action="store_true",
        help="this database is a copy that was not made by 'backup': go on from it with care",
    )
    migrate.set_defaults(command=_migrate)

    backup = commands.add_parser("backup", help="copy the SQLite database into a file, beside serve")
    backup.add_argument("file", type=Path, metavar="FILE")
    backup.set_defaults(command=_backup)

    tick = commands.add_parser("tick", help="say what is due, once, and exit")
    tick.add_argument(
        "--at", type=_moment, metavar="TIME", help="due by then (ISO 8601, UTC unless it says)"
    )
    instead = tick.add_mutually_exclusive_group()
    instead.add_argument(
        "--dry-run",
        action="store_true",
        help="only show who would hear what; say nothing and change nothing",
    )
    instead.add_argument(
        "--held",
        choices=("say", "drop"),
        help="only decide about what is held after a restored backup: owe it again, or drop it",
    )
    tick.set_defaults(command=_tick)

    package = commands.add_parser("teams-package", help="make the app package to upload to Teams")
    package.add_argument(
        "--app-id", metavar="ID", help="the app's id in Azure; TEAMS_APP_ID when left out"
    )
    package.add_argument("--domain", required=True, metavar="HOST", help="where this server is reached")
    package.add_argument("--out", type=Path, default=Path("amends-teams.zip"), metavar="FILE.zip")
    package.set_defaults(command=_teams_package)

    reads = commands.add_parser("coach", help="say which words may hurt: texts in, one a line, JSON out")
    reads.add_argument("--for", dest="reader", choices=sorted(READERS), required=True)
    reads.add_argument("--language", choices=languages(), default="en")

    checks = commands.add_parser("check", help="say what is configured and what is missing")
    checks.set_defaults(command=_check)
    return amends


def _describe_import(imports: argparse.ArgumentParser) -> None:
    imports.add_argument("file", type=Path, metavar="FILE", help="a table: .csv, .xlsx, .ods, .xls")
    imports.add_argument(
        "--team", required=True, metavar="CHANNEL", help="a channel's id or a team's name"
    )
    imports.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=COLUMN|COLUMN",
        help="which column fills a field (what_happened, reference, customer, happened_at, "
        "public_post); the first one that is not empty wins; not needed for the "
        "exports of known helpdesks, and asked for on a terminal",
    )
    imports.add_argument(
        "--sheet", metavar="NAME", help="of a workbook; its first one that is shown when left out"
    )
    imports.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="COLUMN=VALUE",
        help="only such rows; all must hold",
    )
    imports.add_argument("--encoding", help="of the file, when it is not UTF-8")
    imports.add_argument("--day-order", choices=("dmy", "mdy"), help="how to read a date like 3/4/2026")
    way = imports.add_mutually_exclusive_group()
    way.add_argument(
        "--open",
        dest="way",
        action="store_const",
        const="open",
        help="open every retro at once, with its prompts (the default in the web workspace)",
    )
    way.add_argument(
        "--backlog",
        dest="way",
        action="store_const",
        const="backlog",
        help="take the cases in quietly, in one message; a retro opens when somebody asks for it",
    )
    imports.add_argument("--dry-run", action="store_true", help="say what would happen; write nothing")
    imports.set_defaults(command=_import)


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time like 2026-11-30T09:00") from None
    # Near the calendar's ends moments cannot be computed; and nobody is reminded of anything then.
    if not EARLIEST.year <= at.year < LATEST_YEAR:
        raise argparse.ArgumentTypeError(f"{text!r} is beyond the calendar")
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def _serve(_: argparse.Namespace, settings: Settings) -> int:
    def started(address: str) -> None:
        adapters = [
            name
            for name, is_open in (
                ("Slack", settings.slack),
                ("Teams", settings.teams),
                ("the web workspace", settings.web),
            )
            if is_open
        ]
        print(
            f"Amends is open at {address} ({' and '.join(adapters) or 'no adapter'}). Ctrl-C stops it.",
            flush=True,
        )

    asyncio.run(bootstrap.serve(settings, started))
    return 0


def _demo(args: argparse.Namespace, settings: Settings) -> int:
    if "amends_log_level" not in settings.model_fields_set:
        # Months of requests are told to it first, and whoever looks around wants to read none of that.
        logging.getLogger().setLevel(logging.WARNING)
    print(f"Making up {SPAN} of three teams: a few seconds.", flush=True)

    def started(address: str, file: Path) -> None:
        print(
            f"Amends is open at {address} (the demo: everybody in it is made up). Ctrl-C stops it.\n"
            f"It is in a file of its own, {file}, which goes when it stops. Your own database is not "
            "touched.",
            flush=True,
        )
        if not args.no_browser:
            # Beside it: some browsers come back only when they are closed.
            Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    with TemporaryDirectory(prefix="amends-demo-") as folder:
        asyncio.run(bootstrap.demo(settings, Path(folder), started))
    return 0


def _import(args: argparse.Namespace, settings: Settings) -> int:
    wanted = bootstrap.Wanted(
        path=args.file,
        team=args.team,
        mapping=args.map,
        where=args.where,
        encoding=args.encoding,
        day_order=args.day_order,
        way=args.way,
        rehearses=args.dry_run,
        sheet=args.sheet,
    )
    if not args.map and sys.stdin.isatty() and sys.stdout.isatty():
        try:
            mapping = bootstrap.choose_columns(wanted, input, print)
        except (KeyboardInterrupt, EOFError):
            print("\nNothing was imported.")
            return 130
        if mapping is None:
            print("Nothing was imported.")
            return 1
        wanted = replace(wanted, mapping=mapping)
    with tqdm(unit="B", unit_scale=True, disable=None) as bar:

        def progress(position: int, size: int | None) -> None:
            bar.total = size
            bar.update(position - bar.n)

        def skipped(place: str, reason: str) -> None:
            noted(f"{place}: {reason}")

        def noted(words: str) -> None:
            bar.write(words, file=sys.stderr)

        summary = asyncio.run(bootstrap.import_file(settings, wanted, skipped, progress, noted))
    if summary.untold:
        print(f"and {summary.untold} more.", file=sys.stderr)
    if summary.settled:
        print(summary.settled.sentence, file=sys.stderr)
    if args.dry_run:
        print(f"{summary.foretold}.\nNothing was written; it would be: {summary.counts}.")
        return 1 if summary.skipped else 0
    if summary.made_channel:
        print(f"There was no channel {summary.made_channel} yet, so it was made.")
    print(f"{summary.counts}.")
    return 1 if summary.skipped else 0


def _export(args: argparse.Namespace, settings: Settings) -> int:
    _note_if_new(settings)
    written = bootstrap.export(settings, FORMATS[args.format], args.case, args.workspace)

    async def write(out: TextIO) -> None:
        async with aclosing(written) as pieces:
            async for piece in pieces:
                out.write(piece)
        out.flush()

    if args.out is None:
        try:
            asyncio.run(write(sys.stdout))
        except BrokenPipeError:
            _let_go_of_output()
        return 0
    # Beside the target and then in its place: a failed export must not cost the last good one.
    beside = args.out.with_name(f".{args.out.name}.part")
    try:
        beside.unlink(missing_ok=True)
        # newline="": the CSV writer ends its lines itself, as RFC 4180 says.
        with open(beside, "x", encoding="utf-8", newline="", opener=_for_us_alone) as out:
            asyncio.run(write(out))
        beside.replace(args.out)
    except OSError as failed:
        raise Misconfigured(f"--out {args.out} cannot be written: {failed.strerror}.") from None
    finally:
        beside.unlink(missing_ok=True)
    return 0


def _note_if_new(settings: Settings) -> None:
    if bootstrap.is_new(settings):
        print("amends: there is no database in this folder yet; serve makes one.", file=sys.stderr)


def _for_us_alone(path: str, flags: int) -> int:
    """Opens a file that only whoever runs this may read: customers and colleagues stand in it."""
    return os.open(path, flags, 0o600)


def _forget(args: argparse.Namespace, settings: Settings) -> int:
    if args.person is not None:
        return _say_farewell(bootstrap.forget_person(settings, args.person, args.workspace))
    if args.due:
        labels = asyncio.run(bootstrap.forget_due(settings, args.workspace))
        nothing = "no case or proposed case is that old."
    else:
        labels = asyncio.run(bootstrap.forget(settings, args.customer, args.case, args.workspace))
        nothing = "it was forgotten before."
    if not labels:
        print(f"There is nothing to forget: {nothing}")
        return 0
    print(
        f"Forgot the customer of {', '.join(labels)}: name, reference, links and all that was said to "
        "them or by them are removed, and messages that showed it are being changed. What was learned "
        "stays."
    )
    return 0


def _say_farewell(farewell: "Farewell | None") -> int:
    if farewell is None:
        print("There is nothing to forget: somebody else did it meanwhile.")
        return 0
    print(
        f'{farewell.name} is "{COLLEAGUE}" from now on: the name is out of answers, replies, history '
        f"and settings ({farewell.cases} cases named them), and messages of Amends that showed it are "
        "being changed while serve runs."
    )
    if farewell.without_owner:
        print(f"Nobody has these now: {', '.join(farewell.without_owner)}. Their lead is told.")
    if farewell.without_lead:
        print(f"Without a lead now: {', '.join(farewell.without_lead)}. Choose one with settings.")
    print(
        "What Amends cannot reach, for you to delete where it is: what they wrote in Slack or Teams "
        "themselves, their profile there, and their direct messages with Amends; short notes in leads' "
        "direct messages that are older than a week; the platform's own exports and logs; and exports "
        "and backups of this database that were made before."
    )
    return 0


def _migrate(args: argparse.Namespace, settings: Settings) -> int:
    done = asyncio.run(bootstrap.migrate(settings, restored=args.restored))
    made_at = done.made_at
    print("The database is up to date.")
    if done.sealed:
        of = "1 connection is" if done.sealed == 1 else f"{done.sealed} connections are"
        print(f"The secrets of {of} encrypted with the first key of AMENDS_SECRET_KEY: others can go.")
    if made_at is not None:
        print(
            f"It is taken for a copy whose newest message is of {made_at:%Y-%m-%d %H:%M} UTC: numbers "
            "jump ahead, and what may have been said since is looked up, or held, when I start."
        )
    return 0


def _backup(args: argparse.Namespace, settings: Settings) -> int:
    bootstrap.back_up(settings, args.file)
    print(
        f"{args.file} is a whole and checked copy. To restore it: stop me, remove the database's files, "
        "put the copy where they were, start me again."
    )
    return 0


def _tick(args: argparse.Namespace, settings: Settings) -> int:
    if args.held:
        count = asyncio.run(bootstrap.end_hold(settings, say=args.held == "say"))
        print(f"{count} held: {'owed again, and said next' if args.held == 'say' else 'dropped'}.")
        return 0
    now = datetime.now(UTC)
    if args.dry_run:
        return _foretell(settings, args.at or now, now)
    _note_if_new(settings)
    outcomes = asyncio.run(bootstrap.tick(settings, args.at or now))
    print(_counted(outcomes))
    return 0


def _foretell(settings: Settings, at: datetime, now: datetime) -> int:
    if at < minute(now):
        raise Misconfigured(
            f"--at {at:%Y-%m-%d %H:%M} UTC is over, so nobody can hear anything by then: give a time to "
            "come, or leave --at out to see what is due now."
        )
    _note_if_new(settings)
    # Its lines would tell of messages that nobody got.
    logging.getLogger("handlers.worker").setLevel(logging.WARNING)
    forecast = asyncio.run(bootstrap.foretell_tick(settings, at))
    lines = [str(line) for line in forecast.lines]
    if forecast.secret:
        lines.append(f"Not shown, because only its reader may know of it: {forecast.secret}.")
    if not forecast.outcomes:
        lines.append(f"Nothing is due by {at:%Y-%m-%d %H:%M} UTC, and nothing was said.")
    else:
        lines.append(f"Nothing was said; it would be: {_counted(forecast.outcomes)}")
    try:
        print(*lines, sep="\n", flush=True)
    except BrokenPipeError:
        _let_go_of_output()
    return 0


def _counted(outcomes: Mapping[str, int]) -> str:
    summary = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    return f"{summary}." if summary else "Nothing was due."


def _teams_package(args: argparse.Namespace, settings: Settings) -> int:
    bootstrap.teams_package(settings, args.app_id, args.domain, args.out)
    print(f"{args.out} is ready: upload it in Teams under Apps, Manage your apps, Upload an app.")
    return 0


def _coach(recipient_id: str, language: str) -> int:
    outcome = 0
    try:
        for wrong in coach(sys.stdin.buffer, sys.stdout.buffer, recipient_id, language):
            print(f"amends: {wrong}", file=sys.stderr)
            outcome = 2
    except BrokenPipeError:
        _let_go_of_output()
    return outcome


def _let_go_of_output() -> None:
    # Whoever read it (head, say) has enough; Python would complain once more at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check(_: argparse.Namespace, settings: Settings) -> int:
    findings = asyncio.run(check.check(settings))
    for finding in findings:
        word = "warning" if finding.warns else "ok     " if finding.fine else "missing"
        print(f"{word} {finding.words}")
    return 0 if all(finding.fine for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
