"""The retro's own message, whose thread holds everything else: its key, and where it is."""

from collections.abc import Collection, Mapping

from bot.ports import UnitOfWork


def key(case_number: int) -> str:
    """The name of the retro's own message: its thread holds everything else."""
    return f"retro:{case_number}"


def links_of(cases: Collection[int], work: UnitOfWork) -> Mapping[int, str]:
    """Where the retros of these cases are, as far as they have been said."""
    message_refs = work.sent_messages.among({key(case_number) for case_number in cases})
    return {
        case_number: message_refs[key(case_number)].link or ""
        for case_number in cases
        if key(case_number) in message_refs
    }
