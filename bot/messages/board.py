"""What people read about a whole team: its open retros and action items."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from bot.domain.action_item import ActionItem, is_late, may, steps
from bot.domain.board import GROUPS, MAX_COUNTED, NEEDING, WORDS, Board, Group, Thing
from bot.domain.board_filter import EVERYTHING, EXAMPLES, MINE, BoardView, Filters
from bot.domain.case import Case
from bot.domain.channel import channel_label
from bot.domain.gap import CameBack
from bot.domain.item_step import ItemStep
from bot.domain.owner_day import Days
from bot.domain.person import Person
from bot.domain.proposal import Proposal
from bot.domain.recovery import Recovery, Tally
from bot.domain.recovery import is_late as is_promise_late
from bot.domain.retro import Retro
from bot.domain.team import Team, verifier
from bot.messages import owed
from bot.messages.action_item import line, step_button
from bot.messages.case import show_all
from bot.messages.owed import NOBODY, Waiting
from bot.messages.parts import (
    OFFERED,
    SHOW_MORE,
    Bold,
    Button,
    Buttons,
    ChannelName,
    Context,
    Day,
    Divider,
    Inline,
    Line,
    Message,
    Paragraph,
    Part,
    Quote,
    Sign,
    Status,
    Words,
    joined,
    linked,
    on,
    one_line,
    row,
    sentence,
)
from bot.messages.proposal import line as proposal_line
from bot.messages.retro import CLOSE, SMALL
from bot.messages.team import OFFERED_LENGTH, TO_STATUS, not_asked
from bot.messages.trends import gap_label

MAX_LISTED = 10
"""Things in a list: with their buttons, all of it fits one message in Slack."""
MAX_TOLD = 3
"""Things of a group that a status shows before all of it is asked for."""
MAX_VERIFIED = 5
"""Items that were verified last week, in the week's summary."""
MAX_NAMED, MAX_SWITCHES = 5, 12
"""Teams that a line names, and that a menu leads to."""
HEADINGS: Mapping[str, str] = {
    "promise": "Promises due",
    "late": "Late",
    "customer": "Customers who wait",
    "proposed": "Proposed cases",
    "unowned": "Without an owner",
    "unaccepted": "Waiting for a yes or no",
    "unverified": "Done, not verified",
    "undecided": "Retros to decide",
    "answering": "Retros open for answers",
    "agreed": "Agreed and not late",
    "promised": "Customers on their way",
}
WAYS: Mapping[str, tuple[str, str]] = {
    "answering": ("1 retro is open for answers", "{count} retros are open for answers"),
    "agreed": ("1 action item is agreed and not late", "{count} action items are agreed and not late"),
    "promised": (
        "1 customer has a promise ahead, or hears from you when the retro is finished",
        "{count} customers have a promise ahead, or hear from you when the retro is finished",
    ),
}
NEXT_STEPS: tuple[ItemStep, ...] = ("take", "accept", "verify", "done", "hand_over")
"""What somebody is offered first of an item, as far as they may."""
FOR_EVERYBODY: tuple[ItemStep, ...] = ("take", "verify")


class StatusFor(NamedTuple):
    """Who reads a status: whoever asked, who may press what they may do; or everybody (`asker` empty).

    `gathered`: it was asked in no channel, of several teams in `choices`, which are all that it may be
    asked of; `unasked`: of how many more channels it was not asked whether they belong to the reader.
    """

    asker: str = ""
    choices: Sequence[Team] = ()
    gathered: bool = False
    unasked: int = 0
    tally: Tally = Tally()


