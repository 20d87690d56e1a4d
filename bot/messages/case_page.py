"""The pages of cases: the list of them, one with its retro, and what its customer is owed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from bot.domain.action_item import ActionItem
from bot.domain.case import Case, outside_hours
from bot.domain.owner_day import owner_day
from bot.domain.recovery import Recovery
from bot.domain.retro import Answer, Counts, Retro, agreed_in, state_of
from bot.domain.team import Team
from bot.domain.working_hours import today
from bot.messages.author import UNNAMED
from bot.messages.export import Whole
from bot.messages.item_page import ITEM_COLUMNS, item_row
from bot.messages.page import (
    MAX_OF_ONE,
    TEXTS,
    Cell,
    Column,
    Grid,
    Listing,
    Page,
    Section,
    case_at,
    customer_at,
)
from bot.messages.parts import (
    Bold,
    Context,
    Fields,
    Link,
    Paragraph,
    Part,
    Quote,
    Sign,
    Status,
    Timestamp,
    Words,
    joined,
    on,
    one_line,
    shortened,
)
from bot.messages.recovery import CardContext, status_of, step_status
from bot.messages.recovery import card as customer_card
from bot.messages.retro import SMALL, title_of

NOTHING_HERE = "No case fits this."
STATE_SIGNS: Mapping[str, Sign] = {
    "open": "waiting",
    "closed": "note",
    "finished": "done",
    "undecided": "waiting",
}


class Listed(NamedTuple):
    """A case of the list, with all that its row tells."""

    case: Case
    retro: Retro | None
    items: Sequence[ActionItem]
    recovery: Recovery | None


class Around(NamedTuple):
    """Who reads the list: of which teams, by their channels, and on which day for each of them."""

    teams: Mapping[str, Team]
    at: datetime

    def day(self, at: datetime, channel_id: str) -> date:
        """The day of a moment where the team is."""
        team = self.teams.get(channel_id)
        return today(team.zone if team else "UTC", at)

    def today(self, channel_id: str) -> date:
        """The team's today."""
        return self.day(self.at, channel_id)


def case_list(rows: Sequence[Listed], around: Around, listing: Listing, unasked: Words) -> Page:
    """A part of the list of cases."""
    several = len(around.teams) > 1
    columns = (
        Column(label="What happened", sort="what"),
        Column(label="Case", sort="case"),
        Column(label="Customer", sort="customer"),
        Column(label="Failed", sort="failed"),
        Column(label="Retro", sort="retro"),
        Column(label="Answers close", sort="closes"),
        Column(label="For the customer", sort="ended"),
        # Of a sum over items there is no index: see docs/decisions/sorted-lists.md.
        Column(label="Items open"),
        *((Column(label="Team", sort="team"),) if several else ()),
    )
    grid = Grid(
        caption="Cases",
        columns=columns,
        rows=tuple(_case_row(row, around, several=several) for row in rows),
    )
    nothing = Paragraph(words=(NOTHING_HERE,))
    return Page(
        title="Cases",
        here="cases",
        where=unasked,
        listing=listing,
        sections=(Section(heading="Failed cases", parts=(grid if rows else nothing,)),),
    )


def _case_row(row: Listed, around: Around, *, several: bool) -> tuple[Cell, ...]:
    case, channel_id = row.case, row.case.channel_id
    now = around.today(channel_id)
    open_items = sum(item.state in ("proposed", "agreed", "done") for item in row.items)
    going_on = row.retro is not None and row.retro.state == "open" and not case.cancelled
    closes = (on(row.retro.answers_close_on, now),) if row.retro and going_on else ()
    team = around.teams.get(channel_id)
    return (
        Cell(words=(one_line(case.what_happened),), to=case_at(case.number)),
        Cell(words=(case.label,)),
        Cell(words=(one_line(case.customer, 60),) if case.customer else ()),
        Cell(words=(on(around.day(case.failed_at, channel_id), now),)),
        Cell(words=(retro_status(case, row.retro, row.items),)),
        Cell(words=closes),
        Cell(
            words=(status_of(row.recovery, row.recovery.state),) if row.recovery else (),
            to=customer_at(case.number) if row.recovery else "",
        ),
        Cell(words=(str(open_items),) if open_items else ()),
        *((Cell(words=(team.name if team else channel_id,)),) if several else ()),
    )


