"""Small things to store."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.job import Job
from bot.domain.retro import Answer, Retro
from bot.domain.team import Team
from bot.ports import ReadOnlyWork, UnitOfWork
from bot.prompts import PROMPTS
from bot.repositories import Post
from storage.database import Database
from tests.session import open_work

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def a_case(**more: Any) -> Case:
    return Case(
        **{"number": 0, "channel_id": "P1", "what_happened": "Late twice", "failed_at": AT, **more}
    )


def a_retro(case_number: int = 1, **more: Any) -> Retro:
    day = date(2026, 3, 5)
    return Retro(
        **{
            "case_number": case_number,
            "channel_id": "P1",
            "opened_at": AT,
            "answers_close_on": day,
            "prompts": PROMPTS,
            **more,
        }
    )


def an_item(**more: Any) -> ActionItem:
    given = {
        "number": 0,
        "case_number": 1,
        "channel_id": "P1",
        "what": "A checklist",
        "asked_by": "U1",
        **more,
    }
    return ActionItem(**given)


def an_answer(answer: str = "a1", **more: Any) -> Answer:
    return Answer(
        **{"id": answer, "case_number": 1, "prompt": "training", "text": "A rehearsal", **more}
    )


def a_team(**more: Any) -> Team:
    return Team(**{"channel_id": "P1", "name": "Support", **more})


def a_job(key: str = "retro:1", **more: Any) -> Job:
    given = {
        "name": "retro.announce",
        "about": "C-1",
        "channel_id": "P1",
        "key": key,
        "due_at": AT,
        **more,
    }
    return Job(**given)


def a_post(**more: Any) -> Post:
    return Post(**{"channel_id": "P1", "posted_at": AT, **more})


def one_writer(database: Database) -> bool:
    """Whether transactions that write come one after the other, as in SQLite."""
    return database.file is not None


def saved(database: Database, change: Callable[[UnitOfWork], object], workspace: str = "W") -> Any:
    """What a change returns, once it is committed."""
    with open_work(database, workspace, writes=True) as work:
        made = change(work)
        work.commit()
        return made


def seen(database: Database, look: Callable[[ReadOnlyWork], object], workspace: str = "W") -> Any:
    """What a look finds."""
    with open_work(database, workspace, writes=False) as work:
        return look(work)


def stir_all(database: Database) -> None:
    """Brings up all that new hours concern, as the clock does: a transaction a batch."""
    while saved(database, lambda work: work.scheduler.stir(2)):
        pass
