"""A recovery: everything owed to the customer of a failed case, until they say how it was for them."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import NamedTuple

from pydantic import BaseModel

from bot.domain.case import Case
from bot.domain.errors import Refused
from bot.domain.recovery_step import (
    CATALOGUE,
    HOLDING,
    STEPS,
    WITHOUT_CHANGE,
    Kind,
    Step,
    StepName,
    StepState,
    Verdict,
)
from bot.domain.retro import ONLY_RIGHT
from bot.domain.team import Team
from bot.domain.working_hours import add_working_days, moment, next_working, today

MUST_BE_HEARD = "nothing we could have changed"
APOLOGY_ENOUGH = "an apology was enough"
SETTLED_BY_APOLOGY: tuple[StepName, ...] = (
    "ask_wish",
    "promise",
    "keep",
    "check_back",
    "tell_changed",
)
"""What is not needed any more once an apology was enough."""
WITHOUT_PROMISE: tuple[StepName, ...] = ("keep", "check_back")
FOLLOWS: Mapping[StepName, tuple[StepName, ...]] = {
    "promise": WITHOUT_PROMISE,
    "keep": ("check_back",),
}
"""What goes with a step that is taken back: without a promise none was kept."""
OF_APOLOGY = ("by", "at")
CORRECTED = ("words", "how", "due", "link", "view")
SILENT_ASKS, SILENT_DAYS = 2, 3
"""After so many reminders, and so many working days after the last, silence is the answer."""
A_DAY = timedelta(days=1)
MAX_TALLIED = 1000
"""What people read says "more than" from there on, so that nothing counts for ever."""


class Recovery(BaseModel, frozen=True):
    """What is owed to the customer of case number `case`; there is at most one per case.

    `contact` looks after the customer. `apologise_by` is the team's aim of `aim` working days, a day in
    its zone. `earlier` holds the steps of former rounds, each ended by *not recovered*. `enough` says
    why an apology was enough, and `gaps` what was missing then. `finished_at` is there while the retro
    is finished, and `has_verified` says whether a fix was verified by then.
    """

    case_number: int
    channel_id: str
    contact: str | None
    failed_at: datetime
    begun_at: datetime
    aim: int
    apologise_by: date
    steps: tuple[Step, ...]
    earlier: tuple[tuple[Step, ...], ...] = ()
    enough: str = ""
    gaps: tuple[str, ...] = ()
    finished_at: datetime | None = None
    has_verified: bool = False
    touched_at: datetime
    cancelled: bool = False
    """As its case is: kept here too, so that lists and the clock pass it by."""
    version: int = 1

    @property
    def label(self) -> str:
        """`R-7`: its name among the things that are reminded of; people know it by its case."""
        return f"R-{self.case_number}"

    @property
    def case_label(self) -> str:
        """`C-7`, what people read."""
        return f"C-{self.case_number}"

    @property
    def outcome(self) -> Verdict | None:
        """The customer's verdict, once it is there."""
        return self.steps[-1].chosen

    @property
    def state(self) -> str:
        """The word people see: open, recovered, no answer or cancelled."""
        return "cancelled" if self.cancelled else self.outcome or "open"

    def step(self, name: StepName) -> Step:
        """The step of this name; refuses one that this case has not."""
        found = next((step for step in self.steps if step.name == name), None)
        if found is None:
            raise Refused(
                f"{self.case_label} has no public post, so there is no public apology to make."
            )
        return found

    def is_in(self, name: StepName, *states: StepState) -> bool:
        """Whether the step is there and in one of these states."""
        return any(step.name == name and step.state in states for step in self.steps)


class Tally(NamedTuple):
    """How the recoveries of a channel ended: nobody's figures, only the channel's.

    `enough` of the recovered ones needed no more than an apology. Each is counted up to MAX_TALLIED;
    one more stands for all that are more.
    """

    recovered: int = 0
    enough: int = 0
    unanswered: int = 0


