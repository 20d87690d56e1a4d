"""What the thread of a retro reads of earlier cases: what was tried, and whether it held."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.person import Person
from bot.domain.recovery_step import Verdict
from bot.messages.action_item import summed_up
from bot.messages.parts import (
    Bold,
    Context,
    Inline,
    Line,
    Message,
    Paragraph,
    Part,
    Status,
    Superseded,
    Words,
    joined,
    linked,
    on,
    one_line,
)

MAX_CHANGES = 2
"""Changes of one earlier case that are told; all stand in its thread."""
ENDED: Mapping[Verdict | None, str] = {
    "recovered": "the customer was put right",
    "not recovered": "the customer was not put right",
    "no answer": "the customer did not answer",
    None: "the customer has not said how it was",
}

CHOSEN = "Chosen by words alone, so it may be about something else."
TAKEN_BACK = "What stood here of earlier cases does not count any more."


class Earlier(NamedTuple):
    """An earlier case with its items, how it ended for the customer, and where its gaps came back."""

    case: Case
    items: Sequence[ActionItem]
    outcome: Verdict | None
    back: Sequence[tuple[str, int]] = ()


def carried(
    earlier: Sequence[Earlier],
    still_open: Sequence[ActionItem],
    links: Mapping[int, str],
    item_links: Mapping[int, str],
    people: Mapping[str, Person],
    today: date,
    *,
    renewed: bool = False,
) -> Message:
    """At most three earlier cases that are alike, and open items of the same gaps.

    `links` lead to retros by their cases, `item_links` to the messages of items. `renewed`: it was said
    before, and something that it told was put right since.
    """
    cases = (
        "An earlier case is like this one" if len(earlier) == 1 else "Earlier cases are like this one"
    )
    lead = f"{cases}. What was tried then may help, or shows what did not hold."
    parts: list[Part] = [Paragraph(words=(lead,))]
    parts.extend(Line(words=_earlier(one, links)) for one in earlier)
    if still_open:
        parts.append(Paragraph(words=(Bold(text="Still open for the same gap"),)))
        for item in still_open:
            words = summed_up(item, item_links.get(item.number), people, today)
            parts.append(Line(words=words))
    since: Words = ("As it stood when this retro opened.",)
    if renewed:
        since = ("As it stood on ", on(today, today), ", when something told here was put right.")
    parts.append(Context(words=(*since, f" {CHOSEN}")))
    return Message(summary=f"{cases}.", title="Seen before", parts=tuple(parts))


def nothing_left() -> Superseded:
    """Instead of it, once none of the cases that it told of counts any more."""
    return Superseded(summary=TAKEN_BACK, parts=(Context(words=(TAKEN_BACK,)),))


def _earlier(one: Earlier, links: Mapping[int, str]) -> Words:
    head: list[Inline] = [Bold(text=one_line(one.case.what_happened))]
    changes = [item for item in one.items if item.state in ("verified", "done")]
    changes.sort(key=lambda item: item.state != "verified")
    for item in changes[:MAX_CHANGES]:
        done = item.last("done")
        words = done.words if done is not None and done.words else item.what
        head += ["\n", _sign(item), " · ", one_line(words)]
    if not changes:
        head += ["\n", "No change was finished then." if one.items else "Nothing was changed then."]
    label = linked(one.case.label, links.get(one.case.number))
    facts = joined((label,), (ENDED[one.outcome],), _back(one, links))
    return (*head, "\n", *facts)


def _sign(item: ActionItem) -> Status:
    if item.state == "verified":
        return Status(sign="done", text="changed and verified")
    return Status(sign="waiting", text="changed, not verified")


def _back(one: Earlier, links: Mapping[int, str]) -> Words:
    """Whether a gap of it came back after its fix was verified, and in which case first."""
    if not any(item.state == "verified" and item.gap for item in one.items):
        return ()
    if not one.back:
        return ("it has not come back since",)
    gap, number = one.back[0]
    return (f"{gap} came back in ", linked(f"C-{number}", links.get(number)))
