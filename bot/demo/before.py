"""What came before the month, told shortly: cases whose fixes were verified, for the trends."""

from typing import NamedTuple

from bot.demo.story import (
    CLINIC,
    ENERGY,
    GRETA,
    HANA,
    JONAS,
    KARIM,
    LUCY,
    MINA,
    PARCELS,
    PIA,
    RUTH,
    TOMAS,
    Story,
    do,
)
from bot.domain.channel import Channel

TEAMS = {PARCELS.id: (MINA, JONAS, PIA), CLINIC.id: (RUTH, TOMAS, HANA), ENERGY.id: (GRETA, KARIM, LUCY)}
"""Who leads each team, who puts things right there, and who looks whether they are."""


class Past(NamedTuple):
    """A case that failed on a day, with one fix, done and verified so many `days` later."""

    channel: Channel
    day: int
    reference: str
    what: str
    gap: str
    fix: str
    changed: str
    days: int = 4
    ended: str = "recovered"


def _story(past: Past) -> Story:
    lead, owner, seer = TEAMS[past.channel.id]
    day, over = past.day, past.day + past.days
    thanks = {"words": "Thank you for telling me."} if past.ended == "recovered" else {}
    item: dict[str, str | int] = {"what": past.fix, "gap": past.gap, "owner": owner.id, "due": day + 4}
    sorry = "We did not do what we said we would. I am sorry."
    return Story(
        past.reference,
        past.channel,
        (
            do(day, "10:00", lead, "case.fail", what_happened=past.what, reference=past.reference),
            do(
                # What takes longer to put right was taken up later.
                day if past.days == 4 else day + 1,
                "12:00",
                lead,
                "recovery.apologise",
                how="A call",
                words=sorry,
            ),
            do(day, "15:00", owner, "action_item.add", past.reference, **item),
            do(over, "11:00", owner, "action_item.done", past.reference, changed=past.changed),
            do(over, "14:00", seer, "action_item.verify", past.reference, saw="I tried it this week."),
            do(over, "14:30", lead, "retro.close", outcome="fixes agreed"),
            do(over, "15:00", lead, "recovery.verdict", verdict=past.ended, **thanks),
        ),
    )


PASTS = (
    Past(
        PARCELS,
        -112,
        "PS-0912",
        "A wedding dress came a day after the wedding.",
        "communication",
        "Whoever takes an order asks for the day it is needed",
        "The order form has a field for it.",
    ),
    Past(
        CLINIC,
        -101,
        "CD-0031",
        "Nobody could say on a Saturday which pharmacy was open.",
        "after-hours support",
        "The list of open pharmacies hangs at the desk on Fridays",
        "It is printed with the week's rota.",
    ),
    Past(
        PARCELS,
        -94,
        "PS-1140",
        "A parcel for number 7 was left at number 17, again.",
        "training",
        "New drivers ride the hill once with somebody who knows it",
        "The first two did, last week.",
        days=6,
    ),
    Past(
        ENERGY,
        -83,
        "EN-7702",
        "A contract was ended for the wrong flat.",
        "process",
        "The meter's number is read back before a contract ends",
        "It is the second line of the form.",
    ),
    Past(
        PARCELS,
        -75,
        "PS-1377",
        "A parcel for the hill was carried back twice, because the gate was not known.",
        "training",
        "The gates of the hill are on the drivers' map",
        "The map is in every van.",
    ),
    Past(
        PARCELS,
        -61,
        "PS-1502",
        "The label printer cut off the last line of long addresses.",
        "process",
        "Long addresses are printed on two labels",
        "The new template does it.",
        days=7,
        ended="no answer",
    ),
    Past(
        ENERGY,
        -52,
        "EN-8013",
        "A move was written down and never passed on.",
        "process",
        "A move is only closed with the number of its order",
        "The form does not close without it.",
        days=6,
    ),
    Past(
        PARCELS,
        -40,
        "PS-1688",
        "A customer heard from the driver, not from us, that the shop had moved.",
        "communication",
        "A move is told by letter two weeks before",
        "The letter is ready for the next one.",
    ),
)
STORIES = tuple(map(_story, PASTS))