def status(board: Board, filters: Filters, reader: StatusFor, shared_by: str = "") -> Message:
    """What needs somebody in a team, or in several: counted, and the three most urgent of each group.

    `shared_by`: who shared it, where it is for everybody.
    """
    needing = [group for group in NEEDING if board.counts[group.name]]
    ways = [group for group in GROUPS if not group.needs and board.counts[group.name]]
    summary, first = headline(board, filters, reader.asker)
    parts: list[Part] = [_where(board, filters, reader, shared_by), Paragraph(words=first)]
    for group in needing:
        parts += [_headed(board, group, filters), *_lines(board, group, reader)]
    if ways:
        parts += [Divider(), Paragraph(words=(Bold(text="On its way"),))]
        parts += [_way(board, group, filters) for group in ways]
    parts += [*owed.ended(reader.tally), *_not_asked(reader), *_row(board, filters, reader)]
    return Message(summary=summary, title="Status", parts=tuple(parts))


def headline(board: Board, filters: Filters, asker: str) -> tuple[str, Words]:
    """How much needs somebody, as a sentence, and with the sign of what is late or due.

    It needs whoever asks where they lead all of these teams, or asked for what is theirs.
    """
    count = sum(board.counts[group.name] for group in NEEDING)
    if not count:
        summary = nothing(filters, "you" if asker else "anybody")
        return summary, (summary,)
    shown = (team for team in board.teams.values() if filters.team in ("", team.channel_id))
    leads = all(team.lead == asker for team in shown)
    whom = "you" if asker and (leads or filters.owner == asker) else "somebody"
    needed = f"{things(count)} need{'s' if count == 1 else ''} {whom}"
    late = sum(board.counts[name] for name in ("late", "promise"))
    signs = [(Status(sign="late", text=f"{_counted(late)} late or due"),)] if late else []
    return f"{needed}.", joined((Bold(text=needed),), *signs)


def group_page(board: Board, group: Group, filters: Filters, reader: StatusFor, page: int) -> Message:
    """All of one group, a page of it, from 0."""
    count, shown = board.counts[group.name], board.things[group.name]
    heading, total = HEADINGS[group.name], things(count)
    parts: list[Part] = [_where(board, filters, reader)]
    if shown:
        parts += [Paragraph(words=(Bold(text=total),)), *_lines(board, group, reader)]
    else:
        parts.append(Paragraph(words=("There is nothing more." if page else nothing(filters, "you"),)))
    if (left := count - page * MAX_LISTED - len(shown)) > 0 and shown:
        about = str(BoardView(filters, group.name, page + 1))
        more = show_all("board.status", about).model_copy(update={"label": SHOW_MORE})
        how_many = "There are more." if count > MAX_COUNTED else f"{left} more."
        parts.append(Line(words=(how_many,), button=more))
    back = show_all("board.status", str(BoardView(filters))).model_copy(update={"label": "Status"})
    parts.append(Buttons(buttons=(back,)))
    return Message(summary=f"{heading}: {total}.", title=heading, parts=tuple(parts))


def unknown_filter(sentence: str, meant: str, typed: str) -> Message:
    """A filter that is none: the nearest as a button that keeps the other words, and all there are."""
    words = f"{sentence} Did you mean {meant}?" if meant else sentence
    filters = ", ".join((*WORDS, MINE, *EXAMPLES.values()))
    listed = f"Filters: {filters}. Several together show only what fits all of them."
    offer = {"label": "Status without filters"}
    if meant:
        about = f"{OFFERED}{meant}"[:OFFERED_LENGTH]
        offer = {"label": one_line(f"Status {meant}", 70), "about": about, "look": "main"}
    parts = (
        Paragraph(words=(words,)),
        Quote(text=typed),
        Context(words=(listed,)),
        Buttons(buttons=(TO_STATUS.model_copy(update=offer),)),
    )
    return Message(summary=words, parts=parts)


def shared(team: Team) -> Message:
    """To whoever shared a status."""
    return sentence("Shared in ", ChannelName(channel_id=team.channel_id, name=team.name), ".")


def nothing(filters: Filters, whom: str) -> str:
    """That there is nothing, with these filters or at all."""
    return (
        f"Nothing needs {whom} right now."
        if filters._replace(team="") == EVERYTHING
        else "Nothing is left with these filters."
    )


