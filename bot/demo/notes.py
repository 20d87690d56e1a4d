"""The notes that walk a newcomer through the demo."""

from typing import NamedTuple

from bot.demo.before import SPAN
from bot.demo.parcels import DARK, LOCKER
from bot.demo.story import ENERGY, MINA, PARCELS
from bot.messages.parts import CALLED

READER = MINA
"""Whose eyes a newcomer looks through at first: a team's lead, to whom much has happened."""


class Note(NamedTuple):
    """A note, and where it is read: a channel's id, the name of a case whose retro it is about, or ""
    for the reader's direct messages.

    `at_item`: the retro is opened at its first action item.
    """

    where: str
    title: str
    words: str
    at_item: bool = False


NOTES = (
    Note(
        PARCELS.id,
        f"Three teams, {SPAN}",
        "A parcel shop, a clinic's front desk and an energy supplier keep their failed cases here. You "
        "look through the eyes of Mina, who leads the parcel shop; under “You are”, above the channels, "
        "you can be somebody else. Everything is made up, so press what you like.",
    ),
    Note(
        DARK.name,
        "A failed case opens a blameless retro",
        "This one is the newest. It asks what training, communication or after-hours support was "
        "missing, never who. Press Answer and say what would have helped, with your name or without it.",
    ),
    Note(
        LOCKER.name,
        "Answers become action items, and customers are heard",
        "Somebody agrees to each item, is reminded of it, and somebody else verifies that it works. One "
        "here is late, one waits for a yes. The customer's card, further up, says what they were told "
        "and promised.",
        at_item=True,
    ),
    Note(
        ENERGY.id,
        "A helpdesk can tell of failed cases, and somebody decides",
        "The energy supplier's helpdesk says when a rating is bad or an answer comes too late. The last "
        "message here is a ticket that waits: open its retro, or say “Not this one”. Of HD-3107, "
        "further up, the customer has rated anew since, as their card in its thread says. The demo "
        f"connects no helpdesk; in an Amends of your own, a lead types {CALLED} connect.",
    ),
    Note(
        "",
        "What needs you comes to you",
        "Amends writes to you alone about what is yours and what needs a lead: in your working hours, "
        "and seldom. Now go to a channel: below the list of them, Status shows what is open there, and "
        "Trends which gap keeps coming back. Mark a case failed opens a retro of your own.",
    ),
)
