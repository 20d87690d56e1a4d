"""What somebody asks of the reminders they got: to see all that one message counts."""

import re
from collections.abc import Sequence
from datetime import date
from functools import partial

from bot.command import Command, Reply
from bot.commands.team import shared_channel
from bot.domain import message_key
from bot.domain.errors import Refused
from bot.domain.reference import not_found
from bot.jobs import reminder as jobs
from bot.messages import reminder as messages
from bot.ports import DeliveryError, ReadOnlyWork

_PLACE = re.compile(r"(\d{4}-\d\d-\d\d)(?::(\d{1,3}))?(?:\+(\d{1,4}))?")


class ShowAll(Command, frozen=True):
    """Shows all that one's own message of reminders counts, as it stands now."""

    name = "reminder.show_all"
    access = "own"
    shows_things = True


class ShowAllHere(Command, frozen=True):
    """Shows all that a channel's message of reminders counts, to whoever asks."""

    name = "reminder.show_all_here"
    access = "channel"


def show_all(command: ShowAll, work: ReadOnlyWork) -> Reply:
    """All of it, or the next few."""
    day, number, left = _place(command)
    key_of = partial(message_key.reminder, command.person.id)
    newer = jobs.newer_keys(day, command.at, key_of, jobs.MAX_MESSAGES)
    return _everything(key_of(day, number), newer, left, command, work)


def show_all_here(command: ShowAllHere, work: ReadOnlyWork) -> Reply:
    """The same for the channel it is asked in."""
    day, _, left = _place(command)
    key_of = partial(message_key.reminder_in_channel, shared_channel(command).id)
    newer = jobs.newer_keys(day, command.at, lambda day, _: key_of(day))
    return _everything(key_of(day), newer, left, command, work)


def _everything(
    key: str, newer: Sequence[str], left: int, command: Command, work: ReadOnlyWork
) -> Reply:
    try:
        views = jobs.views_now(key, newer, command.at, work)
    except DeliveryError:
        raise Refused("I am just being updated. Please press that once more in a minute.") from None
    theirs = command.guest_in
    seen = [view for view in views if theirs is None or view.subject.channel_id in theirs]
    return Reply(message=messages.everything(seen, key, left))


def _place(command: Command) -> tuple[date, int, int]:
    """The day of the message, which one of that day it is, and how much of its list is left."""
    match = _PLACE.fullmatch(command.request.about)
    if match is None:
        raise not_found(command.request.about)
    day, number, left = match.groups(default="0")
    try:
        return date.fromisoformat(day), int(number), int(left)
    except ValueError:
        raise not_found(day) from None
