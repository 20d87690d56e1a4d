"""What people read about a whole team: its open retros and action items."""

from collections.abc import Mapping, Sequence
from datetime import date

from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.retro import Retro
from bot.messages.action_item import line
from bot.messages.parts import (
    Day,
    Inline,
    Link,
    Message,
    Paragraph,
    Part,
    Small,
    Strong,
    Words,
    one_line,
)
from bot.request import Person


def status(
    retros: Sequence[tuple[Retro, Case]],
    items: Sequence[ActionItem],
    links: Mapping[int, str],
    people: Mapping[str, Person],
    today: date,
    *,
    more: bool,
) -> Message:
    """A plain list of what is open in a team, late ones first."""
    parts: list[Part] = [Paragraph(words=(Strong(text="Open retros" if retros else "No open retros"),))]
    parts.extend(Paragraph(words=_retro_line(retro, case, links, today)) for retro, case in retros)
    parts.append(
        Paragraph(words=(Strong(text="Open action items" if items else "No open action items"),))
    )
    parts.extend(Paragraph(words=line(item, links, people, today)) for item in items)
    if more:
        parts.append(Small(words=("There are more; these are the most urgent ones.",)))
    return Message(gist="What is open in this team.", title="Status", parts=tuple(parts))


def _retro_line(retro: Retro, case: Case, links: Mapping[int, str], today: date) -> Words:
    link = links.get(retro.case)
    label: Inline = Link(text=retro.label, url=link) if link else Strong(text=retro.label)
    closing = "answers closed" if retro.answers_close_on < today else "answers close"
    return (label, f" · {one_line(case.what_happened)} · {closing} ", Day(day=retro.answers_close_on))
