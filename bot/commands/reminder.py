"""What somebody asks of the reminders they got: to see all that one message counts."""

from collections.abc import Sequence
from functools import partial

from bot.command import Command, Reply
from bot.commands.team import shared_channel
from bot.domain import message_key
from bot.domain.digest_page import DigestPage
from bot.domain.errors import Refused
from bot.domain.reference import not_found
from bot.jobs import reminder as jobs
from bot.messages import reminder as messages
from bot.ports import DeliveryError, ReadOnlyWork


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
    page = _page(command)
    key_of = partial(message_key.reminder, command.person.id)
    newer = jobs.newer_keys(page.day, command.at, key_of, jobs.MAX_MESSAGES)
    return _everything(key_of(page.day, page.number or 0), newer, page.left, command, work)


def show_all_here(command: ShowAllHere, work: ReadOnlyWork) -> Reply:
    """The same for the channel it is asked in."""
    page = _page(command)
    key_of = partial(message_key.reminder_in_channel, shared_channel(command).id)
    newer = jobs.newer_keys(page.day, command.at, lambda day, _: key_of(day))
    return _everything(key_of(page.day), newer, page.left, command, work)


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


def _page(command: Command) -> DigestPage:
    try:
        return DigestPage.parse(command.request.about)
    except ValueError:
        raise not_found(command.request.about) from None
