"""Who may see and do what: the one rule, applied before any command runs.

Everything belongs to a channel. A person may see and do something with it when they ask from that
channel, or are a member of it, or are the owner, asker, contact or lead of that very thing. For
everybody else it does not exist: they read the sentence for a number that was never given.
"""

import re
from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple, Protocol

from bot.domain.action_item import ActionItem
from bot.domain.case import Case, number_of
from bot.domain.errors import Refused
from bot.domain.recovery import owners
from bot.domain.retro import Answer
from bot.ports import UnitOfWork
from bot.request import Person, Request

Access = Literal["own", "channel", "thing", "members", "platform"]
"""What a command concerns, and so who may ask for it.

`own`: nobody but whoever asks. `channel`: the channel it is asked in or for, so its members. `thing`:
what `about` names, so its channel's members and whoever has a part in it. `members`: what `about`
names, and its channel's members only. `platform`: something that happened, which nobody can ask for.
"""

Audience = Literal["person", "channel"]
"""Who may read an answer: only whoever asked, or everybody in the channel they asked in."""

DEACTIVATED = "Your account is deactivated in this workspace, so nothing was changed."
NOT_ASKED_FOR = "Nobody can ask for this: it only happens by itself."
STRANGE_CHANNEL = "I know no such channel of yours: choose a channel that you are in."
CASE = re.compile(r"C-[0-9]+")
ANSWER = re.compile(r"[0-9a-f]{32}")
"""How an answer's own id looks."""
ANSWER_GONE = "This answer is not here any more."
NO_ANSWER_NOW = (
    "I cannot check just now which channels you are in, so I show and change nothing. "
    "Please try again in a moment."
)


class Memberships(Protocol):
    """Who is in which channel, as one platform says; asked outside transactions, kept for minutes."""

    async def includes(self, workspace: str, channel: str, person: Person, *, unnamed: bool) -> bool:
        """Whether the channel counts this person as one of its own.

        `unnamed`: they asked not to be named, so the platform is asked nothing that names them. Raises
        MembershipUnknown when it cannot be asked just now, Refused where the bot may not work at all.
        """
        ...

    async def people_in(self, workspace: str, channel: str) -> int | None:
        """How many people could write in the channel, without bots; None when nobody says just now."""
        ...


class MembershipUnknown(Exception):
    """The platform does not say just now who is in a channel, so nothing is shown or changed."""


class Unasked(Exception):
    """Whether somebody is in these channels decides, and was not asked yet: ask, and begin again."""

    def __init__(self, channels: Collection[str]) -> None:
        super().__init__(f"{len(channels)} channels")
        self.channels = frozenset(channels)


class _Thing(NamedTuple):
    """What a label or a reference may mean: the thing itself, under its label, and its channel."""

    label: str
    channel: str
    itself: Case | ActionItem | Answer


class Admitted(NamedTuple):
    """A request that the rule allows, with a typed reference as its label, and its channel."""

    request: Request
    channel: str | None = None


async def check(
    request: Request, access: Access, known: Mapping[str, bool], work: UnitOfWork
) -> Admitted:
    """Lets a request pass when the rule allows it; reads only.

    `known`: which channels the person is in, as far as it was asked. Raises Refused, with the very
    sentence for a thing that is not there, or Unasked.
    """
    if access == "platform" or request.bulk:
        # An import is the operator's, at the command line; no adapter makes such a request.
        if access == "platform" and not request.heard:
            raise Refused(NOT_ASKED_FOR)
        return Admitted(request)
    if await _is_gone(request, work):
        raise Refused(DEACTIVATED)
    if access == "own":
        return Admitted(request)
    if access == "channel" or (request.found is not None and not request.about):
        return _check_channel(request, known)
    return await _check_thing(request, known, work, part=access == "thing")


async def _is_gone(request: Request, work: UnitOfWork) -> bool:
    if request.introduced or request.person.gone:
        return request.person.gone
    stored = await work.people.get(request.person.id)
    return stored is not None and stored.gone


def _check_channel(request: Request, known: Mapping[str, bool]) -> Admitted:
    channel = _channel_of(request)
    if channel is not None and not _is_in(channel, request, known):
        if channel not in known:
            raise Unasked({channel})
        raise Refused(STRANGE_CHANNEL, "place")
    return Admitted(request, channel)


async def _check_thing(
    request: Request, known: Mapping[str, bool], work: UnitOfWork, *, part: bool
) -> Admitted:
    label = request.about.partition("/")[0] or request.typed.strip()
    if not label:
        return Admitted(request)  # nothing is named, so there is nothing to see: the command says so
    things = await _things(label, request, work)
    mine: list[_Thing] = []
    unasked: set[str] = set()
    for thing in things:
        if _is_in(thing.channel, request, known) or (part and await _has_part(request, thing, work)):
            mine.append(thing)
        elif thing.channel not in known:
            unasked.add(thing.channel)
    here = [thing for thing in mine if request.place is not None and thing.channel == request.place.id]
    if unasked and not here:
        raise Unasked(unasked)
    if not mine:
        raise Refused(missing(label))
    if len(mine) > 1 and not here:
        labels = ", ".join(thing.label for thing in mine)
        raise Refused(f"{label[:40]} is in several of your channels: say which one you mean, {labels}.")
    thing = (here or mine)[0]
    about = request.about or thing.label
    return Admitted(request.model_copy(update={"about": about}), thing.channel)


def _channel_of(request: Request) -> str | None:
    """The channel a request is for: where it was asked, or the one chosen in its form."""
    if request.place is not None and request.place.kind == "shared":
        return request.place.id
    return request.chosen_place or None


def _is_in(channel: str, request: Request, known: Mapping[str, bool]) -> bool:
    return request.here == channel or known.get(channel, False)


def missing(label: str) -> str:
    """The sentence for a thing that is not there, or that whoever asks may not see."""
    if ANSWER.fullmatch(label):
        return ANSWER_GONE
    return f"{label[:40]} is not here any more, or never was."


async def _things(label: str, request: Request, work: UnitOfWork) -> list[_Thing]:
    """What a label or a reference may mean: nothing, one thing, or cases of several channels."""
    head = label.upper()
    if head.startswith("AI-"):
        item = await work.action_items.get(number_of(label, "AI"))
        return [_Thing(item.label, item.place, item)] if item else []
    if CASE.fullmatch(head):
        case = await work.cases.get(number_of(label, "C"))
        return [_Thing(case.label, case.place, case)] if case else []
    if not request.about:
        cases = await work.cases.with_reference(label)
        return [_Thing(case.label, case.place, case) for case in cases]
    answer = await work.retros.answer(label)
    case = await work.cases.get(answer.case) if answer else None
    return [_Thing(label, case.place, answer)] if answer and case else []


async def _has_part(request: Request, thing: _Thing, work: UnitOfWork) -> bool:
    """Whether somebody is the owner, asker, contact or lead of this very thing."""
    team = await work.teams.get(thing.channel)
    people: set[str | None] = {team.lead} if team else set()
    match thing.itself:
        case ActionItem() as item:
            people |= {item.owner, item.asked_by}
        case Answer() as answer:
            people.add(answer.author)
        case Case() as failed:
            retro = await work.retros.get(failed.number)
            recovery = await work.recoveries.get(failed.number)
            people.add(retro.opened_by if retro else None)
            people |= owners(recovery) if recovery else frozenset()
    return request.person.id in people