def things(count: int) -> str:
    """`1 thing`, `12 things`, `More than 1,000 things`."""
    counted = _counted(count)
    return f"{counted[:1].upper()}{counted[1:]} thing{'' if count == 1 else 's'}"


def _counted(count: int) -> str:
    return str(count) if count <= MAX_COUNTED else f"more than {MAX_COUNTED:,}"


def _where(board: Board, filters: Filters, reader: StatusFor, shared_by: str = "") -> Context:
    """Of which teams it is, what the filters are, and who shared it."""
    teams = list(board.teams.values())
    named: list[Inline] = []
    for team in teams[:MAX_NAMED]:
        named += [*([", "] if named else []), ChannelName(channel_id=team.channel_id, name=team.name)]
    if len(teams) > MAX_NAMED:
        named.append(f" and {len(teams) - MAX_NAMED} more")
    owner = board.people.get(filters.owner)
    said: list[Words] = [(word,) for word in WORDS if word in filters.words]
    if filters.owner:
        mine = filters.owner == reader.asker
        said.append((MINE if mine else f"owner: {owner.name if owner else 'somebody'}",))
    if filters.gap:
        said.append((f"gap: {one_line(filters.gap, 60)}",))
    if filters.since:
        said.append(("since ", on(filters.since, board.days.today)))
    by = (f"shared by {shared_by}",) if shared_by else ()
    return Context(words=joined(tuple(named), *said, by))


def _headed(board: Board, group: Group, filters: Filters) -> Part:
    """A group's name and how many there are; with the way to all where not all stand below."""
    count = board.counts[group.name]
    words: Words = (Bold(text=HEADINGS[group.name]), f" · {_counted(count)}")
    if count <= len(board.things[group.name]):
        return Paragraph(words=words)
    return Line(words=words, button=_to_all(group, filters, count))


def _way(board: Board, group: Group, filters: Filters) -> Line:
    count = board.counts[group.name]
    one, many = WAYS[group.name]
    words = one if count == 1 else many.format(count=_counted(count))
    return Line(words=(words,), button=_to_all(group, filters, count))


def _to_all(group: Group, filters: Filters, count: int) -> Button:
    """The way to all of a group; how many there are tells it from the others."""
    few = count if 1 < count <= MAX_COUNTED else 0
    return show_all("board.status", str(BoardView(filters, group.name)), few)


def _lines(board: Board, group: Group, reader: StatusFor) -> Iterator[Line]:
    several = len(board.teams) > 1
    for thing in board.things[group.name]:
        listed = _listed(board, thing, reader)
        team = board.teams[thing.channel_id]
        where = (" · ", ChannelName(channel_id=team.channel_id, name=team.name)) if several else ()
        yield listed.model_copy(update={"words": (*listed.words, *where)})


def _listed(board: Board, thing: Thing, reader: StatusFor) -> Line:
    """A thing as it stands, and the one step with it that its reader may take; of a proposal, both."""
    if isinstance(thing, Proposal):
        return proposal_line(thing)
    if isinstance(thing, ActionItem):
        words = line(thing, board.links, board.people, board.days.of(thing))
        team = board.teams[thing.channel_id]
        alone = verifier(team, board.people)
        return Line(words=words, button=_item_button(thing, team, alone, reader))
    case = board.cases.get(thing.case_number)
    if isinstance(thing, Recovery):
        late = is_promise_late(thing, board.days.of(thing))
        words = owed.words_of(thing, case, board.people, board.days.today, late=late)
        return Line(words=words, button=owed.next_button(thing, case))
    button = CLOSE.model_copy(update={"about": str(thing.ref)})
    return Line(words=_retro_line(thing, case, board.links, board.days.today), button=button)


