"""A retro's thread: under which key its root was said, where that is, and whose a message's is."""

from bot.ports import UnitOfWork
from bot.request import Request


def case_of(request: Request, thread: str | None, work: UnitOfWork) -> int | None:
    """The number of the case whose retro has `thread` as its root message, or None."""
    if request.channel is None or not thread:
        return None
    noun, _, number = (work.sent_messages.key_of(request.channel.id, thread) or "").partition(":")
    return int(number) if noun == "retro" else None
