"""What people read about a case that a helpdesk proposes."""

from collections.abc import Callable, Mapping, Sequence

from bot.domain.case import Case
from bot.domain.connection import RuleName
from bot.domain.person import Person
from bot.domain.proposal import WORKING_DAYS, Proposal, ProposalChange
from bot.domain.signal import BEST_RATING, Signal
from bot.domain.team import Team
from bot.messages.author import signed
from bot.messages.case import show_all
from bot.messages.parts import (
    Bold,
    Button,
    ChannelName,
    Context,
    Line,
    Message,
    Paragraph,
    Part,
    Quote,
    Sign,
    Status,
    Words,
    headed,
    joined,
    linked,
    one_line,
    plain_words,
    row,
    sentence,
    shortened,
    with_button,
    working_days,
)

OPEN = Button(label="Open the retro", command_name="proposal.open", about="", look="main")
WAVE_OFF = Button(label="Not this one", command_name="proposal.wave_off", about="")
SAY_WHY = Button(label="Say why", command_name="proposal.say_why", about="", opens=True)
WHY_HINT = "If many are waved off, this shows which rule lets too much through."
THANKS_FOR_WHY = sentence("Noted. Thank you: that shows which rule lets too much through.")
UNDECIDED = f"Nobody decided this in {working_days(WORKING_DAYS)}"
WORSE = "It got worse since, so I ask again. "
FORGOTTEN_WAITING = "Its customer is forgotten, so nobody is asked about it any more."
FORGOTTEN_SINCE = "Its customer is forgotten, so it can't be opened any more."
READ_ON_TICKET = sentence("What the customer wrote is read on the ticket.")
"""Said to nobody but whoever asks what is due."""
MAX_FIRST = 3
"""Gathered proposals that stand in their message; the rest is behind Show all."""
MAX_COUNTED = 200
"""Of a day; nobody decides more, so they are not counted."""
MAX_SHOWN = 10
"""Of all of them: what a card of Teams holds with their buttons."""
MAY_BE = Status(sign="waiting", text="May be a failed case")
RATINGS: Mapping[int, tuple[Sign, str]] = {
    1: ("late", "very bad"),
    2: ("late", "bad"),
    3: ("waiting", "neither good nor bad"),
    4: ("done", "good"),
    5: ("done", "very good"),
}
"""Each rating's sign, and its word."""
BECAUSE: Mapping[RuleName, Callable[[Signal], str]] = {
    "rating": lambda signal: "",  # its own words stand first
    "sla_breached": lambda signal: "SLA breached",
    "reopened": lambda signal: "reopened",
    "priority": lambda signal: f"priority {one_line(signal.priority, 40)}",
    "tag": lambda signal: f"tagged {one_line(', '.join(signal.tags), 80)}",
}
"""What of a signal each rule goes by, in words."""


def rated(rating: int | None) -> Words:
    """A rating with its sign and its word; nothing where there is none."""
    if rating is None:
        return ()
    sign, word = RATINGS[rating]
    return (Status(sign=sign, text=f"Rated {rating} of {BEST_RATING}, {word}"),)


def said(signal: Signal) -> str:
    """What the customer wrote, or else what happened, or else only of which ticket it is."""
    return signal.words or signal.what_happened or signal.reference or "A ticket"


def facts(signal: Signal, rules: Sequence[RuleName]) -> Words:
    """The quiet line: the rating, why it is proposed, the ticket, the customer."""
    return joined(why(signal, rules), ticket(signal), customer(signal))


def why(signal: Signal, rules: Sequence[RuleName]) -> Words:
    """The rating, and whatever else the rules go by."""
    reasons = [(reason,) for rule in rules if (reason := BECAUSE[rule](signal))]
    return joined(rated(signal.rating), *reasons)


def ticket(signal: Signal) -> Words:
    """What people call the ticket, leading there; nothing where it has no name."""
    return (linked(signal.reference, signal.link),) if signal.reference else ()


def customer(signal: Signal) -> Words:
    """Who the customer is, if that was told."""
    return (one_line(signal.customer, 80),) if signal.customer else ()


def opened_by_rules(proposals: Sequence[Proposal]) -> tuple[Part, ...]:
    """On the retro of these, where the rules opened it and nobody was asked: that they did, and why."""
    opened = (one for one in proposals if any(_is_by_rules(change) for change in one.history))
    return tuple(
        Context(words=joined(("A helpdesk's rules opened this",), why(one.signal, one.rules)))
        for one in opened
    )


def _is_by_rules(change: ProposalChange) -> bool:
    return change.step == "open" and not change.by


def card(proposal: Proposal, people: Mapping[str, Person], links: Mapping[int, str]) -> Message:
    """The proposal itself: the customer's words, what is known, and what can be or was decided."""
    signal, words = proposal.signal, said(proposal.signal)
    more = signal.what_happened if signal.words and signal.what_happened not in words else ""
    story: tuple[Part, ...] = (Quote(text=shortened(more)),) if more else ()
    decided_so = _decided(proposal, people, links)
    below = (Context(words=decided_so),) if decided_so else ()
    waits = _waits(proposal)
    named = f"{signal.reference} may be a failed case" if signal.reference else "A proposed case"
    return Message(
        summary=f"{named}: {one_line(words)}" if waits else plain_words(decided_so),
        parts=(
            *headed(words),
            *story,
            Context(words=joined(waits, facts(signal, proposal.rules) or ("From a helpdesk",))),
            *below,
            *_buttons(proposal),
        ),
    )