def begin(case: Case, contact: str | None, team: Team, at: datetime) -> Recovery:
    """A recovery in which everything is still to do."""
    failed_at = _failed_at(case, team)
    return Recovery(
        case_number=case.number,
        channel_id=case.channel_id,
        contact=contact,
        failed_at=failed_at,
        begun_at=at,
        aim=team.days_to_apologise,
        apologise_by=aim_day(team, failed_at),
        steps=_to_do(in_public=case.public_post is not None),
        touched_at=at,
    )


@cache
def _to_do(*, in_public: bool) -> tuple[Step, ...]:
    return tuple(Step(name=kind.name) for kind in CATALOGUE if in_public or not kind.public)


def follow(recovery: Recovery, case: Case, team: Team) -> Recovery:
    """The recovery after its case was edited, as far as that is still true.

    The aim is counted from when it failed; a later round has a moment of its own. The public apology
    comes with a public post, and goes with it as long as it was not begun.
    """
    changed: dict[str, object] = {}
    failed_at = _failed_at(case, team)
    if not recovery.earlier and failed_at != recovery.failed_at:
        aimed = team.model_copy(update={"days_to_apologise": recovery.aim})
        changed = {"failed_at": failed_at, "apologise_by": aim_day(aimed, failed_at)}
    steps = _in_public(recovery.steps, public=case.public_post is not None)
    if recovery.outcome is None and steps != recovery.steps:
        changed["steps"] = steps
    return recovery.model_copy(update=changed) if changed else recovery


def _in_public(steps: Sequence[Step], *, public: bool) -> tuple[Step, ...]:
    """The steps with a public apology, or without one that nobody began."""
    by_name = {step.name: step for step in steps}
    if public:
        wanted = (kind.name for kind in CATALOGUE if kind.public or kind.name in by_name)
        return tuple(by_name.get(name, Step(name=name)) for name in wanted)
    return tuple(step for step in steps if step != Step(name=step.name) or not STEPS[step.name].public)


def told_rounds(recovery: Recovery) -> Mapping[int, int]:
    """The rounds that ended with *not recovered*, by the number under which people were told of them."""
    return {steps[-1].told or place: place for place, steps in enumerate(recovery.earlier, start=1)}


def is_begun(recovery: Recovery) -> bool:
    """Whether anything was noted for the customer: a step that was done or left out, in any round."""
    return bool(recovery.earlier) or any(step.state != "to do" for step in recovery.steps)


def noted(recovery: Recovery) -> tuple[StepName, ...]:
    """The steps that were done, in any round, in their natural order."""
    rounds = (*recovery.earlier, recovery.steps)
    done = {step.name for steps in rounds for step in steps if step.state == "done"}
    return tuple(kind.name for kind in CATALOGUE if kind.name in done)


def moves(double: Recovery | None, own: Recovery | None) -> bool:
    """Whether what was noted for a double moves to the case that it is, where there is nothing yet.

    Where both hold something, one of them would be lost: refused as long as the double has more to say,
    or owes something.
    """
    if double is None or not is_begun(double):
        return False
    if own is None or not is_begun(own):
        return True
    if double.outcome is not None:
        return False
    kept, label = own.case_label, double.case_label
    if promised_by(double) is not None:
        raise Refused(
            f"In {label} something is promised to the customer, and steps are noted in {kept} as well: "
            f"keep that promise first, or note it in {kept} and take it back in {label}.",
            "other",
        )
    only_there = [STEPS[name].label for name in noted(double) if name not in noted(own)]
    if only_there:
        raise Refused(
            f"Steps for the customer are noted in both: first note in {kept} what only {label} has "
            f"({', '.join(only_there)}), or take it back there.",
            "other",
        )
    return False


def carried(double: Recovery, own: Recovery | None, case: Case, team: Team, at: datetime) -> Recovery:
    """What was noted for a double, as the case has it that it was found to be.

    Whoever spoke with the customer goes on with them. In the first round the aim stays that case's own.
    """
    own = own or begin(case, double.contact, team, at)
    here: dict[str, object] = {
        "case_number": own.case_number,
        "contact": double.contact or own.contact,
        "begun_at": own.begun_at,
        "finished_at": own.finished_at,
        "has_verified": own.has_verified,
        "touched_at": at,
        "cancelled": False,
        "version": own.version,
    }
    if not double.earlier:
        here |= {"failed_at": own.failed_at, "apologise_by": own.apologise_by, "aim": own.aim}
    if double.outcome is None:
        here["steps"] = _in_public(double.steps, public=case.public_post is not None)
    return double.model_copy(update=here)