def _item_button(item: ActionItem, team: Team, alone: Person | None, reader: StatusFor) -> Button | None:
    """The step that is next for the reader; of somebody else's, all that there is to read of it.

    `alone`: who alone verifies in the team, if anybody.
    """
    lead = team.lead if reader.asker else None
    offered = [step for step in NEXT_STEPS if step in steps(item)]
    allowed = [step for step in offered if may(item, step, reader.asker, lead, alone)]
    for_all = [step for step in allowed if reader.asker or step in FOR_EVERYBODY]
    if for_all:
        return step_button(for_all[0], item.ref)
    if not reader.asker:
        return None
    return show_all("action_item.read", item.ref).model_copy(update={"label": "Details"})


def _not_asked(reader: StatusFor) -> Sequence[Part]:
    return (Context(words=(not_asked(reader.unasked, "status"),)),) if reader.unasked else ()


def _row(board: Board, filters: Filters, reader: StatusFor) -> Sequence[Part]:
    """What can be done with all of it: share it, see it without filters, or another team's."""
    if not reader.asker:
        return ()
    buttons: list[Button] = []
    alone = next(iter(board.teams.values())) if len(board.teams) == 1 else None
    if alone is not None:
        label = one_line(f"Share here: {channel_label(alone.name)}" if alone.name else "Share here", 70)
        about = str(BoardView(filters._replace(team=alone.channel_id)))
        buttons.append(Button(label=label, command_name="board.share", about=about))
    if filters._replace(team="") != EVERYTHING:
        plain = show_all("board.status", str(BoardView(Filters(team=filters.team))))
        buttons.append(plain.model_copy(update={"label": "Without filters"}))
    menu = tuple(_switches(filters, reader)) if reader.gathered and len(reader.choices) > 1 else ()
    return (row(buttons, menu),) if buttons or menu else ()


def _switches(filters: Filters, reader: StatusFor) -> Iterator[Button]:
    """The other teams, one by one, or all of them together."""
    if filters.team:
        everything = str(BoardView(filters._replace(team="")))
        yield show_all("board.status", everything).model_copy(update={"label": "All my teams"})
    others = [team for team in reader.choices if team.channel_id != filters.team]
    for team in others[:MAX_SWITCHES]:
        about = str(BoardView(Filters(team=team.channel_id)))
        label = one_line(f"Team {channel_label(team.name)}", 70)
        yield show_all("board.status", about).model_copy(update={"label": label})


class LastWeek(NamedTuple):
    """What last week brought: retros closed in it, gaps that came back, verified items, and what lapsed.

    Each gap has the day on which its fix was verified.
    """

    closed: Sequence[tuple[Retro, Case]] = ()
    back: Sequence[tuple[CameBack, date]] = ()
    verified: Sequence[ActionItem] = ()
    lapsed: int = 0
    """How many proposed cases went away because nobody decided."""


def weekly(
    items: Sequence[ActionItem],
    last_week: LastWeek,
    links: Mapping[int, str],
    people: Mapping[str, Person],
    days: Days,
    *,
    more: bool,
    customers: Waiting = NOBODY,
) -> Message:
    """Monday's summary for the whole team: what waits for somebody, and what last week brought."""
    who = "1 customer waits" if customers.how_many == 1 else f"{customers.how_many} customers wait"
    due = "1 action item waits" if len(items) == 1 else f"{len(items)} action items wait"
    due = f"{due} for somebody{', and more' if more else ''}"
    counts = [*((who,) if customers.how_many else ()), *((due,) if items else ())]
    counted: list[Words] = [(Bold(text=count),) for count in counts]
    listed: list[Part] = []
    for section in SECTIONS:
        here = [item for item in items if section.belongs(item, days.of(item))]
        if here:
            counted.append((Status(sign=section.sign, text=f"{len(here)} {section.counted}"),))
            listed.append(Paragraph(words=(Bold(text=section.heading),)))
        listed.extend(Line(words=line(item, links, people, days.of(item))) for item in here)
    parts: list[Part] = [Paragraph(words=joined(*counted))] if counted else []
    for gap, verified_on in last_week.back:
        parts.append(Paragraph(words=_came_back(gap, links, on(verified_on, days.today))))
        counts.append(f"{gap.gap} came back")
    parts += [*customers.parts, *listed]
    if more:
        parts.append(Line(words=("There are more action items.",), button=TO_STATUS))
    if last_week.closed:
        parts.append(Paragraph(words=(Bold(text="Closed last week"),)))
        parts.extend(Line(words=_closed_line(retro, case, links)) for retro, case in last_week.closed)
    if last_week.verified:
        parts += _verified_lines(last_week.verified, links)
    if lapsed := last_week.lapsed:
        one = "1 proposed case" if lapsed == 1 else f"{lapsed} proposed cases"
        told = f"{one} of a helpdesk went away last week, because nobody decided in time"
        parts.append(Context(words=(f"{told}.",)))
        counts = counts or [told]
    return Message(
        summary=f"This week: {'; '.join(counts)}.",
        title="This week",
        parts=tuple(parts),
    )


