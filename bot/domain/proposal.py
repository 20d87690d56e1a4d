"""A proposal: what a helpdesk told of one ticket, which somebody opens as a case, or waves off."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import BaseModel

from bot.domain.case import Case
from bot.domain.connection import RuleName, Rules, met
from bot.domain.errors import Refused
from bot.domain.reference import ProposalRef, key_of
from bot.domain.signal import Signal, without_customer

ProposalState = Literal["proposed", "opened", "waved off", "lapsed", "forgotten"]
"""`forgotten`: its customer was, before it became a case; now it cannot become one any more."""
ProposalStep = Literal["open", "tie", "wave_off", "lapse", "worsen"]
"""`tie`: somebody had marked its case failed by hand. `worsen`: its ticket got worse after the proposal
was waved off or had lapsed, so it is asked about again."""
WORKING_DAYS = 10
"""After so many working days a proposal that nobody decided goes away by itself."""


class ProposalStepRow(NamedTuple):
    """A step of a proposal: from which states, and to which."""

    places: tuple[ProposalState, ...]
    to: ProposalState


BECOMES_A_CASE = ProposalStepRow(("proposed", "waved off", "lapsed"), "opened")
STEPS: Mapping[ProposalStep, ProposalStepRow] = {
    "open": BECOMES_A_CASE,
    "tie": BECOMES_A_CASE,
    "wave_off": ProposalStepRow(("proposed",), "waved off"),
    "lapse": ProposalStepRow(("proposed",), "lapsed"),
    "worsen": ProposalStepRow(("waved off", "lapsed"), "proposed"),
}
OTHERWISE: Mapping[ProposalState, str] = {
    "proposed": "This still waits for somebody to decide.",
    "opened": "Somebody has opened the retro of this already.",
    "waved off": "Somebody has waved this off already.",
    "lapsed": "Nobody decided this in time, so it went away; its retro can still be opened.",
    "forgotten": "The customer of this is forgotten, and what they wrote: nothing is left to decide.",
}
"""The sentence for a step that a state does not allow."""


class ProposalChange(BaseModel, frozen=True):
    """One step: by whom ("" where nobody did it), when, and in which words."""

    step: ProposalStep
    by: str
    at: datetime
    why: str = ""


class Proposal(BaseModel, frozen=True):
    """What is known of one ticket that met a rule; `number` counts within the workspace.

    `connection_id` and `ticket` say where notes about it go, also once it is case `case_number`.
    `reference` is what people call the ticket: there is one proposal for each of a connection.
    """

    number: int
    connection_id: str
    channel_id: str
    ticket: str
    reference: str | None
    signal: Signal
    """What is known of the ticket, up to the decision where there was one."""
    rules: tuple[RuleName, ...] = ()
    """Which rules it met."""
    made_at: datetime
    gathered: bool = False
    """It has no message of its own: it was more than its connection may propose in a day, or somebody
    had marked the case failed before."""
    state: ProposalState = "proposed"
    history: tuple[ProposalChange, ...] = ()
    case_number: int | None = None
    later: Signal | None = None
    """The customer's last word since it was opened: a draft of how it ended."""
    forgotten_at: datetime | None = None
    """When what identifies the customer was removed."""
    version: int = 1

    @property
    def label(self) -> str:
        """`P-7`."""
        return f"P-{self.number}"

    @property
    def ref(self) -> ProposalRef:
        """What its buttons and forms carry."""
        return ProposalRef(number=self.number, key=key_of(self.number, self.made_at))

    @property
    def last(self) -> ProposalChange | None:
        """The last step, if there was one."""
        return self.history[-1] if self.history else None

    @property
    def waits_since(self) -> datetime:
        """Since when somebody has to decide."""
        return self.last.at if self.last else self.made_at


NOT_WAVED_OFF = "This is not waved off any more, so there is nothing to say about that."


def check(proposal: Proposal, step: ProposalStep) -> None:
    """Refuses a step that the proposal does not allow as it is."""
    if proposal.state not in STEPS[step].places:
        raise Refused(OTHERWISE[proposal.state])


def take(
    proposal: Proposal, step: ProposalStep, by: str, at: datetime, why: str = "", case: int | None = None
) -> Proposal:
    """The proposal after a step; `case` is the number of the case that it became."""
    check(proposal, step)
    changed = ProposalChange(step=step, by=by, at=at, why=why)
    moved = {"state": STEPS[step].to, "history": (*proposal.history, changed), "case_number": case}
    return proposal.model_copy(update=moved)


def worsen(proposal: Proposal, now: Signal, rules: Rules, at: datetime) -> Proposal:
    """The proposal once its ticket got worse: it waits again, and says how the ticket is now."""
    again = take(proposal, "worsen", "", at)
    return again.model_copy(update={"signal": now, "rules": met(now, rules)})


def forget(proposal: Proposal, scrub: Callable[[str], str], at: datetime) -> Proposal:
    """The proposal without its customer, its ticket, and every way back to them.

    It is `forgotten` then, unless it became a case.
    """
    gone = {"reference": None, "ticket": "", "later": None, "forgotten_at": at}
    state = "opened" if proposal.state == "opened" else "forgotten"
    signal = without_customer(proposal.signal, scrub)
    left = scrub_whys(proposal, scrub)
    return left.model_copy(update={**gone, "signal": signal, "state": state})


def scrub_whys(proposal: Proposal, scrub: Callable[[str], str]) -> Proposal:
    """The proposal with what is left of each why."""
    history = tuple(change.model_copy(update={"why": scrub(change.why)}) for change in proposal.history)
    return proposal.model_copy(update={"history": history})


def tie(proposal: Proposal, case: Case) -> Proposal:
    """The proposal of a case that somebody marked failed by hand: what is said since then is of it."""
    since = max(case.failed_at, proposal.last.at) if proposal.last else case.failed_at
    return take(proposal, "tie", "", since, case=case.number)


def tells_since(proposal: Proposal) -> datetime | None:
    """From when on its ticket is told what becomes of the case; None: from the beginning."""
    tied = proposal.last is not None and proposal.last.step == "tie"
    return proposal.made_at if tied else None


def is_against(proposal: Proposal, rules: Rules) -> bool:
    """Whether somebody waved off what these very rules let through."""
    return proposal.state == "waved off" and (rules.since is None or proposal.made_at >= rules.since)


def with_why(proposal: Proposal, why: str) -> Proposal:
    """The proposal with why its last step was taken."""
    *before, last = proposal.history
    history = (*before, last.model_copy(update={"why": why}))
    return proposal.model_copy(update={"history": history})