def left_behind(double: Recovery, case: Case, team: Team, at: datetime) -> Recovery:
    """The double's recovery once another case has what was noted: all is to do, should it come back."""
    stays = {"begun_at": double.begun_at, "cancelled": double.cancelled, "version": double.version}
    return begin(case, double.contact, team, at).model_copy(update=stays)


def _failed_at(case: Case, team: Team) -> datetime:
    if case.happened_at is None:
        return case.failed_at
    if not case.happened_by_day:
        return min(case.happened_at, case.failed_at)
    # Nobody said at what time: the end of that working day does the team no wrong.
    return min(case.failed_at, moment(team.zone, today(team.zone, case.happened_at), team.ends))


def aim_day(team: Team, failed_at: datetime) -> date:
    """The day by which the team wants to have apologised; what fails after hours is the next day's."""
    first = today(team.zone, next_working(team.hours, failed_at))
    return add_working_days(team.hours, first, team.days_to_apologise)


def check_back_day(team: Team, kept_at: datetime) -> date:
    """The day on which to check back with the customer: one working day after the promise was kept."""
    return add_working_days(team.hours, today(team.zone, kept_at), 1)


def owner_of(recovery: Recovery, name: StepName) -> str | None:
    """Who is to take the step."""
    step = next((step for step in recovery.steps if step.name == name), None)
    return (step.owner if step else None) or recovery.contact


def owners(recovery: Recovery) -> frozenset[str]:
    """Everybody who has something left to do for this customer, and the contact."""
    to_do = (step.owner for step in recovery.steps if step.state == "to do")
    return frozenset(owner for owner in (*to_do, recovery.contact) if owner)


# Why a step is not offered yet; those that are left out always are.
OFFERED: Mapping[StepName, Callable[[Recovery], bool]] = {
    "keep": lambda recovery: recovery.is_in("promise", "done"),
    "check_back": lambda recovery: recovery.is_in("keep", "done"),
    "tell_changed": lambda recovery: recovery.finished_at is not None,
}


def is_offered(recovery: Recovery, name: StepName) -> bool:
    """Whether the card offers the step now; any of them may be taken before, save the last but one."""
    offered = OFFERED.get(name)
    is_left = recovery.is_in(name, "to do") or (name == "tell_changed" and _is_news(recovery))
    return is_left and (offered is None or offered(recovery))


def _is_news(recovery: Recovery) -> bool:
    """Whether a fix was verified after the customer was told where things stood without one."""
    return recovery.has_verified and recovery.step("tell_changed").how == HOLDING


def kind_of(recovery: Recovery, name: StepName) -> Kind:
    """The step as this customer is owed it: without a verified fix there is no change to tell of."""
    if name == "tell_changed" and recovery.finished_at is not None and not recovery.has_verified:
        return WITHOUT_CHANGE
    return STEPS[name]


def as_told(recovery: Recovery, told: Step) -> Step:
    """The step *Tell what changed*, marked when no fix was verified as its words were written."""
    before = recovery.step("tell_changed")
    later_view = before.how == HOLDING and before.words == told.words
    return told.model_copy(update={"how": HOLDING}) if later_view or not recovery.has_verified else told


def next_step(recovery: Recovery, whose: str | None = None) -> StepName | None:
    """The natural next one; None when it has ended, or when only the retro is waited for.

    What was promised is kept, and asked about, before anything else. `whose`: only of what is theirs.
    """
    if recovery.outcome is not None:
        return None
    to_do = [step.name for step in recovery.steps if step.state == "to do"]
    to_do.sort(key=lambda name: not (name in WITHOUT_PROMISE and is_offered(recovery, name)))
    mine = (name for name in to_do if whose in (None, owner_of(recovery, name)))
    first = next(mine, None)
    return first if first is not None and is_offered(recovery, first) else None


