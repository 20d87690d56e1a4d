"""A retro's thread: under which key its root was said, where that is, and whose a message's is."""

from collections.abc import Collection, Mapping

from bot.ports import UnitOfWork
from bot.request import Request


def key(case: int) -> str:
    """The name of the retro's own message: its thread holds everything else."""
    return f"retro:{case}"


def links_of(cases: Collection[int], work: UnitOfWork) -> Mapping[int, str]:
    """Where the retros of these cases are, as far as they have been said."""
    said = work.said.among({key(case) for case in cases})
    return {case: said[key(case)].link or "" for case in cases if key(case) in said}


def case_of(request: Request, thread: str | None, work: UnitOfWork) -> int | None:
    """The number of the case whose retro has `thread` as its root message, or None."""
    if request.place is None or not thread:
        return None
    noun, _, number = (work.said.key_of(request.place.id, thread) or "").partition(":")
    return int(number) if noun == "retro" else None
