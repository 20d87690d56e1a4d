"""What people read at home: what this is, what needs them, and what else is theirs.

Home is Slack's App Home, and in Teams what is said when somebody adds Amends or greets it.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from bot.domain.action_item import ActionItem, is_late
from bot.domain.person import Person
from bot.messages.action_item import own_line
from bot.messages.parts import (
    Bold,
    Button,
    Buttons,
    Context,
    Divider,
    Line,
    Message,
    Paragraph,
    Part,
    Typed,
)
from bot.messages.team import MARK_FAILED, MINE, MY_SETTINGS

MAX_SHOWN = 10
"""Items at home; the rest is one word away."""

MAX_OWED = 5
"""Customers at home."""

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


def home(
    items: Sequence[ActionItem],
    links: Mapping[int, str],
    people: Mapping[str, Person],
    owed: tuple[Part, ...],
    today: date,
    *,
    more: bool = False,
    greets: bool = False,
) -> Message:
    """What needs somebody, what else is theirs, and for whoever has neither what this is.

    `owed` is what they have left to do for customers, as the list of what is theirs draws it; `links`
    lead from a case's number to its retro. `greets`: they are told what this is, whatever is theirs.
    """
    greets = greets or not (items or owed)
    needing = [item for item in items if _needs(item, today)]
    others = [item for item in items if not _needs(item, today)]
    parts: list[Part] = []
    if greets:
        parts += [*INTRODUCTION, Buttons(buttons=(MARK_FAILED, *MORE)), EXAMPLE, Divider()]
    parts.append(Paragraph(words=(Bold(text="Needs you"),)))
    parts += [*owed, *(own_line(item, links, people, today) for item in needing)]
    if not needing and not owed:
        parts.append(Context(words=(NOTHING,)))
    if others:
        parts += [Divider(), Paragraph(words=(Bold(text="Mine"),))]
        parts += [own_line(item, links, people, today) for item in others]
    if more:
        parts.append(Line(words=("There is more.",), button=MINE))
    if not greets:
        plain = MARK_FAILED.model_copy(update={"look": "plain"})
        parts += [Divider(), Buttons(buttons=(plain, *MORE))]
    return Message(
        summary=NOTHING if not needing and not owed else "Something needs you.", parts=tuple(parts)
    )


def _needs(item: ActionItem, today: date) -> bool:
    """Whether it waits for its owner's yes, or is late."""
    return not item.cancelled and (item.state == "proposed" or is_late(item, today))