def retro_status(case: Case, retro: Retro | None, items: Sequence[ActionItem]) -> Status:
    """The retro's state with its sign."""
    if case.cancelled:
        return Status(sign="note", text="cancelled")
    if retro is None:
        return Status(sign="note", text="not opened yet")
    if retro.small:
        return Status(sign="done", text=SMALL)
    unfinished = sum(item.state not in ("verified", "dropped") for item in items)
    state = state_of(retro, Counts(unfinished=unfinished, agreed=agreed_in(items)))
    return Status(sign=STATE_SIGNS.get(state, "note"), text=state)


def case_page(whole: Whole, link: str, at: datetime) -> Page:
    """One case with its retro: what happened, what was answered, what changes."""
    case, team = whole.case, whole.team
    zone = team.zone if team else "UTC"
    now = today(zone, at)
    texts = _Texts()
    sections = [
        Section(
            heading="What happened",
            parts=(
                Quote(text=texts.fit(case.what_happened)),
                Fields(rows=tuple(_facts(whole, now))),
            ),
        ),
        Section(
            heading="Answers",
            note=_first_of(whole.answered),
            parts=tuple(_answers(whole, texts)) or _none("No answer yet."),
        ),
        Section(
            heading="Action items",
            note=_first_of(whole.items),
            parts=(
                Grid(
                    caption="Action items",
                    columns=ITEM_COLUMNS,
                    rows=tuple(
                        item_row(item, whole.people, owner_day(item, whole.people, zone, at))
                        for item in whole.items[:MAX_OF_ONE]
                    ),
                ),
            )
            if whole.items
            else _none("No action item yet."),
        ),
    ]
    if whole.comments:
        told_first = _first_of(whole.comments)
        sections.append(
            Section(heading="Discussion", note=told_first, parts=tuple(_discussion(whole, texts)))
        )
    if told := tuple(_history(whole, zone, texts)):
        sections.append(Section(heading="What was decided", parts=told))
    return Page(
        title=title_of(case).removeprefix("Retro: "),
        here="cases",
        status=retro_status(case, whole.retro, whole.items),
        where=joined((case.label,), (team.name,) if team else ()),
        sections=tuple(sections),
        thread=link,
        ways=(("The customer", customer_at(case.number)),),
    )


class _Texts:
    """Lets people's words through as long as there is room on the page."""

    def __init__(self) -> None:
        self._left = TEXTS

    def fit(self, text: str) -> str:
        """The text, shortened where the page is full."""
        fitting = shortened(text, max(self._left, 80))
        self._left -= len(fitting)
        return fitting


def _first_of(things: Sequence[object]) -> Words:
    """That the page shows the first of very many."""
    many = len(things) > MAX_OF_ONE
    return (f"The first {MAX_OF_ONE} of {len(things)}; the thread has them all.",) if many else ()


def _none(words: str) -> tuple[Part, ...]:
    return (Paragraph(words=(words,)),)


