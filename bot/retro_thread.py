"""A retro's thread: the key of its root, where that is, and whose retro a root is."""

from collections.abc import Collection, Mapping

from bot.domain.channel import Channel
from bot.ports import UnitOfWork

RETRO = "retro"


def key(case_number: int) -> str:
    """The name of the retro's own message: its thread holds everything else."""
    return f"{RETRO}:{case_number}"


def links_of(cases: Collection[int], work: UnitOfWork) -> Mapping[int, str]:
    """Where the retros of these cases are, as far as they have been said."""
    message_refs = work.sent_messages.among({key(case_number) for case_number in cases})
    return {
        case_number: message_refs[key(case_number)].link or ""
        for case_number in cases
        if key(case_number) in message_refs
    }


def case_of(channel: Channel | None, message_id: str | None, work: UnitOfWork) -> int | None:
    """The number of the case whose retro has this message of the channel as its root, or None."""
    if channel is None or not message_id:
        return None
    noun, _, number = (work.sent_messages.key_of(channel.id, message_id) or "").partition(":")
    return int(number) if noun == RETRO else None