def _verified_lines(items: Sequence[ActionItem], links: Mapping[int, str]) -> Iterator[Part]:
    """What somebody saw work: few lines in one part, so that all of the week fits one message."""
    yield Paragraph(words=(Bold(text="Verified last week"),))
    words: list[Inline] = []
    for item in items[:MAX_VERIFIED]:
        retro = linked(f"C-{item.case_number}", links.get(item.case_number))
        sign = Status(sign="done", text=one_line(item.what))
        words += [*(["\n"] if words else []), sign, " · ", retro, f" · {item.label}"]
    if len(items) > MAX_VERIFIED:
        words.append(f"\nand {len(items) - MAX_VERIFIED} more")
    yield Paragraph(words=tuple(words))


def _came_back(back: CameBack, links: Mapping[int, str], verified_on: Day) -> Words:
    """`Communication came back: C-31, after a fix that was verified on Thu 5 Mar.`"""
    cases: list[Inline] = []
    for number in back.cases:
        cases += [*([", "] if cases else []), linked(f"C-{number}", links.get(number))]
    head = Bold(text=f"{gap_label(back.gap)} came back")
    return (head, ": ", *cases, ", after a fix that was verified on ", verified_on, ".")


def _unowned(item: ActionItem, today: date) -> bool:
    return item.state == "proposed" and item.owner is None


def _late_and_owned(item: ActionItem, today: date) -> bool:
    return is_late(item, today) and item.owner is not None


def _unaccepted(item: ActionItem, today: date) -> bool:
    return item.state == "proposed" and item.owner is not None


def _unverified(item: ActionItem, today: date) -> bool:
    return item.state == "done"


class Section(NamedTuple):
    """What waits for the same: its heading, how it is counted, and what belongs there."""

    heading: str
    counted: str
    sign: Sign
    belongs: Callable[[ActionItem, date], bool]


SECTIONS = (
    Section("Late", "late", "late", _late_and_owned),
    Section("Waiting for a yes or no", "without a yes or no", "waiting", _unaccepted),
    Section("Without an owner", "without an owner", "waiting", _unowned),
    Section("Done, not verified", "not verified", "waiting", _unverified),
)


def _closed_line(retro: Retro, case: Case, links: Mapping[int, str]) -> Words:
    link = links.get(retro.case_number)
    label = linked(retro.label, link)
    outcome = SMALL if retro.small else retro.last and retro.last.outcome
    ended = "closed without a decision" if retro.unsettled_at else outcome or retro.state
    return (Bold(text=one_line(case.what_happened)), f"\n{ended} · ", label)


def _retro_line(retro: Retro, case: Case | None, links: Mapping[int, str], today: date) -> Words:
    label = linked(retro.label, links.get(retro.case_number))
    what = Bold(text=one_line(case.what_happened) if case else retro.label)
    if retro.unsettled_at is not None:
        return (what, "\n", Status(sign="waiting", text="no agreed fix is left"), " · ", label)
    closed = retro.answers_close_on < today
    closes = Status(sign="waiting", text="answers closed") if closed else "answers close"
    return (what, "\n", closes, " ", on(retro.answers_close_on, today), " · ", label)
