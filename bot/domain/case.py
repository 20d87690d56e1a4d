"""A case: one piece of work for a customer, here once it has failed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel

from bot.domain.errors import NextStep, Refused
from bot.domain.link import is_web_link
from bot.domain.reference import CaseRef, key_of
from bot.domain.working_hours import WorkingHours, is_working, is_working_day, today

CaseState = Literal["open", "failed", "recovered", "not recovered", "no answer"]


CaseStep = Literal["edit", "cancel", "restore"]
TOLD_ANEW_AFTER = timedelta(hours=1)
FIRST_BRING_BACK = "{label} is cancelled: press Bring it back on its retro first."


def first_bring_back(label: str) -> Refused:
    """The refusal of what goes on with a cancelled case; of a case, with the button that undoes that."""
    is_case = label.startswith("C-")
    instead = NextStep("Bring it back", "case.restore", label) if is_case else None
    return Refused(FIRST_BRING_BACK.format(label=label), instead=instead)


class CaseStepRow(NamedTuple):
    """A step of a case: whether it starts from a cancelled one, and the sentence when not."""

    of_cancelled: bool
    otherwise: str


CASE_STEPS: Mapping[CaseStep, CaseStepRow] = {
    "edit": CaseStepRow(False, FIRST_BRING_BACK),
    "cancel": CaseStepRow(False, "{label} is already cancelled."),
    "restore": CaseStepRow(True, "{label} is not cancelled."),
}


class CaseChange(BaseModel, frozen=True):
    """One change of a case: which, by whom ("" where nobody did it), when, and in which words."""

    step: CaseStep
    by: str
    at: datetime
    why: str = ""
    same_as: int | None = None
    """The number of the case that it was found to be, and that has its answers and items since."""
    customer: str = ""
    reference: str = ""
    """What an edit replaced, or else how a helpdesk calls the customer: it may stand in answers, where
    forgetting the customer looks for it."""


class Case(BaseModel, frozen=True):
    """A case as the team knows it; `number` counts within the workspace.

    `happened_at` is UTC; when only the day is known (`happened_by_day`) it is that day's midnight
    in the team's zone. `link` leads to the chat message it was marked failed from, or to the
    ticket that this was about.
    """

    number: int
    channel_id: str
    what_happened: str
    reference: str | None = None
    customer: str | None = None
    happened_at: datetime | None = None
    happened_by_day: bool = False
    public_post: str | None = None
    link: str | None = None
    kind: str | None = None
    """What its team calls this kind of case; None where nobody said one."""
    failed_at: datetime
    state: CaseState = "failed"
    forgotten_at: datetime | None = None
    """When what identifies the customer was removed."""
    history: tuple[CaseChange, ...] = ()
    version: int = 1

    @property
    def cancellation(self) -> CaseChange | None:
        """By whom it was cancelled, when and why; None while it counts."""
        moved = [change for change in self.history if change.step != "edit"]
        return moved[-1] if moved and moved[-1].step == "cancel" else None

    @property
    def last_change(self) -> CaseChange | None:
        """The last change that a person made; None where nobody made any."""
        return next((change for change in reversed(self.history) if change.by), None)

    @property
    def same_as(self) -> int | None:
        """The case that it is, as somebody found; None of one that stands for itself, also again."""
        return self.cancellation.same_as if self.cancellation else None

    @property
    def cancelled(self) -> bool:
        """Whether it was marked failed by mistake, and nobody brought it back."""
        return self.cancellation is not None

    @property
    def shown_state(self) -> str:
        """The word people see: cancelled, or how it ended so far."""
        return "cancelled" if self.cancelled else self.state

    @property
    def label(self) -> str:
        """`C-7`."""
        return f"C-{self.number}"

    @property
    def ref(self) -> CaseRef:
        """What its buttons and forms carry."""
        return CaseRef(number=self.number, key=key_of(self.number, self.failed_at))


def told_as(case: Case) -> int:
    """The number of the change under which people are told that it is cancelled, or back again.

    Whoever cancels a case again within the hour makes no second message, but changes the first; 0 of a
    case that was never cancelled.
    """
    cancels = [place for place, change in enumerate(case.history, 1) if change.step == "cancel"]
    told = cancels[-1] if cancels else 0
    for place in reversed(cancels):
        if case.history[told - 1].at - case.history[place - 1].at > TOLD_ANEW_AFTER:
            break
        told = place
    return told


def check(case: Case, step: CaseStep) -> None:
    """Refuses a step that the case does not allow as it is."""
    row = CASE_STEPS[step]
    if case.cancelled != row.of_cancelled:
        raise Refused(row.otherwise.format(label=case.label))


def change(
    case: Case, step: CaseStep, by: str, at: datetime, why: str = "", same_as: "Case | None" = None
) -> Case:
    """The case after it was cancelled, or brought back; refuses what is not allowed."""
    check(case, step)
    if same_as is not None:
        check(same_as, "edit")
        why = f"same as {same_as.label}"
    kept = same_as.number if same_as else None
    changed = CaseChange(step=step, by=by, at=at, why=why, same_as=kept)
    return case.model_copy(update={"history": (*case.history, changed)})


def follow(double: Case, case: Case, kept: Case) -> Case:
    """A double of a case, once that turned out to be another one itself: what moved is there now."""
    history = tuple(
        change.model_copy(update={"same_as": kept.number, "why": f"same as {kept.label}"})
        if change.same_as == case.number
        else change
        for change in double.history
    )
    return double.model_copy(update={"history": history})


def without_reference(double: Case) -> Case:
    """A double whose reference the case takes over that it is; what it was called is kept with it."""
    *before, last = double.history
    kept = last.model_copy(update={"reference": double.reference or ""})
    return double.model_copy(update={"reference": None, "history": (*before, kept)})


def check_edit(case: Case) -> None:
    """Refuses to edit a case whose customer was forgotten: what was removed must not come back."""
    check(case, "edit")
    if case.forgotten_at is not None:
        raise Refused(
            f"The customer's details of {case.label} were forgotten, so it cannot be edited any more."
        )


def edits(case: Case) -> tuple[CaseChange, ...]:
    """By whom and when its facts were changed, the first time first."""
    return tuple(change for change in case.history if change.step == "edit")


def edit(case: Case, facts: Mapping[str, object], by: str, at: datetime) -> Case:
    """The case with other facts, and who changed them; the same case when none of them differs."""
    check_edit(case)
    edited = case.model_copy(update=facts)
    if edited == case:
        return case
    replaced = {
        name: was
        for name in ("customer", "reference")
        if (was := getattr(case, name)) and was != getattr(edited, name)
    }
    change = CaseChange(step="edit", by=by, at=at, **replaced)
    return edited.model_copy(update={"history": (*case.history, change)})


def fill_in(case: Case, words: str, customer: str, at: datetime) -> Case:
    """The case in its customer's words, which were read on the ticket once it was open.

    Nobody edited it, and whoever is named as its customer stays. How the helpdesk calls them is kept
    with the change, because it may stand in the words: forgetting takes it out there.
    """
    named = case.customer or customer or None
    filled = edit(case, {"what_happened": words, "customer": named}, "", at)
    if filled == case or named == customer:
        return filled
    *before, last = filled.history
    called = last.model_copy(update={"customer": customer})
    return filled.model_copy(update={"history": (*before, called)})


def check_public_post(link: str) -> None:
    """Refuses a public post that is no link."""
    if not is_web_link(link):
        raise Refused("A public post is a link that starts with https://.")


def outside_hours(case: Case, hours: WorkingHours) -> bool:
    """Whether it happened outside the team's hours; False when nobody said when."""
    if case.happened_at is None:
        return False
    if case.happened_by_day:
        return not is_working_day(hours, today(hours.zone, case.happened_at))
    return not is_working(hours, case.happened_at)


def number_of(label: str, prefix: Literal["C", "AI"]) -> int:
    """7 for `C-7`; refuses what is no such number."""
    head, dash, digits = label.strip().upper().partition("-")
    # More digits than this overflow the database's integer, and no workspace counts so far.
    if head != prefix or not dash or not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise Refused(f"{label[:40]!r} is not a number like {prefix}-7.")
    return int(digits)


class OfACase(Protocol):
    """Something that belongs to a case."""

    @property
    def case_number(self) -> int: ...


Thing = TypeVar("Thing", bound=OfACase)


def by_case(things: Iterable[Thing]) -> Mapping[int, list[Thing]]:
    """The things of each case, in their order; of a case without any, none."""
    found: dict[int, list[Thing]] = defaultdict(list)
    for thing in things:
        found[thing.case_number].append(thing)
    return found
