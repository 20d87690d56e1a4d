"""Who may see and do what: the one rule, applied before any command runs.

Everything belongs to a channel. A person may see and do something with it when they ask from that
channel, or are a member of it, or are the owner, asker, contact or lead of that very thing. For
everybody else it does not exist: they read the sentence for a number that was never given.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from bot.command import Command, Invocation, Opening, Request
from bot.domain import reference
from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.errors import Refused
from bot.domain.recovery import owners
from bot.domain.reference import (
    AnswerRef,
    CaseRef,
    ConnectionRef,
    ConnectionsRef,
    ItemRef,
    PromptsRef,
    ProposalRef,
    Reference,
    lost,
    not_found,
)
from bot.domain.retro import Answer, Retro
from bot.ports import MembershipUnknown, ReadOnlyWork

Numbered = CaseRef | ItemRef | ProposalRef
AnyInvocation = TypeVar("AnyInvocation", Command, Opening)

DEACTIVATED = "Your account is deactivated in this workspace, so nothing was changed."
NOT_ASKED_FOR = "Nobody can ask for this: it only happens by itself."
STRANGE_CHANNEL = "I can't find that channel: choose one that you're in."
NO_ANSWER_NOW = (
    "I cannot check just now which channels you are in, so I show and change nothing. "
    "Please try again in a moment."
)

MAX_GATHERED = 50
"""Channels that are asked about at once, and when so many are theirs, no more are looked for."""
MAX_ASKED = 2 * MAX_GATHERED
"""Channels that are asked about before somebody gets an answer: the platform is asked about each."""


class MembershipNeeded(Exception):
    """What decides was not asked yet: ask the platform, and begin again.

    `channels`: whether the person is in these. `guest`: whether they are a guest of the workspace, and
    `places`: whether the bot may work in these channels at all, `speaks_in`: whether it can write there.
    """

    def __init__(
        self,
        channels: Collection[str] = (),
        *,
        guest: bool = False,
        places: Collection[str] = (),
        speaks_in: Collection[str] = (),
    ) -> None:
        super().__init__(f"{len(channels)} channels")
        self.channels = frozenset(channels)
        self.guest = guest
        self.places = frozenset(places)
        self.speaks_in = frozenset(speaks_in)


@dataclass
class PlatformFacts:
    """What the platform said while a request is answered; it grows from one try to the next."""

    channels: dict[str, bool] = field(default_factory=dict)
    """Which channels the person is in."""
    unsaid: set[str] = field(default_factory=set)
    """Of which channels nobody could say it just now."""
    guest: bool | None = None
    """Whether they are a guest of the workspace; None: not asked."""
    closed: dict[str, Refused | None] = field(default_factory=dict)
    """Why the bot may not work in a channel; None: it may."""
    speaks_in: dict[str, bool] = field(default_factory=dict)
    """Whether the bot can say something in a channel."""
    people: dict[str, int | None] = field(default_factory=dict)
    """How many people are in a channel; None: nobody says."""
    trouble: MembershipUnknown | Refused | None = None
    """Why something could not be told; it only matters where nothing else lets the person in."""


class _Thing(NamedTuple):
    """What a reference or typed words may mean: the thing itself, how it is referred to, its channel."""

    reference: Reference
    channel_id: str
    itself: Retro | ActionItem | Answer | Case | None
    cancelled: bool


class Admitted(NamedTuple, Generic[AnyInvocation]):
    """What was asked, as it is carried out (typed words have become a reference), and its channel."""

    invocation: AnyInvocation
    channel_id: str | None = None
    cancelled: str = ""
    """The label of what it is about, when that belongs to a cancelled case."""


def check(
    invocation: AnyInvocation, facts: PlatformFacts, work: ReadOnlyWork
) -> Admitted[AnyInvocation]:
    """Lets somebody pass when the rule allows it; reads only.

    Raises Refused, with the very sentence for a thing that is not there, or MembershipNeeded.
    """
    request = invocation.request
    command = invocation.command if isinstance(invocation, Opening) else type(invocation)
    if command.access == "platform" or request.bulk:
        # An import is the operator's, at the command line; no adapter makes such a request.
        if command.access == "platform" and not request.heard:
            raise Refused(NOT_ASKED_FOR)
        return Admitted(invocation)
    if _is_gone(request, work):
        raise Refused(DEACTIVATED)
    if command.access == "own":
        return _check_own(invocation, command, facts, work)
    pointed_at = isinstance(invocation, Opening) and request.source is not None
    if command.access == "channel" or pointed_at:
        # A message that somebody pointed at: what it belongs to is in the channel where they saw it.
        channel_id = _check_channel(invocation, facts)
        gathers = channel_id is None and command.gathers
        theirs, unasked = _channels_of(request, facts, work) if gathers else (frozenset(), 0)
        where = {"in_channels": theirs, "channels_unasked": unasked}
        return Admitted(invocation.model_copy(update={"subject": None, **where}), channel_id)
    if command.gathers:
        _channels_of(request, facts, work)  # asked first, whatever is there, so that no wait tells
    return _check_thing(invocation, facts, work, part=command.access == "thing")


def _check_own(
    invocation: AnyInvocation, command: type[Command], facts: PlatformFacts, work: ReadOnlyWork
) -> Admitted[AnyInvocation]:
    """Nobody is kept from what is theirs, except guests from what is of channels that they left.

    What else it gathers of their channels may be less, where one cannot be asked about just now.
    """
    if command.shows_things and facts.guest is None:
        raise MembershipNeeded(guest=True)
    is_guest = command.shows_things and facts.guest
    if not (is_guest or command.gathers):
        return Admitted(invocation)
    theirs, unasked = _channels_of(invocation.request, facts, work, partly=command.gathers)
    where = {"in_channels": theirs, "channels_unasked": unasked} if command.gathers else {}
    guest_in = {"guest_in": theirs} if is_guest else {}
    return Admitted(invocation.model_copy(update={**where, **guest_in}))


def _is_gone(request: Request, work: ReadOnlyWork) -> bool:
    if request.introduced or request.person.gone:
        return request.person.gone
    stored = work.people.get(request.person.id)
    return stored is not None and stored.gone


def _check_channel(invocation: Invocation, facts: PlatformFacts) -> str | None:
    channel_id = invocation.channel_id
    if channel_id is not None and not _is_in(channel_id, invocation.request, facts):
        if channel_id not in facts.channels:
            raise MembershipNeeded({channel_id})
        raise facts.trouble or Refused(STRANGE_CHANNEL, "place")
    return channel_id


def _channels_of(
    request: Request, facts: PlatformFacts, work: ReadOnlyWork, *, partly: bool = False
) -> tuple[frozenset[str], int]:
    """The channels of teams that somebody is in, and how many were too many to ask about.

    Whose they lead are asked about first, then where something is theirs to do. Where one cannot be
    asked about, raises MembershipUnknown: what is left out makes figures wrong. `partly`: it is left out
    all the same, and counted among those.
    """
    nearest, unasked_yet = work.teams.nearest(request.person.id, MAX_ASKED)
    theirs: set[str] = set()
    for first in range(0, MAX_ASKED, MAX_GATHERED):
        asked = nearest[first : first + MAX_GATHERED]
        unasked_yet -= len(asked)
        if unasked := set(asked) - facts.channels.keys():
            raise MembershipNeeded(unasked)
        if facts.unsaid and not partly:
            raise MembershipUnknown
        theirs |= {channel_id for channel_id in asked if facts.channels[channel_id]}
        if len(theirs) >= MAX_GATHERED:
            break
    return frozenset(theirs), unasked_yet + len(facts.unsaid)


def _check_thing(
    invocation: AnyInvocation, facts: PlatformFacts, work: ReadOnlyWork, *, part: bool
) -> Admitted[AnyInvocation]:
    request, subject = invocation.request, invocation.subject
    words = request.typed.strip()
    if subject is None and not words:
        return Admitted(invocation)  # nothing is named, so there is nothing to see: the command says so
    things = _typed(words, work) if subject is None else _referred(subject, work)
    mine: list[_Thing] = []
    unasked: set[str] = set()
    for thing in things:
        inside = _is_in(thing.channel_id, request, facts)
        # Guests act only where they are members, whatever else they have to do with it.
        if inside or (part and not facts.guest and _has_part(request, thing, work)):
            if not inside and (facts.guest is None or thing.channel_id not in facts.closed):
                raise MembershipNeeded(guest=True, places={other.channel_id for other in things})
            if not inside and (refused := facts.closed[thing.channel_id]):
                facts.trouble = refused
                continue
            mine.append(thing)
        elif thing.channel_id not in facts.channels:
            unasked.add(thing.channel_id)
    here = [
        thing for thing in mine if request.channel is not None and thing.channel_id == request.channel.id
    ]
    if unasked and not here:
        raise MembershipNeeded(unasked)
    if not mine:
        if isinstance(subject, CaseRef | ItemRef) and subject.key and not things:
            # Whoever may not see it has another key only if they made it up.
            raise Refused(lost(subject.label))
        raise facts.trouble or not_found(words if subject is None else subject.label)
    if len(mine) > 1 and not here:
        labels = ", ".join(thing.reference.label for thing in mine)
        raise Refused(f"{words[:40]} is in several of your channels: say which one you mean, {labels}.")
    thing = (here or mine)[0]
    resolved: dict[str, object] = {
        "subject": subject or thing.reference,
        "inside": _is_in(thing.channel_id, request, facts),
    }
    if isinstance(invocation, Command) and (named := invocation.channels_named - {thing.channel_id}):
        resolved["in_channels"] = _common(named, request, facts)
    cancelled = thing.reference.label if thing.cancelled else ""
    return Admitted(invocation.model_copy(update=resolved), thing.channel_id, cancelled)


def _common(named: frozenset[str], request: Request, facts: PlatformFacts) -> frozenset[str]:
    """Those of the channels in which they are, and the bot can say something."""
    if unasked := named - facts.speaks_in.keys():
        raise MembershipNeeded(unasked, speaks_in=unasked)
    ours = {channel_id for channel_id in named if facts.speaks_in[channel_id]}
    if ours & facts.unsaid:
        raise MembershipUnknown
    return frozenset(channel_id for channel_id in ours if _is_in(channel_id, request, facts))


def _is_in(channel_id: str, request: Request, facts: PlatformFacts) -> bool:
    return request.here == channel_id or facts.channels.get(channel_id, False)


def _referred(subject: Reference, work: ReadOnlyWork) -> list[_Thing]:
    """What a reference means; nothing where another thing has the number that it names."""
    match subject:
        case ItemRef(number=number):
            item = work.action_items.get(number)
            found = item is not None and _is(subject, item.ref)
            return [_Thing(item.ref, item.channel_id, item, item.cancelled)] if item and found else []
        case CaseRef(number=number):
            # Nearly every command about a case reads its retro anyway.
            named = work.retros.get(number) or work.cases.get(number)
            there = named is not None and _is(subject, named.ref)
            return (
                [_Thing(named.ref, named.channel_id, named, named.cancelled)] if named and there else []
            )
        case AnswerRef(id=id):
            answer = work.retros.answer(id)
            case = work.cases.get(answer.case_number) if answer else None
            return [_Thing(subject, case.channel_id, answer, case.cancelled)] if answer and case else []
        case PromptsRef(channel_id=channel_id) | ConnectionsRef(channel_id=channel_id):
            # Each channel has them, whether or not its team is there yet.
            return [_Thing(subject, channel_id, None, cancelled=False)]
        case ProposalRef(number=number):
            proposal = work.proposals.get(number)
            found = proposal is not None and _is(subject, proposal.ref)
            return [_Thing(subject, proposal.channel_id, None, False)] if proposal and found else []
        case ConnectionRef(id=id):
            connection = work.connections.get(id)
            there = connection is not None and connection.removed_at is None
            return [_Thing(subject, connection.channel_id, None, False)] if connection and there else []


def _is(subject: Numbered, there: Numbered) -> bool:
    """Whether both are the same thing; a reference without a key (an older button, typed) may be."""
    return subject.key in ("", there.key)


def _typed(words: str, work: ReadOnlyWork) -> list[_Thing]:
    """What typed words mean: a case's number, or its own reference, perhaps in several channels."""
    subject = reference.parse(words)
    numbered = _referred(subject, work) if isinstance(subject, CaseRef) and not subject.part else []
    # Else a case's own reference, however much it looks like one of our numbers.
    return numbered or [
        _Thing(case.ref, case.channel_id, case, case.cancelled)
        for case in work.cases.with_reference(words)
    ]


def _has_part(request: Request, thing: _Thing, work: ReadOnlyWork) -> bool:
    """Whether somebody is the owner, asker, contact or lead of this very thing."""
    people: set[str | None] = {work.teams.require(thing.channel_id).lead}
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