def _facts(whole: Whole, now: date) -> Iterator[tuple[str, Words]]:
    case, retro, team = whole.case, whole.retro, whole.team
    zone = team.zone if team else "UTC"
    if case.reference:
        yield "Reference", (case.reference,)
    if case.kind:
        yield "Kind", (case.kind,)
    if case.customer:
        yield "Customer", (case.customer,)
    if case.happened_at:
        happened: Words = (
            (on(today(zone, case.happened_at), now),)
            if case.happened_by_day
            else (Timestamp(at=case.happened_at, zone=zone),)
        )
        outside = team is not None and outside_hours(case, team.hours)
        yield "Happened", (*happened, *((", outside the team's hours",) if outside else ()))
    yield "Marked failed", (on(today(zone, case.failed_at), now),)
    if retro is not None and retro.state == "open":
        yield "Answers close", (on(retro.answers_close_on, now),)
    if whole.decided and whole.decided.outcome and not (retro and retro.small):
        yield "Outcome", (whole.decided.outcome,)
    for label, url in (("Public post", case.public_post), ("Link", case.link)):
        if url:
            yield label, (Link(text=shortened(url, 80), url=url),)


def _answers(whole: Whole, texts: _Texts) -> Iterator[Part]:
    # Unnamed ones come in the order of their random ids, as everywhere.
    for answer in whole.answered[:MAX_OF_ONE]:
        yield Paragraph(words=(Bold(text=_heading(answer, whole)),))
        yield Quote(text=texts.fit(answer.text))


def _heading(answer: Answer, whole: Whole) -> str:
    who = whole.name(answer.author) if answer.author else UNNAMED
    return f"{whole.label(answer)} · {who}"


def _discussion(whole: Whole, texts: _Texts) -> Iterator[Part]:
    for comment in whole.comments[:MAX_OF_ONE]:
        yield Paragraph(words=(Bold(text=whole.name(comment.author) or ""),))
        yield Quote(text=texts.fit(comment.text))


def _history(whole: Whole, zone: str, texts: _Texts) -> Iterator[Part]:
    for turn in whole.turns:
        done = f"closed: {turn.outcome}" if turn.step == "close" else "reopened"
        by = whole.name(turn.by)
        yield Context(words=joined((Timestamp(at=turn.at, zone=zone),), (done,), (by,) if by else ()))
        if turn.why:
            yield Quote(text=texts.fit(turn.why))


def customer_page(context: CardContext, whole: Whole, link: str) -> Page:
    """What the customer of a case is owed, step by step, each in its words."""
    case, recovery = context.case, context.recovery
    texts = _Texts()
    parts = tuple(part for part in customer_card(context).parts if part.kind != "buttons")
    rounds = (*recovery.earlier, recovery.steps)
    sections = [Section(heading="Where it stands", parts=parts)]
    for number, steps in enumerate(rounds, start=1):
        rows = tuple(
            (
                Cell(words=(step.kind.label,)),
                Cell(words=(step_status(step),)),
                Cell(words=(name,) if (name := whole.name(step.by)) else ()),
                Cell(words=(on(today(context.team.zone, step.at), context.today),) if step.at else ()),
                Cell(words=(texts.fit(step.words),) if step.words else ()),
                Cell(words=(texts.fit(step.view),) if step.view else ()),
            )
            for step in steps
        )
        columns = ("Step", "State", "By", "Day", "In words", "What they answered")
        heading = "Step by step" if len(rounds) == 1 else f"Step by step, round {number}"
        grid = Grid(caption=heading, columns=tuple(Column(label=label) for label in columns), rows=rows)
        sections.append(Section(heading=heading, parts=(grid,)))
    return Page(
        title=one_line(case.customer or f"The customer of {case.label}", 80),
        here="cases",
        where=joined((one_line(case.what_happened),), (case.label,)),
        sections=tuple(sections),
        thread=link,
        ways=(("The case", case_at(case.number)),),
    )


def no_customer_page(case: Case, link: str) -> Page:
    """The same where nobody looks after the customer yet."""
    waits = f"Nobody looks after this customer yet: write customer {case.label} to Amends to begin."
    return Page(
        title=one_line(case.customer or f"The customer of {case.label}", 80),
        here="cases",
        where=joined((one_line(case.what_happened),), (case.label,)),
        sections=(Section(heading="Where it stands", parts=_none(waits)),),
        thread=link,
        ways=(("The case", case_at(case.number)),),
    )