def rests(recovery: Recovery) -> bool:
    """Whether nothing is promised, and nothing is to do before the retro is finished."""
    is_owed = recovery.outcome is None and promised_by(recovery) is None
    return is_owed and next_step(recovery) is None


# The steps that are owed by a day; a promise, which comes before them, has its own.
DUE_BY: Mapping[StepName, Callable[[Recovery], date | None]] = {
    "apologise": lambda recovery: recovery.apologise_by,
    "check_back": lambda recovery: _check_back_by(recovery.step("keep")),
}


class Due(NamedTuple):
    """A step that is owed to the customer, and by which day."""

    day: date
    step: StepName


def due_next(recovery: Recovery) -> Due | None:
    """What is owed next: what was promised, or else whichever of the other steps has the earliest day.

    None where nothing that is left has a day, and once it has ended.
    """
    if (promised := promised_by(recovery)) is not None:
        return Due(promised, "keep")
    if recovery.outcome is not None:
        return None
    days = ((day_of(recovery), name) for name, day_of in DUE_BY.items() if is_offered(recovery, name))
    return min((Due(day, name) for day, name in days if day is not None), default=None)


def next_due(recovery: Recovery) -> date | None:
    """The day by which something is owed next, None without one: what is stored, and sorted by."""
    owed = due_next(recovery)
    return owed.day if owed else None


def urgency(recovery: Recovery) -> tuple[date, int]:
    """What the most urgent of several come first by: the day of what is next due, without one last."""
    return next_due(recovery) or date.max, recovery.case_number


def _check_back_by(kept: Step) -> date | None:
    if kept.check_back_by is not None or kept.at is None:
        return kept.check_back_by
    # An older program noted it: which days its team works is not known here.
    return kept.at.date() + A_DAY


def upset(recovery: Recovery) -> tuple[str, ...]:
    """A gentle sentence for each step that came before the one that naturally precedes it."""
    by_name = {step.name: step for step in recovery.steps}
    sentences: list[str] = []
    for kind in CATALOGUE:
        step, before = by_name.get(kind.name), by_name.get(kind.after) if kind.after else None
        if step is None or before is None or step.state != "done" or before.state == "not needed":
            continue
        if before.state == "to do" or (before.at and step.at and step.at < before.at):
            sentences.append(kind.upset)
    return tuple(sentences)


def is_late(recovery: Recovery, day: date) -> bool:
    """Whether a promise should have been kept before `day`, its owner's today."""
    due = promised_by(recovery)
    return due is not None and due < day


def promised_by(recovery: Recovery) -> date | None:
    """The day by which something is promised that is still to be kept, as long as it has not ended."""
    is_owed = recovery.outcome is None and recovery.is_in("keep", "to do")
    return recovery.step("promise").due if is_owed else None


def is_heard(recovery: Recovery | None) -> bool:
    """Whether the customer's account is there."""
    return recovery is not None and bool(accounts(recovery))


def accounts(recovery: Recovery) -> tuple[Step, ...]:
    """The customer's accounts, the first one first."""
    rounds = (*recovery.earlier, recovery.steps)
    return tuple(
        step for steps in rounds for step in steps if step.name == "hear" and step.state == "done"
    )


def is_one_sided(recovery: Recovery | None) -> bool:
    """Whether the customer is still missing: neither heard nor unreachable, and no end to it yet."""
    if recovery is None:
        return True
    return not is_heard(recovery) and recovery.outcome is None and recovery.is_in("hear", "to do")


def check(recovery: Recovery, name: StepName) -> None:
    """Refuses a step that may not be taken now."""
    step, label = recovery.step(name), recovery.case_label
    if name == "tell_changed" and recovery.finished_at is None:
        raise Refused(
            f"The retro {label} is not finished yet: tell the customer once every fix is verified."
        )
    if name == "verdict" or (name == "tell_changed" and (not step.view or _is_news(recovery))):
        return
    if recovery.outcome is not None:
        raise Refused(f"The recovery of {label} is closed: {recovery.outcome}.")
    # A promise may be renewed until it is kept.
    if step.state == "done" and not (name == "promise" and recovery.is_in("keep", "to do")):
        raise Refused(f"{STEPS[name].label} is already done for {label}.")


