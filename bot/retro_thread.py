"""A retro's thread: where its root is, and whose retro a root is."""

from collections.abc import Collection, Mapping

from bot.domain import message_key
from bot.domain.channel import Channel
from bot.ports import ReadOnlyWork


def links_of(cases: Collection[int], work: ReadOnlyWork) -> Mapping[int, str]:
    """Where the retros of these cases are, as far as they have been said."""
    keys = {case_number: message_key.retro(case_number) for case_number in cases}
    message_refs = work.sent_messages.among(set(keys.values()))
    return {
        case_number: message_refs[key].link or ""
        for case_number, key in keys.items()
        if key in message_refs
    }


def case_of(channel: Channel | None, message_id: str | None, work: ReadOnlyWork) -> int | None:
    """The number of the case whose retro has this message of the channel as its root, or None."""
    if channel is None or not message_id:
        return None
    return message_key.retro_of(work.sent_messages.key_of(channel.id, message_id))
