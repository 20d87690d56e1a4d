"""Who may see and do what: the one rule, applied before any command runs.

Everything belongs to a channel. A person may see and do something with it when they ask from that
channel, or are a member of it, or are the owner, asker, contact or lead of that very thing. For
everybody else it does not exist: they read the sentence for a number that was never given.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from bot.domain.action_item import ActionItem
from bot.domain.case import Case, number_of
from bot.domain.errors import Refused
from bot.domain.recovery import owners
from bot.domain.retro import Answer, Retro
from bot.ports import MembershipUnknown, UnitOfWork
from bot.request import Request

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
CASE = re.compile(r"C-[0-9]{1,9}")
ANSWER = re.compile(r"[0-9a-f]{32}")
"""How an answer's own id looks."""
ANSWER_GONE = "This answer is not here any more."
NO_ANSWER_NOW = (
    "I cannot check just now which channels you are in, so I show and change nothing. "
    "Please try again in a moment."
)


class MembershipNeeded(Exception):
    """What decides was not asked yet: ask the platform, and begin again.

    `channels`: whether the person is in these. `guest`: whether they are a guest of the workspace.
    """

    def __init__(self, channels: Collection[str] = (), *, guest: bool = False) -> None:
        super().__init__(f"{len(channels)} channels")
        self.channels = frozenset(channels)
        self.guest = guest


@dataclass
class PlatformFacts:
    """What the platform said while a request is answered; it grows from one try to the next."""

    channels: dict[str, bool] = field(default_factory=dict)
    """Which channels the person is in."""
    guest: bool | None = None
    """Whether they are a guest of the workspace; None: not asked."""
    people: dict[str, int | None] = field(default_factory=dict)
    """How many people are in a channel; None: nobody says."""
    trouble: MembershipUnknown | Refused | None = None
    """Why something could not be told; it only matters where nothing else lets the person in."""


class _Thing(NamedTuple):
    """What a label or a reference may mean: the thing itself, under its label, and its channel."""

    label: str
    channel_id: str
    itself: Retro | ActionItem | Answer | Case


class Admitted(NamedTuple):
    """The request as the command gets it (a typed reference has become a label), and its channel."""

    request: Request
    channel_id: str | None = None


def check(request: Request, access: Access, facts: PlatformFacts, work: UnitOfWork) -> Admitted:
    """Lets a request pass when the rule allows it; reads only.

    Raises Refused, with the very sentence for a thing that is not there, or MembershipNeeded.
    """
    if access == "platform" or request.bulk:
        # An import is the operator's, at the command line; no adapter makes such a request.
        if access == "platform" and not request.heard:
            raise Refused(NOT_ASKED_FOR)
        return Admitted(request)
    if _is_gone(request, work):
        raise Refused(DEACTIVATED)
    if access == "own":
        return Admitted(request)
    if access == "channel" or request.source is not None:
        # A message that somebody pointed at: what it belongs to is in the channel where they saw it.
        return _check_channel(request.model_copy(update={"about": ""}), facts)
    return _check_thing(request, facts, work, part=access == "thing")


def _is_gone(request: Request, work: UnitOfWork) -> bool:
    if request.introduced or request.person.gone:
        return request.person.gone
    stored = work.people.get(request.person.id)
    return stored is not None and stored.gone


def _check_channel(request: Request, facts: PlatformFacts) -> Admitted:
    channel_id = _channel_of(request)
    if channel_id is not None and not _is_in(channel_id, request, facts):
        if channel_id not in facts.channels:
            raise MembershipNeeded({channel_id})
        raise facts.trouble or Refused(STRANGE_CHANNEL, "place")
    return Admitted(request, channel_id)


def _check_thing(request: Request, facts: PlatformFacts, work: UnitOfWork, *, part: bool) -> Admitted:
    if not request.about and not request.typed.strip():
        return Admitted(request)  # nothing is named, so there is nothing to see: the command says so
    label = request.about.partition("/")[0] if request.about else request.typed.strip()
    things = _things(label, request, work)
    mine: list[_Thing] = []
    unasked: set[str] = set()
    for thing in things:
        inside = _is_in(thing.channel_id, request, facts)
        # Guests act only where they are members, whatever else they have to do with it.
        if inside or (part and not facts.guest and _has_part(request, thing, work)):
            if not inside and facts.guest is None:
                raise MembershipNeeded(guest=True)
            mine.append(thing)
        elif thing.channel_id not in facts.channels:
            unasked.add(thing.channel_id)
    here = [
        thing for thing in mine if request.channel is not None and thing.channel_id == request.channel.id
    ]
    if unasked and not here:
        raise MembershipNeeded(unasked)
    if not mine:
        raise facts.trouble or Refused(missing(label))
    if len(mine) > 1 and not here:
        labels = ", ".join(thing.label for thing in mine)
        raise Refused(f"{label[:40]} is in several of your channels: say which one you mean, {labels}.")
    thing = (here or mine)[0]
    found = {"about": request.about or thing.label, "inside": _is_in(thing.channel_id, request, facts)}
    return Admitted(request.model_copy(update=found), thing.channel_id)


def _channel_of(request: Request) -> str | None:
    """The channel a request is for: where it was asked, or the one chosen in its form."""
    if request.channel is not None and request.channel.kind == "shared":
        return request.channel.id
    return request.chosen_channel or None


def _is_in(channel_id: str, request: Request, facts: PlatformFacts) -> bool:
    return request.here == channel_id or facts.channels.get(channel_id, False)


def missing(label: str) -> str:
    """The sentence for a thing that is not there, or that whoever asks may not see."""
    if ANSWER.fullmatch(label):
        return ANSWER_GONE
    return f"{label[:40]} is not here any more, or never was."


def _things(label: str, request: Request, work: UnitOfWork) -> list[_Thing]:
    """What a label or a reference may mean: nothing, one thing, or cases of several channels."""
    head = label.upper()
    if request.about and head.startswith("AI-"):
        item = work.action_items.get(number_of(label, "AI"))
        return [_Thing(item.label, item.channel_id, item)] if item else []
    if CASE.fullmatch(head):
        number = number_of(label, "C")
        # Nearly every command about a case reads its retro anyway.
        named = work.retros.get(number) or work.cases.get(number)
        if named is not None or request.about:
            return [_Thing(f"C-{number}", named.channel_id, named)] if named else []
    if not request.about:
        # Typed: a case's own reference, however much it looks like one of our numbers.
        cases = work.cases.with_reference(label)
        return [_Thing(case.label, case.channel_id, case) for case in cases]
    answer = work.retros.answer(label)
    case = work.cases.get(answer.case_number) if answer else None
    return [_Thing(label, case.channel_id, answer)] if answer and case else []


def _has_part(request: Request, thing: _Thing, work: UnitOfWork) -> bool:
    """Whether somebody is the owner, asker, contact or lead of this very thing."""
    team = work.teams.get(thing.channel_id)
    people: set[str | None] = {team.lead} if team else set()
    match thing.itself:
        case ActionItem() as item:
            people |= {item.owner, item.asked_by}
        case Answer() as answer:
            people.add(answer.author)
        case Case(number=number) | Retro(case_number=number):
            retro, recovery = work.retros.get(number), work.recoveries.get(number)
            people.add(retro.opened_by if retro else None)
            people |= owners(recovery) if recovery else frozenset()
    return request.person.id in people