def take(recovery: Recovery, done: Step, at: datetime) -> Recovery:
    """The recovery after a step that was done; `done` holds who, when and the words."""
    check(recovery, done.name)
    before = recovery.step(done.name)
    kept = {"state": "done", "owner": before.owner}
    changed = _with(recovery, at, done.model_copy(update=kept))
    return _awake(changed) if done.name == "promise" else changed


def _awake(recovery: Recovery) -> Recovery:
    """A promise has to be kept, even when nobody thought that there would be one."""
    slept = [step for step in recovery.steps if step.name in WITHOUT_PROMISE]
    woken = [Step(name=step.name, owner=step.owner) for step in slept if step.state == "not needed"]
    return _with(recovery.model_copy(update={"enough": ""}), recovery.touched_at, *woken)


def correctable(recovery: Recovery) -> tuple[StepName, ...]:
    """The steps that somebody noted, so that their words can be corrected."""
    return tuple(step.name for step in recovery.steps if step.state == "done" and step.by is not None)


def check_correct(recovery: Recovery, name: StepName) -> Step:
    """The step whose words are corrected; refuses one that is not done, or not any more."""
    step = recovery.step(name)
    if name not in correctable(recovery):
        raise Refused(
            f"{STEPS[name].label} is not done for {recovery.case_label}, so there is nothing to correct."
        )
    return step


def correct(recovery: Recovery, given: Step, by: str, at: datetime) -> Recovery:
    """The recovery with other words, or another day, for a step that is done; whoever did it stays.

    An apology says itself who made it, and when. A correction wakes no reminder anew.
    """
    step = check_correct(recovery, given.name)
    if given.chosen != step.chosen:
        label = STEPS["verdict"].label
        raise Refused(f"Here only the words are corrected: press {label} to change it.", "verdict")
    if given.chosen in ("recovered", "not recovered") and not given.words:
        raise Refused("Write what the customer said, in their own words.", "words")
    changed = _corrected(step, given)
    if changed == step:
        raise Refused("This is what stands there already: nothing was changed.")
    return _with(
        recovery,
        recovery.touched_at,
        changed.model_copy(update={"corrected_by": by, "corrected_at": at}),
    )


class Seen(NamedTuple):
    """How a done step stood when its form was drawn: in which round, and what tells it from another."""

    round: str
    step: str
    keeper: str

    def __str__(self) -> str:
        return ".".join(self)


def seen(recovery: Recovery, name: StepName) -> Seen:
    """What a form that corrects the step carries; the promise's says who keeps it, too."""
    keeper = owner_of(recovery, "keep") or "" if name == "promise" else ""
    noted = recovery.step(name).model_dump_json(include={*CORRECTED, *OF_APOLOGY, "chosen"})
    texts = (noted, keeper)
    step, kept_by = (hashlib.blake2s(text.encode(), digest_size=4).hexdigest() for text in texts)
    return Seen(str(len(recovery.earlier)), step, kept_by)


def changed_since(recovery: Recovery, name: StepName, was: str) -> str | None:
    """Who changed the step since a form was drawn that carries this; None when nobody is known."""
    now, (in_round, step, *_) = seen(recovery, name), (*was.split("."), "", "")
    noted = recovery.step(name)
    if in_round != now.round:
        began_anew = recovery.earlier[-1][-1].by if recovery.earlier else None
        return recovery.step("verdict").undone_by or began_anew
    if step != now.step:
        return noted.corrected_by or noted.by
    return recovery.step("keep").handed_by


def says_the_same(recovery: Recovery, given: Step) -> bool:
    """Whether a correction changes nothing of what the step keeps."""
    step = recovery.step(given.name)
    return _corrected(step, given) == step


