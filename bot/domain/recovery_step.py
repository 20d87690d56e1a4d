"""The steps a customer is owed: the catalogue in its natural order, and one step of one customer."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, NamedTuple

from pydantic import BaseModel

StepName = Literal[
    "hear",
    "apologise",
    "apologise_publicly",
    "ask_wish",
    "promise",
    "keep",
    "check_back",
    "tell_changed",
    "verdict",
]
StepState = Literal["to do", "done", "not needed"]
Verdict = Literal["recovered", "not recovered", "no answer"]
VERDICTS: tuple[Verdict, ...] = ("recovered", "not recovered", "no answer")
QUESTIONS = ("Have we fixed everything for you?", "What else can we do for you?")


HOLDING = "no change named"
"""How the customer was told where things stand, while no fix was verified."""


class Kind(NamedTuple):
    """One line of the catalogue: a step's name, its label, what to do, and what usually comes before.

    `short` is its word where all of them stand on one line.
    `outcome` is what came of a reminder when it was this step. `upset` is the gentle sentence when it
    came before the step named in `after`. `waits` says since when it is owed, when that is not from the
    beginning. `public`: only with a public post. `noted` is said to whoever noted it; what the customer
    says in the end has sentences of its own.
    """

    name: StepName
    label: str
    short: str
    task: str
    outcome: str
    after: StepName | None = None
    upset: str = ""
    waits: str = ""
    public: bool = False
    noted: str = ""


# The catalogue in its natural order. The card, the forms and the buttons are made from it.
CATALOGUE = (
    Kind(
        "hear",
        "Hear the customer",
        "Hear",
        "Ask what it was like for them, and keep it in their own words.",
        "customer heard",
        noted="Kept in their own words. Thank you for listening.",
    ),
    Kind(
        "apologise",
        "Apologise in person",
        "Apologise",
        "Say sorry to them yourself; a call is best.",
        "apologised",
        noted="Noted. Thank you for saying sorry.",
    ),
    Kind(
        "apologise_publicly",
        "Apologise in public",
        "In public",
        "Answer where they complained, after the apology in person.",
        "apologised in public",
        after="apologise",
        upset="The apology in public came before the one in person: they may have read it first.",
        public=True,
        noted="Noted, with the link to it. Thank you.",
    ),
    Kind(
        "ask_wish",
        "Ask what would make it right",
        "Wish",
        "Ask for their wish, and keep it in their own words.",
        "asked for their wish",
        noted="Kept in their own words. Thank you for asking.",
    ),
    Kind(
        "promise",
        "Promise",
        "Promise",
        "Agree on what you will do and by when, and tell them.",
        "promised",
        after="ask_wish",
        upset="The promise came before asking what would make it right: ask if it is what they need.",
        noted="Noted. Whoever keeps the promise is reminded in time.",
    ),
    Kind(
        "keep",
        "Keep the promise",
        "Keep it",
        "Do what was promised.",
        "promise kept",
        after="promise",
        upset="Something was done before anything was promised: tell the customer about it.",
        waits="once something is promised",
        noted="Noted: the promise is kept. Thank you.",
    ),
    Kind(
        "check_back",
        "Check back",
        "Check back",
        "Ask them both questions one working day after the promise was kept.",
        "checked back",
        after="keep",
        upset="You checked back before the promise was kept: ask once more when it is.",
        waits="one working day after the promise was kept",
        noted="Noted. Thank you for checking back.",
    ),
    Kind(
        "tell_changed",
        "Tell what changed",
        "Tell",
        "Tell them what is different now, and ask for their view.",
        "told",
        waits="once the retro is finished and a fix is verified",
        noted="Noted: they know what changed. Thank you.",
    ),
    Kind(
        "verdict",
        "How it ended",
        "End",
        "Ask them how it was, and keep their own words.",
        "noted how it ended",
    ),
)
STEPS: Mapping[StepName, Kind] = {kind.name: kind for kind in CATALOGUE}
WITHOUT_CHANGE = STEPS["tell_changed"]._replace(
    label="Say where things stand",
    task="No fix is verified yet, so there is no change to tell: say so, and ask for their view.",
    noted="Noted: they know where things stand. Thank you.",
)
"""What takes the place of *Tell what changed* when the retro is finished and no fix is verified."""


class Step(BaseModel, frozen=True):
    """One step for one customer; `owner` None is the case's contact.

    `words` are the customer's (their account, wish, verdict), ours (what was said, promised, done) or,
    when it is not needed, the why. `view` is what the customer answered to them.
    """

    name: StepName
    state: StepState = "to do"
    owner: str | None = None
    by: str | None = None
    at: datetime | None = None
    words: str = ""
    how: str = ""
    due: date | None = None
    """The promise: by when, a whole day in the zone of whoever keeps it."""
    check_back_by: date | None = None
    """A promise that was kept: the day on which to check back, the team's; not known of older ones."""
    link: str = ""
    view: str = ""
    chosen: Verdict | None = None
    told: int = 0
    """Under which number people were told of this *not recovered*; 0: as its round counts."""
    handed_by: str | None = None
    handed_why: str = ""
    corrected_by: str | None = None
    corrected_at: datetime | None = None
    """Who corrected last what was noted, and when; the moment is not known of older ones."""
    undone_by: str | None = None
    undone_why: str = ""
    """Who took the step back, so that it is to do again, and why; until it is done again."""

    @property
    def kind(self) -> Kind:
        """Its line of the catalogue, as it was taken."""
        return WITHOUT_CHANGE if self.how == HOLDING else STEPS[self.name]
