"""Who is in the demo, and how what happens there is told: by scenes on days of one month.

Days are counted from the last one (0), backwards in working days; a `due` or `date` is such a day, too.
Everybody and everything is made up.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bot.commands.signal import HELPDESK
from bot.domain.channel import Channel
from bot.domain.person import Person

PARCELS = Channel(id="parcel-shop", name="parcel-shop")
CLINIC = Channel(id="clinic-desk", name="clinic-desk")
ENERGY = Channel(id="energy-line", name="energy-line")

MINA, JONAS, PIA = (Person(id=f"u_{name.lower()}", name=name) for name in ("Mina", "Jonas", "Pia"))
RUTH, HANA = (Person(id=f"u_{name.lower()}", name=name) for name in ("Ruth", "Hana"))
TOMAS = Person(id="u_tomas", name="Tomás")  # a browser sends the id in a header, which takes no accents
GRETA, KARIM, LUCY = (Person(id=f"u_{name.lower()}", name=name) for name in ("Greta", "Karim", "Lucy"))
PEOPLE = (MINA, JONAS, PIA, RUTH, TOMAS, HANA, GRETA, KARIM, LUCY)

SAYS = "says"
"""What somebody does who only writes a message: in the case's thread, or in the channel."""


CONNECTS, TELLS = "connects", "tells"
"""That a lead connects the channel's helpdesk, and that this tells of a ticket: values of a Signal."""


class Scene(NamedTuple):
    """One thing that somebody does: a command with the values of its form, or a message.

    `item` names the action item that it adds or is about, or the ticket; without one it is about the
    case.
    """

    day: int
    at: str
    who: Person
    does: str
    values: Mapping[str, str | int] | None = None
    item: str = ""


class Story(NamedTuple):
    """What happens in one channel around one case, or around none when it has no `name`."""

    name: str
    channel: Channel
    scenes: Sequence[Scene]


def do(day: int, at: str, who: Person, does: str, item: str = "", **values: str | int) -> Scene:
    """Somebody does something; `values` are what its form says."""
    return Scene(day, at, who, does, values or None, item)


def tells(day: int, at: str, ticket: str, **said: str | int) -> Scene:
    """The helpdesk tells of a ticket."""
    return Scene(day, at, HELPDESK, TELLS, said, ticket)


def answer(day: int, at: str, who: Person, unnamed: str = "", **answers: str) -> Scene:
    """Somebody answers prompts, without their name when `unnamed` says "yes"."""
    return Scene(day, at, who, "retro.answer", {**answers, "unnamed": unnamed})