def _corrected(step: Step, given: Step) -> Step:
    names = (*CORRECTED, *(OF_APOLOGY if given.name == "apologise" else ()))
    values = {name: getattr(given, name) for name in names}
    if given.name == "tell_changed":
        values["how"] = step.how  # whether a change was named then is not for other words to say
    return step.model_copy(update=values)


def that_can_be_taken_back(recovery: Recovery) -> tuple[StepName, ...]:
    """The steps that may be taken back now."""

    def allowed(name: StepName) -> bool:
        try:
            check_take_back(recovery, name)
        except Refused:
            return False
        return True

    return tuple(step.name for step in recovery.steps if allowed(step.name))


def check_take_back(recovery: Recovery, name: StepName) -> None:
    """Refuses to take back what is to do already, or what something later rests on."""
    step, label = recovery.step(name), recovery.case_label
    began_anew = bool(recovery.earlier) and name == "verdict" and step.state == "to do"
    if began_anew and any(other.state != "to do" for other in recovery.steps if other.name != "hear"):
        raise Refused(
            f"Steps were taken for {label} since the customer said not recovered: take those back first."
        )
    settled = bool(recovery.enough) and step.words == recovery.enough
    if name in WITHOUT_PROMISE and recovery.is_in("promise", "not needed") and not settled:
        # Alone it would wait for a promise that nobody makes.
        raise Refused(
            f"Nothing is to be promised for {label}: take back {STEPS['promise'].label} first."
        )
    if step.state == "to do" and not began_anew:
        raise Refused(f"{STEPS[name].label} is to do for {label}, so there is nothing to take back.")
    if recovery.outcome is not None and name not in ("verdict", "tell_changed"):
        raise Refused(
            f"The recovery of {label} is closed: {recovery.outcome}. Take back How it ended first."
        )


def take_back(
    recovery: Recovery, name: StepName, by: str, at: datetime, why: str, case: Case, team: Team
) -> Recovery:
    """The recovery in which a step is to do again, and what followed from it, with who says so and why.

    *Not recovered* began everything anew: taking it back brings the round before it back.
    """
    check_take_back(recovery, name)
    if not why:
        raise Refused("Say why, in a sentence.", "why")
    names: tuple[StepName, ...] = (name, *FOLLOWS.get(name, ()))
    step = recovery.step(name)
    if name == "verdict" and step.state == "to do":
        recovery = _round_before(recovery, case, team)
    elif step.state == "not needed" and recovery.enough and step.words == recovery.enough:
        names = tuple(step.name for step in _settled_by_apology(recovery))
        recovery = recovery.model_copy(update={"enough": "", "gaps": ()})
    elif name == "apologise" and recovery.enough:
        # Without the apology, none was enough.
        recovery = not_enough(recovery, at)
    undone = [
        _undone(step, by, why, lose_keeper=name == "promise" and step.name == "keep")
        for step in recovery.steps
        if step.name in names and (step.name == name or step.state != "to do")
    ]
    taken_back = _with(recovery, at, *undone)
    # A verdict that was given kept the steps as they were, whatever was said of the case since.
    return follow(taken_back, case, team) if name == "verdict" else taken_back


def _undone(step: Step, by: str, why: str, *, lose_keeper: bool) -> Step:
    # Who keeps a promise was said with it; who was handed the step, by somebody and why, keeps it.
    kept = {} if lose_keeper and not step.handed_why else {"owner", "handed_by", "handed_why"}
    held = {name: getattr(step, name) for name in kept}
    return Step(name=step.name, undone_by=by, undone_why=why, **held)


def _round_before(recovery: Recovery, case: Case, team: Team) -> Recovery:
    *before, last = recovery.earlier
    began = before[-1][-1].at if before else None
    failed_at = began or _failed_at(case, team)
    return recovery.model_copy(
        update={
            "steps": last,
            "earlier": tuple(before),
            "enough": _was_enough(last),
            "failed_at": failed_at,
            "apologise_by": aim_day(team, failed_at),
        }
    )


def _was_enough(steps: Sequence[Step]) -> str:
    """Why an apology was enough in a former round: it left all these steps out, with one why."""
    left = {step.name: step.words for step in steps if step.state == "not needed"}
    whys = {left.get(name, "") for name in ("promise", "tell_changed")}
    return whys.pop() if len(whys) == 1 else ""