def _waits(proposal: Proposal) -> Words:
    """What the message is for, as long as somebody has to decide."""
    return (MAY_BE,) if proposal.state == "proposed" else ()


def _buttons(proposal: Proposal) -> tuple[Part, ...]:
    if proposal.state == "proposed":
        return (row(to_decide(proposal)),)
    if proposal.state in ("opened", "forgotten"):
        return ()
    return (row((OPEN.model_copy(update={"about": str(proposal.ref), "look": "plain"}),)),)


def to_decide(proposal: Proposal) -> tuple[Button, ...]:
    """What can be done with a proposal that waits."""
    about = {"about": str(proposal.ref)}
    return tuple(button.model_copy(update=about) for button in (OPEN, WAVE_OFF))


def _decided(proposal: Proposal, people: Mapping[str, Person], links: Mapping[int, str]) -> Words:
    """Who decided what, or that nobody did, or does any more; nothing before that."""
    taken = _taken(proposal, people, links)
    if proposal.state != "forgotten":
        return taken
    waited = proposal.last is None or proposal.last.step == "worsen"
    return (FORGOTTEN_WAITING,) if waited else (*taken, f" {FORGOTTEN_SINCE}")


def _taken(proposal: Proposal, people: Mapping[str, Person], links: Mapping[int, str]) -> Words:
    """The last step that was taken."""
    last = proposal.last
    if last is None:
        return ()
    if last.step == "lapse":
        return (f"{UNDECIDED}, so I don't ask about it any more.",)
    if last.step == "worsen":
        before = proposal.history[-2]
        return (WORSE, f"{UNDECIDED}." if before.step == "lapse" else _waved_off(before, people))
    if last.step in ("open", "tie"):
        number = proposal.case_number or 0
        return (f"{_by(last, people)} opened the retro ", linked(f"C-{number}", links.get(number)), ".")
    return (_waved_off(last, people),)


def _waved_off(change: ProposalChange, people: Mapping[str, Person]) -> str:
    why = f": {one_line(change.why, 300)}" if change.why else "."
    return f"{_by(change, people)} waved this off{why}"


def _by(change: ProposalChange, people: Mapping[str, Person]) -> str:
    person = people.get(change.by)
    return signed(person.name) if person else "Somebody"


def gathered(waiting: Sequence[Proposal], a_day: int) -> Message:
    """What a connection proposes beyond what it may in a day, in one message: the worst few.

    The way to all of it names one of them, and so belongs to the channel in which they were proposed.
    """
    if not waiting:
        words = "Nothing is left to decide among the other cases that a helpdesk proposed that day."
        return Message(summary=words, parts=(Context(words=(words,)),))
    count = len(waiting)
    summary = "1 more ticket may be a failed case."
    if count > 1:
        summary = f"{_counted(count)} more tickets may be failed cases."
    quiet = f"Your team hears of {a_day} a day one by one, and of the rest here."
    counted = count if count <= MAX_COUNTED else 0
    all_of_it = show_all("proposal.show_all", waiting[0].ref, counted)
    more: tuple[Part, ...] = (row((all_of_it,)),) if count > MAX_FIRST else ()
    return Message(
        summary=summary,
        parts=(
            Paragraph(words=(Bold(text=summary), f" {quiet}")),
            *map(line, waiting[:MAX_FIRST]),
            *more,
        ),
    )


def all_gathered(waiting: Sequence[Proposal]) -> Message:
    """All of them that still wait, to whoever asks."""
    if not waiting:
        return sentence("All of these are decided.")
    left = len(waiting) - MAX_SHOWN
    more = "The others come once these are decided."
    rest = (Context(words=(more,)),) if left > 0 else ()
    waits = "1 waits" if len(waiting) == 1 else f"{_counted(len(waiting))} wait"
    count = f"{waits} for somebody to decide."
    lines = map(line, waiting[:MAX_SHOWN])
    return Message(summary=count, parts=(Paragraph(words=(count,)), *lines, *rest))


def _counted(count: int) -> str:
    return str(count) if count <= MAX_COUNTED else f"More than {MAX_COUNTED}"


def line(proposal: Proposal) -> Line:
    """A proposal that waits, among others: what the customer wrote, what is known, what can be done."""
    about = {"about": str(proposal.ref)}
    quiet = facts(proposal.signal, proposal.rules)
    return Line(
        words=(Bold(text=one_line(said(proposal.signal))), *(("\n", *quiet) if quiet else ())),
        button=OPEN.model_copy(update={**about, "look": "plain"}),
        menu=(WAVE_OFF.model_copy(update=about),),
    )


def opened(case: Case, team: Team) -> Message:
    """To whoever opened it: where."""
    channel = ChannelName(channel_id=case.channel_id, name=team.name)
    return sentence(f"{case.label} is marked failed. Its retro opens in ", channel, ".")


def waved_off(proposal: Proposal) -> Message:
    """To whoever waved it off: that it is done, and the way to say why."""
    button = SAY_WHY.model_copy(update={"about": str(proposal.ref)})
    return with_button("Waved off: nobody is asked about it any more. A why is welcome.", button)


def decided(proposal: Proposal, people: Mapping[str, Person], links: Mapping[int, str]) -> Message:
    """To whoever waves off what is decided already: by whom, and how."""
    return sentence(*_decided(proposal, people, links))
