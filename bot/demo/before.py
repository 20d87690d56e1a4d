"""What came before the last month, told shortly: cases whose fixes were verified, for the trends."""

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
SPAN = "five months"
"""From the first of these cases to the last day, as people read it."""


class Past(NamedTuple):
    """A case that failed on a day, with one fix, done and verified so many `days` later.

    `sorry` is the apology, `saw` what the verifier wrote, and `said` what the customer said in the end;
    one who said nothing gave no answer.
    """

    channel: Channel
    day: int
    reference: str
    what: str
    gap: str
    fix: str
    changed: str
    sorry: str
    saw: str
    said: str
    days: int = 4


def _story(past: Past) -> Story:
    lead, owner, seer = TEAMS[past.channel.id]
    day, over = past.day, past.day + past.days
    ended = {"verdict": "recovered", "words": past.said} if past.said else {"verdict": "no answer"}
    item: dict[str, str | int] = {"what": past.fix, "gap": past.gap, "owner": owner.id, "due": day + 4}
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
                words=past.sorry,
            ),
            do(day, "15:00", owner, "action_item.add", past.reference, **item),
            do(over, "11:00", owner, "action_item.done", past.reference, changed=past.changed),
            do(over, "14:00", seer, "action_item.verify", past.reference, saw=past.saw),
            do(over, "14:30", lead, "retro.close", outcome="fixes agreed"),
            do(over, "15:00", lead, "recovery.verdict", **ended),
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
        "I am sorry. We never asked when the dress was needed, and it came too late to be worn.",
        "My last order asked me for the day.",
        "Nobody can give me that day back. But I believe you that you are sorry.",
    ),
    Past(
        CLINIC,
        -101,
        "CD-0031",
        "Nobody could say on a Saturday which pharmacy was open.",
        "after-hours support",
        "The list of open pharmacies hangs at the desk on Fridays",
        "It is printed with the week's rota.",
        "I am sorry. You stood here with a prescription, and none of us knew where to send you.",
        "It hung there on Friday, with the right three names.",
        "My mother got her drops on Sunday. It is all right now.",
    ),
    Past(
        PARCELS,
        -94,
        "PS-1140",
        "A parcel for number 7 was left at number 17, again.",
        "training",
        "New drivers ride the hill once with somebody who knows it",
        "The first two did, last week.",
        "I am sorry. Your parcel went to number 17 a second time, though we said it never would.",
        "I rode along with the second one.",
        "My neighbour and I are on first-name terms by now. Thank you for calling.",
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
        "I am sorry. We ended your contract instead of the one below, and your evening was dark.",
        "I ended one by the form, and it asked me.",
        "The light was back the same evening, and you rang twice. Good.",
    ),
    Past(
        PARCELS,
        -75,
        "PS-1377",
        "A parcel for the hill was carried back twice, because the gate was not known.",
        "training",
        "The gates of the hill are on the drivers' map",
        "The map is in every van.",
        "I am sorry. Our driver stood at the wrong gate twice and took your parcel away again.",
        "I found the upper gate by it.",
        "The third time he came to the right gate, and waved.",
    ),
    Past(
        PARCELS,
        -61,
        "PS-1502",
        "The label printer cut off the last line of long addresses.",
        "process",
        "Long addresses are printed on two labels",
        "The new template does it.",
        "I am sorry. Our label lost your house number, and your parcel went back without a word.",
        "A label with five lines came out whole.",
        "",
        days=7,
    ),
    Past(
        ENERGY,
        -52,
        "EN-8013",
        "A move was written down and never passed on.",
        "process",
        "A move is only closed with the number of its order",
        "The form does not close without it.",
        "I am sorry. You told us of your move in good time, and we let it lie.",
        "I tried to close one without it, and could not.",
        "Both bills are right now. Thank you.",
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
        "I am sorry. You should have heard from us that we move, and not in front of a closed shop.",
        "I read it as if I were a customer: day and new address are there.",
        "The new shop is nearer, after all.",
    ),
)
STORIES = tuple(map(_story, PASTS))