def check_open(recovery: Recovery) -> None:
    """Refuses when the customer has given a verdict, or never answered."""
    if recovery.outcome is not None:
        raise Refused(f"The recovery of {recovery.case_label} is closed: {recovery.outcome}.")


def can_leave(recovery: Recovery) -> bool:
    """Whether a step is left that may turn out not to be needed; the verdict is the customer's."""
    return recovery.outcome is None and any(step.state == "to do" for step in recovery.steps[:-1])


def not_needed(recovery: Recovery, name: StepName, by: str, at: datetime, why: str) -> Recovery:
    """The recovery without a step, and why; without a promise there is none to keep."""
    if name == "verdict":
        raise Refused(
            "How it ended is for the customer to say: when they never answered, it is no answer."
        )
    step = recovery.step(name)
    check_open(recovery)
    if step.state != "to do":
        raise Refused(f"{STEPS[name].label} is already {step.state} for {recovery.case_label}.")
    if name == "keep" and recovery.is_in("promise", "done"):
        raise Refused("What was promised is kept, or promised for another day with the customer's yes.")
    if not why:
        raise Refused("Say why, in a sentence.", "why")
    names = (name, *WITHOUT_PROMISE) if name == "promise" else (name,)
    return _leave(recovery, names, by, at, why)


def enough(recovery: Recovery, by: str, at: datetime, why: str, gaps: Sequence[str]) -> Recovery:
    """An apology was enough: nothing is promised, and there is nothing to tell afterwards."""
    check_open(recovery)
    if not why:
        raise Refused("Say why, in a sentence.", "why")
    if recovery.is_in("promise", "done"):
        raise Refused(
            f"Something was promised to the customer of {recovery.case_label}, so it is more than an "
            "apology."
        )
    left = _leave(recovery, SETTLED_BY_APOLOGY, by, at, why)
    return left.model_copy(update={"enough": why, "gaps": tuple(sorted(set(gaps)))})


def not_enough(recovery: Recovery, at: datetime) -> Recovery:
    """The recovery when an apology turned out not to be all: what was left out is to do again."""
    again = [Step(name=step.name, owner=step.owner) for step in _settled_by_apology(recovery)]
    return _with(recovery.model_copy(update={"enough": "", "gaps": ()}), at, *again)


def _settled_by_apology(recovery: Recovery) -> tuple[Step, ...]:
    """The steps that were left out because the apology was enough; what was done before stays done."""
    return tuple(
        step
        for step in recovery.steps
        if step.name in SETTLED_BY_APOLOGY
        and step.state == "not needed"
        and step.words == recovery.enough
    )


def entrust(recovery: Recovery, to: str, by: str) -> Recovery:
    """The recovery with its promise to be kept by somebody else than the contact."""
    keep = recovery.step("keep").model_copy(update={"owner": to, "handed_by": by})
    return _with(recovery, recovery.touched_at, keep)


def without_owner(recovery: Recovery, person_id: str) -> Recovery:
    """An open recovery in which somebody who was forgotten has nothing left to do."""
    freed = [
        step.model_copy(update={"owner": None})
        for step in recovery.steps
        if step.state == "to do" and step.owner == person_id
    ]
    contact = None if recovery.contact == person_id else recovery.contact
    freed_of_steps = _with(recovery, recovery.touched_at, *freed)
    return freed_of_steps.model_copy(update={"contact": contact})


def _leave(recovery: Recovery, names: Sequence[StepName], by: str, at: datetime, why: str) -> Recovery:
    left = [
        step.model_copy(update={"state": "not needed", "by": by, "at": at, "words": why})
        for step in recovery.steps
        if step.name in names and step.state == "to do"
    ]
    return _with(recovery, at, *left)


