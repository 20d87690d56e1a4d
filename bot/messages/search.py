"""What people read who look for something: the cases that match, best first."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from bot.domain.case import Case
from bot.domain.retro import Retro
from bot.domain.search import WHAT_HAPPENED, Asked, Text, snippet
from bot.messages.parts import (
    SHOW_MORE,
    Bold,
    Button,
    ChannelName,
    Context,
    Line,
    Message,
    Paragraph,
    Part,
    Status,
    Words,
    joined,
    linked,
    on,
    one_line,
)
from bot.messages.retro import CUSTOMER, SMALL
from bot.messages.team import left_out

OPEN = Button(label="Open", command_name="search.open", about="", opens=True)
HOW = "Say what to look for, as in: find courier notes. C-7, AI-12 or a case's own reference opens that."
NO_CHANNEL = "I can't find a team's channel that you're in, so there is nothing to look through."


class Found(NamedTuple):
    """One case that matches: what of it does, where that stands, and the day on which it failed."""

    case: Case
    retro: Retro | None
    text: Text | None
    link: str | None
    """Where its retro is."""
    item_link: str | None
    failed_on: date
    channel: ChannelName | None = None
    """Which channel it is of, where several were looked through."""


class Page(NamedTuple):
    """Which of all hits are shown: those from `first` on, counted from 0, of `of` (`more`: at least)."""

    first: int
    of: int
    more: bool = False


def results(
    typed: str,
    asked: Asked,
    found: Sequence[Found],
    page: Page,
    today: date,
    next_page: str = "",
    unasked: int = 0,
) -> Message:
    """A part of what was found; `next_page` is what the way to the next part carries, "" at the end."""
    lead = headline(typed, asked, page)
    if not found:
        parts: tuple[Part, ...] = (Paragraph(words=(lead,)), *_left_out(unasked))
        return Message(summary=lead, title="Find", parts=parts)
    lines = [Line(words=_line(one, asked, today), button=_button(one)) for one in found]
    rest: tuple[Part, ...] = ()
    if next_page:
        last = page.first + len(found)
        more = Button(label=SHOW_MORE, command_name="search.find", about=next_page, opens=True)
        rest = (Line(words=(f"{page.first + 1} to {last} of {_cases(page)}.",), button=more),)
    return Message(
        summary=lead,
        title="Find",
        parts=(Paragraph(words=(lead,)), *lines, *rest, *_left_out(unasked)),
    )


def headline(typed: str, asked: Asked, page: Page) -> str:
    """How much was found, and of what kind it is; or what helps where nothing was."""
    words = f"“{one_line(typed, 60)}”"
    if not page.of:
        return f"Nothing here has {words} in it. Fewer words, or only their beginnings, find more."
    some = "none has all of these words, these have some" if asked.any else "best first"
    return f"{_cases(page)} for {words}: {some}."


def _cases(page: Page) -> str:
    return "1 case" if page.of == 1 and not page.more else f"{page.of}{'+' if page.more else ''} cases"


def shown(text: Text, asked: Asked) -> Words:
    """A piece of a text with the words in it bold."""
    return tuple(Bold(text=part) if hit else part for part, hit in snippet(text.words, asked))


def _line(one: Found, asked: Asked, today: date) -> Words:
    """What happened, bold; below it what was found of it, and the quiet facts."""
    title, text = one_line(one.case.what_happened), one.text
    piece: Words = ()
    if text is not None and not (text.of == WHAT_HAPPENED and title == one.case.what_happened.strip()):
        of = linked(text.of, one.item_link) if text.item else text.of
        piece = ("\n", of, ": ", *shown(text, asked))
    facts = joined(
        (linked(one.case.label, one.link),),
        (status_of(one.retro),),
        ("failed ", on(one.failed_on, today)),
        (one.channel,) if one.channel else (),
    )
    return (Bold(text=title), *piece, "\n", *facts)


def status_of(retro: Retro | None) -> Status:
    """How far a retro is, and with what outcome it ended; not whether its items are finished."""
    if retro is None:
        return Status(sign="note", text="no retro yet")
    if retro.small:
        return Status(sign="done", text=SMALL)
    if retro.state == "open":
        return Status(sign="waiting", text="open")
    outcome = retro.last.outcome if retro.last else None
    return Status(sign="note", text=f"closed, {outcome}" if outcome else "closed")


def _button(one: Found) -> Button:
    """The way to the thing itself; where a customer's words were found, to their card."""
    if one.text is not None and one.text.field == "customer":
        return CUSTOMER.model_copy(update={"about": str(one.case.ref)})
    about = f"AI-{one.text.item}" if one.text is not None and one.text.item else str(one.case.ref)
    return OPEN.model_copy(update={"about": about})


def opened(card: Message, link: str | None) -> Message:
    """A thing's own card to whoever looked for it, with the way to where it stands."""
    if not link:
        return card
    way = Context(words=(linked("Open it in its thread", link),))
    return card.model_copy(update={"parts": (*card.parts, way)})


def _left_out(unasked: int) -> tuple[Part, ...]:
    if not unasked:
        return ()
    words = f"{left_out(unasked, 'through')} Ask in the one that you mean."
    return (Context(words=(words,)),)
