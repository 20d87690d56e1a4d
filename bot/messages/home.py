"""What people read at home: what this is, what needs them, what else is theirs, and who asks them.

Home is Slack's App Home, and in Teams what is said when somebody adds Amends or greets it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

from bot.domain.action_item import ActionItem, is_late
from bot.domain.board import Board
from bot.domain.board_filter import EVERYTHING
from bot.domain.case import Case
from bot.domain.person import Person
from bot.domain.recovery import Recovery, next_step, promised_by
from bot.domain.retro import Retro
from bot.messages import owed
from bot.messages.action_item import own_line
from bot.messages.board import headline
from bot.messages.parts import (
    Bold,
    Button,
    Buttons,
    ChannelName,
    Context,
    Divider,
    Inline,
    Line,
    Message,
    Paragraph,
    Part,
    Typed,
    linked,
    on,
    one_line,
)
from bot.messages.retro import ANSWER
from bot.messages.team import MARK_FAILED, MINE, MY_SETTINGS, TO_STATUS

MAX_SHOWN = 10
"""Items at home; the rest is one word away."""

MAX_OWED = 5
"""Customers at home."""
MAX_WANTED = 5
"""Retros at home that want an answer."""

INTRODUCTION: tuple[Part, ...] = (
    Paragraph(
        words=(
            "I am Amends: when a customer's case has failed, I open a blameless retro in your team's "
            "channel.",
        )
    ),
    Paragraph(
        words=(
            "People say there what support was missing, with their name or without, and agree on fixes.",
        )
    ),
    Paragraph(words=("I stay with the fixes, and with the customer, until both are done.",)),
)
EXAMPLE = Context(
    words=("For example, in that channel: ", Typed(words="failed ZD-4711 Parcel missed twice"))
)
MORE = (
    MY_SETTINGS,
    Button(label="Help", command_name="team.help", about="", opens=True),
)
NOTHING = "Nothing needs you right now."
UNNAMED = (
    "I don't know who answered without a name, so what you answered like that stands here, too, until "
    "answers close."
)
NOT_ALL = "I could not look into all of your channels just now, so there may be more retros."


class Theirs(NamedTuple):
    """What one person has at home: what they own, whom they look after, and what asks everybody.

    `wanted` are retros that are open for answers and have none with their name, and `more_wanted` how
    many more; `not_all`: some of their channels could not be asked about. `links` lead from a case's
    number to its retro.
    """

    items: Sequence[ActionItem] = ()
    customers: Sequence[Recovery] = ()
    wanted: Sequence[Retro] = ()
    cases: Mapping[int, Case] = {}
    links: Mapping[int, str] = {}
    more: bool = False
    more_wanted: int = 0
    not_all: bool = False
    led: Board | None = None


def home(theirs: Theirs, person: Person, today: date, *, greets: bool = False) -> Message:
    """What needs somebody, what else is theirs, and for whoever has nothing what this is.

    `greets`: they are told what this is, whatever is theirs.
    """
    led = [*_led(theirs.led)]
    greets = greets or not (theirs.items or theirs.customers or led)
    people = {person.id: person}
    needing: list[Part] = []
    mine: list[Part] = []
    customers: list[Part] = []
    for customer in theirs.customers:
        line = owed.own_line(customer, theirs.cases.get(customer.case_number), person.id, today)
        (needing if _is_next(customer, person.id, today) else customers).append(line)
    for item in theirs.items:
        line = own_line(item, theirs.links, people, today)
        (needing if _needs(item, today) else mine).append(line)
    wanted = [*map(partial(_wanted, theirs, today), theirs.wanted), *_after_wanted(theirs)]
    parts: list[Part] = []
    if greets:
        parts += [*INTRODUCTION, Buttons(buttons=(MARK_FAILED, *MORE)), EXAMPLE, Divider()]
    needing += led
    parts += [_heading("Needs you"), *(needing or [Context(words=(NOTHING,))])]
    for heading, lines in (
        ("Mine", mine),
        ("Retros that want your answer", wanted),
        ("My customers", customers),
    ):
        parts += [Divider(), _heading(heading), *lines] if lines else []
    if theirs.more:
        parts.append(Line(words=("There is more.",), button=MINE))
    if not greets:
        plain = MARK_FAILED.model_copy(update={"look": "plain"})
        settings, *others = MORE
        status = () if led else (TO_STATUS,)
        parts += [Divider(), Buttons(buttons=(plain, *status, settings), menu=tuple(others))]
    return Message(summary="Something needs you." if needing else NOTHING, parts=tuple(parts))


def _led(board: Board | None) -> Iterator[Part]:
    """How much waits in the teams that somebody leads, and the way to it."""
    if board is None or not any(board.counts.values()):
        return
    _, counted = headline(board, EVERYTHING, "")
    first, *others = board.teams.values()
    where: Inline = ChannelName(channel_id=first.channel_id, name=first.name)
    if others:
        where = f"your {len(board.teams)} teams"
    yield Line(words=(*counted, "\nin ", where), button=TO_STATUS)


def _heading(text: str) -> Paragraph:
    return Paragraph(words=(Bold(text=text),))


def _needs(item: ActionItem, today: date) -> bool:
    """Whether it waits for its owner's yes, or is late."""
    return not item.cancelled and (item.state == "proposed" or is_late(item, today))


def _is_next(recovery: Recovery, person_id: str, today: date) -> bool:
    """Whether something is theirs to do now: a promise is not, before its day."""
    due = promised_by(recovery)
    return next_step(recovery, whose=person_id) is not None and (due is None or due <= today)


def _wanted(theirs: Theirs, today: date, retro: Retro) -> Line:
    """A retro that is open for answers: what happened, and until when."""
    case = theirs.cases.get(retro.case_number)
    what = Bold(text=one_line(case.what_happened) if case else retro.label)
    label = linked(retro.label, theirs.links.get(retro.case_number))
    words = (what, "\nanswers close ", on(retro.answers_close_on, today), " · ", label)
    return Line(words=words, button=ANSWER.model_copy(update={"about": str(retro.ref)}))


def _after_wanted(theirs: Theirs) -> Iterator[Part]:
    """How many more there are, and what is not known of those that stand there."""
    if theirs.more_wanted:
        more = (
            f"{theirs.more_wanted} more {'is' if theirs.more_wanted == 1 else 'are'} open for answers."
        )
        yield Line(words=(more,), button=TO_STATUS)
    if theirs.wanted:
        yield Context(words=(UNNAMED,))
    if theirs.not_all:
        yield Context(words=(NOT_ALL,))
