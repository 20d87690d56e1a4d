"""A note: what is left on a helpdesk's ticket, for its agents alone, about the case that it became.

A note is owed in the workspace whose case it is about, and is left by a platform of its own: its
"channel" is one ticket, in which notes stay in order, and all tickets of a connection share one account.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple

from bot.domain.case import Case
from bot.domain.recovery import Recovery
from bot.domain.recovery_step import Step
from bot.domain.retro import Retro

Kind = Literal["opened", "promised", "finished", "ended", "cancelled", "restored"]

PLATFORM = "notes"
"""What leaves notes, among the platforms (`slack`, `teams`, `web`)."""
ALL = "note/"
"""What the ids of these channels begin with, and no other platform's do."""
ID_LENGTH = 40
"""Characters of a connection's id."""
ACCOUNT_LENGTH = len(ALL) + ID_LENGTH


def account(connection_id: str) -> str:
    """What the channels of all tickets of a connection begin with; it has their rate limit."""
    return f"{ALL}{connection_id}"


def channel(connection_id: str, proposal_number: int) -> str:
    """Where the notes on a ticket go: its proposal stands for it, which forgets it with the customer."""
    return f"{account(connection_id)}/{proposal_number}"


def connection_of(channel_id: str) -> str:
    """The id of the connection that a ticket's channel belongs to."""
    return channel_id[len(ALL) : ACCOUNT_LENGTH]


def is_channel(channel_id: str) -> bool:
    """Whether a channel is a ticket in a helpdesk."""
    return channel_id.startswith(ALL)


def platform_of(workspace: str, channel_id: str) -> str:
    """Who speaks in a channel: the workspace's platform, or for a ticket who leaves notes."""
    return PLATFORM if is_channel(channel_id) else workspace.partition(":")[0]


class Moment(NamedTuple):
    """Something that a ticket is told: what, and a mark that tells it from all else that it is told.

    `steps` are those of the round for the customer that it is about.
    """

    kind: Kind
    mark: str
    at: datetime
    steps: tuple[Step, ...] = ()


def moments(case: Case, retro: Retro, recovery: Recovery | None) -> tuple[Moment, ...]:
    """What a ticket is told as things stand, in the order in which it happened.

    Marks are stored: they never change. Of a customer who was forgotten nothing is told any more.
    """
    if case.forgotten_at is not None:
        return ()
    found = [Moment("opened", "opened", retro.opened_at), *_turns(case)]
    if recovery is not None:
        for place, steps in enumerate((*recovery.earlier, recovery.steps), start=1):
            found += _of_round(place, steps, recovery.touched_at)
        if recovery.finished_at is not None:
            mark = f"finished.{recovery.finished_at:%Y%m%dT%H%M%S}"
            found.append(Moment("finished", mark, recovery.finished_at))
    return tuple(sorted(found, key=lambda moment: moment.at))


def _of_round(place: int, steps: tuple[Step, ...], touched_at: datetime) -> Iterator[Moment]:
    by_name = {step.name: step for step in steps}
    promise, verdict = by_name["promise"], by_name["verdict"]
    if promise.state == "done":
        said = hashlib.blake2s(f"{promise.due} {promise.words}".encode(), digest_size=4).hexdigest()
        at = promise.corrected_at or promise.at or touched_at
        yield Moment("promised", f"promised.{place}.{said}", at, steps)
    if verdict.chosen is not None:
        mark = f"ended.{place}.{verdict.chosen.replace(' ', '-')}"
        yield Moment("ended", mark, verdict.at or touched_at, steps)


def _turns(case: Case) -> Iterator[Moment]:
    """That it was cancelled, or brought back: the last of both alone, because it undoes all others."""
    turns = [(place, turn) for place, turn in enumerate(case.history, 1) if turn.step != "edit"]
    for place, turn in turns[-1:]:
        kind: Kind = "cancelled" if turn.step == "cancel" else "restored"
        yield Moment(kind, f"{kind}.{place}", turn.at)
