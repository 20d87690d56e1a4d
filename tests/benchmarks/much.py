"""Much of one kind, put into an SQLite file that has its tables: each of what grows for itself."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Table

from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.channel import Channel
from bot.domain.job import Job
from bot.domain.person import Person
from bot.domain.recovery import Recovery, begin
from bot.domain.retro import Answer, Comment, Retro
from bot.domain.team import Team
from bot.prompts import PROMPTS
from bot.repositories import Post
from storage.row import Values, values
from storage.tables import (
    action_items,
    answers,
    cases,
    channels,
    comments,
    jobs,
    people,
    posts,
    recoveries,
    retros,
    teams,
)
from tests.benchmarks.filled import BUSY_PERSON, BUSY_PLACE, WORKSPACE, person, put

AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
FAR = date(2126, 1, 7)
"""A day on which nothing is due yet, so that the clock has nothing to say meanwhile."""
WEB = "web"
WEB_PLACE = "support"
POSTS_IN_A_CHANNEL = 3
CUSTOMER = "Customer"
"""The last cases' customers have this name, and a number from 0 on."""
CUSTOMERS = 10
TEAM = Team(channel_id=BUSY_PLACE, name="team-0", lead=BUSY_PERSON)
CASE = Case(
    number=1, channel_id=BUSY_PLACE, what_happened="The parcel was promised twice.", failed_at=AT
)


def fill_recoveries(file: Path, count: int) -> None:
    """So many recoveries in one team; one in ten is open, the others ended well."""
    _put_team(file)
    _put_cases(file, count, state="closed")
    put(file, recoveries, _recoveries(count))


def fill_items(file: Path, count: int) -> None:
    """So many open action items in one team, all owned, none due."""
    _put_team(file)
    _put_cases(file, count // 10 + 1, state="open")
    like = ActionItem(
        number=1,
        case_number=1,
        channel_id=BUSY_PLACE,
        what="Somebody calls.",
        asked_by=BUSY_PERSON,
        due=FAR,
    )
    row = values(WORKSPACE, like, state="agreed", active=True, next_check_at=None)
    put(
        file,
        action_items,
        (
            {**row, "number": n, "case_number": 1 + n % (count // 10 + 1), "owner": person(n % 50)}
            for n in range(1, count + 1)
        ),
    )


def fill_jobs(file: Path, count: int) -> None:
    """So many jobs, half of them waiting and half dead, in no queue: nobody says them meanwhile."""
    row = values(WORKSPACE, Job(name="retro.show", about="C-1", channel_id="", key="", due_at=AT))
    extra = {"again": False, "claimed_by": "", "why": "", "ended_at": None}
    like = {name: value for name, value in {**row, **extra}.items() if name in jobs.c}
    put(
        file,
        jobs,
        (
            {
                **like,
                "key": f"retro:{n}",
                "id": n,
                "channel_id": f"C{n % 91}",
                "queue_id": f"C{n % 91}",
                "state": "dead" if n % 2 else "waiting",
                "ended_at": AT if n % 2 else None,
            }
            for n in range(count)
        ),
    )


def fill_replies(file: Path, count: int) -> None:
    """A retro of a customer whose thread has so many replies, in Slack."""
    fill_recoveries(file, 1)
    like = Comment(
        id="", case_number=1, author=BUSY_PERSON, text="The courier was late then, too.", posted_at=AT
    )
    row = values(WORKSPACE, like, channel_id=BUSY_PLACE)
    put(file, comments, ({**row, "id": str(n), "posted_at": _later(n)} for n in range(count)))


def fill_channels(file: Path, count: int) -> None:
    """A web workspace of so many channels, each with a few posts."""
    _put_web(file, [f"place-{n}" for n in range(count)])
    numbers = range(1, count * POSTS_IN_A_CHANNEL + 1)
    put(file, posts, (_post(n, f"place-{n % count}", None) for n in numbers))


def fill_thread(file: Path, count: int) -> None:
    """A web workspace with one thread, whose root is post 1, of so many replies."""
    _put_web(file, [WEB_PLACE])
    put(file, posts, (_post(n, WEB_PLACE, 1 if n > 1 else None) for n in range(1, count + 2)))


def fill_customers(file: Path, count: int) -> None:
    """So many retros with an answer each; only the last few cases have a customer."""
    _put_team(file)
    _put_cases(file, count, state="closed")
    like = Answer(
        id="", case_number=1, prompt="training", text="We would have needed to know.", posted_at=AT
    )
    row = values(WORKSPACE, like)
    put(file, answers, ({**row, "id": f"{n:08}", "case_number": n} for n in range(1, count + 1)))


def _put_team(file: Path) -> None:
    _one(file, people, values(WORKSPACE, Person(id=BUSY_PERSON, name="Person 0", zone="UTC")))
    _one(file, channels, values(WORKSPACE, Channel(id=BUSY_PLACE, name="team-0"), name_folded="team-0"))
    _one(file, teams, values(WORKSPACE, TEAM, next_check_at=None))


def _one(file: Path, table: Table, row: Values) -> None:
    put(file, table, [row])


def _put_cases(file: Path, count: int, state: str) -> None:
    row = values(WORKSPACE, CASE, reference_folded=None)
    named = {count - n: f"{CUSTOMER} {n}" for n in range(CUSTOMERS)}
    numbers = range(1, count + 1)
    put(file, cases, ({**row, "number": n, "customer": named.get(n)} for n in numbers))
    like = Retro(
        case_number=1, channel_id=BUSY_PLACE, opened_at=AT, answers_close_on=FAR, prompts=PROMPTS
    )
    closed_at = None if state == "open" else AT
    told = values(WORKSPACE, like, state=state, closed_at=closed_at, next_check_at=None)
    put(file, retros, ({**told, "case_number": n} for n in numbers))


def _recoveries(count: int) -> Iterator[Values]:
    still = begin(CASE, BUSY_PERSON, TEAM, AT)
    verdict = still.steps[-1].model_copy(update={"state": "done", "chosen": "recovered"})
    over = still.model_copy(update={"steps": (*still.steps[:-1], verdict)})
    rows = [_recovery(recovery) for recovery in (still, over)]
    for number in range(1, count + 1):
        yield {**rows[number % 10 != 1], "case_number": number}


def _recovery(recovery: Recovery) -> Values:
    return values(
        WORKSPACE,
        recovery,
        outcome=recovery.outcome or "",
        was_enough=bool(recovery.enough),
        due=None,
        next_check_at=None,
    )


def _put_web(file: Path, names: list[str]) -> None:
    row = values(WEB, Channel(id="", name=""))
    put(file, channels, ({**row, "id": one, "name": one, "name_folded": one} for one in names))


def _post(number: int, where: str, thread: int | None) -> Values:
    text = f"The courier was late then, too; that was the {number}th time."
    post = Post(
        id=number, channel_id=where, thread=thread, author="u_you", text=text, posted_at=_later(number)
    )
    return values(WEB, post)


def _later(number: int) -> datetime:
    return AT + timedelta(seconds=number)