def hand_over(
    recovery: Recovery, name: StepName | None, by: str, to: str, why: str, at: datetime, lead: str | None
) -> Recovery:
    """The recovery with a step in other hands, or, without a name, all that is left to do."""
    if recovery.outcome is not None:
        raise Refused(f"The recovery of {recovery.case_label} is closed: {recovery.outcome}.")
    steps = [step for step in recovery.steps if name in (None, step.name)]
    if name is not None and recovery.step(name).state != "to do":
        raise Refused(f"{STEPS[name].label} is already {recovery.step(name).state}.", "step")
    holder = recovery.contact if name is None else owner_of(recovery, name)
    if to == holder:
        raise Refused("This is already theirs; choose somebody else.", "owner")
    # Whoever takes it upon themself needs nobody's leave.
    if by not in (holder, recovery.contact, lead, to):
        raise Refused("Only whoever has it or the team's lead can hand this over; anybody may take it.")
    handed = {"owner": to, "handed_by": by, "handed_why": why}
    changed = _with(
        recovery, at, *(step.model_copy(update=handed) for step in steps if step.state == "to do")
    )
    return changed.model_copy(update={"contact": to}) if name is None else changed


def judge(recovery: Recovery, given: Step, at: datetime, team: Team) -> Recovery:
    """The recovery with the customer's verdict; *not recovered* begins it anew."""
    if given.chosen is None:
        raise Refused("Choose what the customer said.", "verdict")
    if recovery.outcome == given.chosen:
        raise Refused(f"How {recovery.case_label} ended is noted already: {given.chosen}.", "verdict")
    if given.chosen != "no answer" and not given.words:
        raise Refused("Write what the customer said, in their own words.", "words")
    before = recovery.step("verdict")
    given = given.model_copy(update={"state": "done", "owner": before.owner})
    judged = _with(recovery, at, given)
    if given.chosen != "not recovered":
        return judged
    hear = Step(name="hear", state="done", by=given.by, at=given.at, words=given.words)
    anew = tuple(hear if step.name == "hear" else Step(name=step.name) for step in recovery.steps)
    return judged.model_copy(
        update={
            "steps": anew,
            "earlier": (*recovery.earlier, judged.steps),
            "enough": "",
            "gaps": (),
            "failed_at": at,
            "apologise_by": aim_day(team, at),
            "aim": team.days_to_apologise,
            "finished_at": None,
            "has_verified": False,
        }
    )


def with_nothing_to_tell(recovery: Recovery, by: str, at: datetime) -> Recovery:
    """The recovery of a small failure, of which nothing changes that could be told."""
    return _leave(recovery, ("tell_changed",), by, at, ONLY_RIGHT)


def with_something_to_tell(recovery: Recovery, at: datetime) -> Recovery:
    """The recovery once the retro of a small failure was reopened after all."""
    step = recovery.step("tell_changed")
    if recovery.outcome is not None or step.state != "not needed" or step.words != ONLY_RIGHT:
        return recovery
    return _with(recovery, at, Step(name=step.name, owner=step.owner))


def is_silent(recovery: Recovery) -> bool:
    """Whether only the customer's verdict is missing."""
    others = recovery.steps[:-1]
    return recovery.outcome is None and all(step.state != "to do" for step in others)


def close_unanswered(recovery: Recovery, at: datetime) -> Recovery:
    """Silence is an answer too: the recovery ended by nobody's word."""
    return _with(recovery, at, Step(name="verdict", state="done", at=at, chosen="no answer"))


def check_outcome(outcome: str, recovery: Recovery | None, accounts_heard: int) -> None:
    """Refuses *nothing we could have changed* before both sides are in; `accounts_heard`: the team's."""
    if outcome != MUST_BE_HEARD:
        return
    if not accounts_heard:
        raise Refused(
            "Nothing we could have changed needs the team's side: an answer or a reply in the thread.",
            "outcome",
        )
    if not is_heard(recovery):
        raise Refused(
            "Nothing we could have changed needs the customer's side as well: press Customer and hear "
            "them first.",
            "outcome",
        )


def _with(recovery: Recovery, at: datetime, *changed: Step) -> Recovery:
    new = {step.name: step for step in changed}
    steps = tuple(new.get(step.name, step) for step in recovery.steps)
    return recovery.model_copy(update={"steps": steps, "touched_at": at})
