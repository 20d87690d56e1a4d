"""What happens for the customer: they are heard, apologised to, promised something, and asked."""

from collections.abc import Callable, Sequence
from datetime import datetime, time

from bot.domain import recovery as domain
from bot.domain.action_item import ActionItem, check_due
from bot.domain.case import Case, CaseState, number_of
from bot.domain.errors import Refused
from bot.domain.job import Job
from bot.domain.recovery import (
    Recovery,
)
from bot.domain.recovery_step import STEPS, VERDICTS, Step, StepName
from bot.domain.team import Team
from bot.domain.working_hours import EARLIEST, moment, today
from bot.flows import action_item, customer, fields, reminder, thread
from bot.flows import retro as retros
from bot.messages import recovery as messages
from bot.messages import recovery_form as forms
from bot.messages.parts import Message
from bot.messages.recovery import Shown
from bot.messages.recovery_form import ENOUGH, EVERYTHING
from bot.ports import UnitOfWork
from bot.request import Person, Reply, Request

LONGEST_LINK = 2000
# The sentence when a step's words are missing.
WORDS: dict[StepName, str] = {
    "hear": "Write what the customer says, in their own words.",
    "apologise_publicly": "Write what the public apology says.",
    "ask_wish": "Write what the customer wishes, in their own words.",
    "promise": "Say what was agreed.",
    "keep": "Say what was done, in a sentence.",
    "check_back": "Say what they answered.",
    "tell_changed": "Write what you tell them.",
}

HOW: dict[StepName, str] = {
    "apologise": "Say how; a call is best.",
    "promise": "Say how they were told: a promise counts once they know it.",
}


def _name(verb: str) -> StepName:
    return next(name for name in STEPS if verb == f"recovery.{name}")


def _label(request: Request) -> str:
    return request.about.partition("/")[0]


def bring(request: Request, work: UnitOfWork) -> Reply:
    """The card of a case, to whoever asks, and in the retro's thread; begun when it is not there yet."""
    if not request.about:
        raise Refused("Say which case, as in: customer C-7.")
    recovery = customer.of(_label(request), request, work)
    work.jobs.schedule(customer.card(recovery.case, recovery.place, request.at, request.person.id))
    shown = _shown(recovery, request.at, work)
    return Reply(message=messages.card(shown)) if shown else Reply()


def step_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the form of a step, unless it cannot be taken now."""
    name, recovery = _name(request.verb), _get(request, work)
    domain.check(recovery, name)
    values: dict[str, str] = {}
    items: Sequence[ActionItem] = ()
    step = recovery.step(name)
    if name == "apologise":
        values["who"] = request.person.id
    elif name == "promise" and step.state == "done":
        values["words"] = step.words
    elif name == "tell_changed":
        verified = work.action_items.of_case(recovery.case)
        values["words"] = step.words or forms.draft(verified)
    elif name == "verdict":
        found = work.action_items.of_case(recovery.case)
        items = [item for item in found if item.state in ("done", "verified")]
    case = _case(recovery, work)
    return Reply(form=forms.step_form(name, recovery, case, values, items))


def take(request: Request, work: UnitOfWork) -> Reply:
    """Notes a step that was done: the verb says which, the domain says whether it is allowed."""
    name, before = _name(request.verb), _get(request, work)
    domain.check(before, name)
    team = retros.team_of(before.place, work)
    done = _done(name, team, request, work)
    if name == "verdict":
        return _judge(before, done, team, request, work)
    after = domain.take(before, done, request.at)
    keeper = fields.person(request, "keeper", work)
    if name == "promise" and keeper is not None and keeper.id != domain.owner_of(after, "keep"):
        after = domain.entrust(after, keeper.id, request.person.id)
    _save(before, after, name, request, work)
    return Reply()


def _done(name: StepName, team: Team, request: Request, work: UnitOfWork) -> Step:
    """The step as the form describes it."""
    link, due = fields.text(request, "link", longest=LONGEST_LINK), fields.day(request, "due")
    if name == "apologise_publicly" and not link.startswith(("https://", "http://")):
        raise Refused("The link starts with https://.", "link")
    if name == "promise" and due is None:
        raise Refused("Say by when: a promise has a day.", "due")
    who, at = request.person, request.at
    if name == "apologise":
        who = fields.person(request, "who", work) or who
        at = _when(who, team, request)
    words = fields.text(request, "words", needed=WORDS.get(name, ""))
    how = fields.text(request, "how", needed=HOW.get(name, ""), longest=100)
    keeper = fields.person(request, "keeper", work)
    check_due(due, today((keeper or who).zone or team.zone, request.at))
    chosen = fields.text(request, "verdict")
    return Step(
        name=name,
        by=who.id,
        at=at,
        words=words,
        how=how,
        due=due,
        link=link,
        view=fields.text(request, "view"),
        chosen=next((verdict for verdict in VERDICTS if verdict == chosen), None),
    )


def _when(who: Person, team: Team, request: Request) -> datetime:
    """When it was said: now, unless the form says otherwise."""
    zone = who.zone or team.zone
    day, clock = fields.day(request, "date"), fields.clock(request, "time")
    now = today(zone, request.at)
    if day is None and clock is None:
        return request.at
    if day is not None and day < EARLIEST:
        raise Refused(f"{day.isoformat()} is too long ago to be meant; look at the year.", "date")
    if clock is None:
        at = request.at if day == now else moment(zone, day or now, time(12))
    else:
        at = moment(zone, day or now, clock)
    if at > request.at:
        raise Refused("This is in the future; say when it was.", "date" if clock is None else "time")
    return at


def _judge(before: Recovery, given: Step, team: Team, request: Request, work: UnitOfWork) -> Reply:
    """The customer's verdict: the case follows, and when it is not put right, all begins again."""
    after = domain.judge(before, given, request.at, team)
    unheld = _unheld(before, request, work) if given.chosen == "not recovered" else None
    _save(before, after, "verdict", request, work)
    _move_case(after, work)
    if given.chosen == "not recovered":
        retro = retros.get(after.case_label, work)
        if retro.state == "closed":
            retros.open_because(retro, f"The customer: {given.words}", request, work)
        if unheld is not None:
            action_item.open_again(unheld, given.words, request, work)
    return Reply()


def _unheld(recovery: Recovery, request: Request, work: UnitOfWork) -> ActionItem | None:
    label = fields.text(request, "item")
    if not label:
        return None
    item = action_item.get(label, work)
    if item.case != recovery.case:
        raise Refused(f"{item.label} belongs to another case.", "item")
    return item


def _move_case(recovery: Recovery, work: UnitOfWork) -> None:
    """The state of the case follows the customer's verdict; who is still unhappy has failed again."""
    case = _case(recovery, work)
    states: dict[str | None, CaseState] = {"recovered": "recovered", "no answer": "no answer"}
    state = states.get(recovery.outcome, "failed")
    if case.state != state:
        work.cases.save(case.model_copy(update={"state": state}))


def not_needed_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the form to leave a step out."""
    recovery = _get(request, work)
    domain.check_open(recovery)
    if not domain.can_leave(recovery):
        raise Refused("Only the verdict is left, and that is the customer's own.")
    first = request.about.partition("/")[2]
    return Reply(form=forms.not_needed_form(recovery, _case(recovery, work), first))


def not_needed(request: Request, work: UnitOfWork) -> Reply:
    """Leaves a step out, or all after the apology, and keeps why."""
    before = _get(request, work)
    chosen = fields.text(request, "step", needed="Choose what is not needed.")
    why, by = fields.text(request, "why"), request.person.id
    if chosen == ENOUGH:
        gaps = sorted(customer.gaps_of(before.case, work))
        after = domain.enough(before, by, request.at, why, gaps)
    else:
        after = domain.not_needed(before, _chosen(chosen), by, request.at, why)
    _save(before, after, "not needed", request, work)
    return Reply()


def hand_over_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the form to hand a step over."""
    recovery = _get(request, work)
    domain.check_open(recovery)
    first = request.about.partition("/")[2]
    return Reply(form=forms.hand_over_form(recovery, _case(recovery, work), first))


def hand_over(request: Request, work: UnitOfWork) -> Reply:
    """Puts a step, or all that is left, into other hands; they hear of it directly."""
    before = _get(request, work)
    chosen = fields.text(request, "step", needed="Choose what to hand over.")
    owner = fields.person(request, "owner", work)
    if owner is None:
        raise Refused("Choose the new owner.", "owner")
    after = domain.hand_over(
        before,
        None if chosen == EVERYTHING else _chosen(chosen),
        request.person.id,
        owner.id,
        fields.text(request, "why"),
        request.at,
        retros.team_of(before.place, work).lead,
    )
    _save(before, after, "hand_over", request, work)
    return Reply()


def _chosen(value: str) -> StepName:
    name = next((name for name in STEPS if name == value), None)
    if name is None:
        raise Refused("Choose a step from the list.", "step")
    return name


def read(request: Request, work: UnitOfWork) -> Reply:
    """Both sides, and all that was done, to read."""
    recovery = _get(request, work)
    answers = work.retros.answers(recovery.case)
    comments = work.retros.comments(recovery.case)
    named = {answer.author for answer in answers} | {comment.author for comment in comments}
    named |= {step.by for steps in (*recovery.earlier, recovery.steps) for step in steps}
    people = work.people.among({person for person in named if person})
    case = _case(recovery, work)
    return Reply(form=forms.both_sides(recovery, case, answers, comments, people))


def _get(request: Request, work: UnitOfWork) -> Recovery:
    recovery = work.recoveries.get(number_of(_label(request), "C"))
    if recovery is None:
        raise Refused(f"Press Customer on the retro {_label(request)[:20]} first.")
    return recovery


def _case(recovery: Recovery, work: UnitOfWork) -> Case:
    case = work.cases.get(recovery.case)
    if case is None:
        raise Refused(f"{recovery.case_label} is not here any more.")
    return case


def _save(before: Recovery, after: Recovery, outcome: str, request: Request, work: UnitOfWork) -> None:
    """Saves it, and brings up to date whatever shows it: card, copies, retro, reminders."""
    work.recoveries.save(after)
    customer.shown(after, request.at, work, was=domain.owners(before), asked_by=request.person.id)
    reminder.settle_over(after, outcome, request.at, work)
    changed = domain.is_one_sided(before) != domain.is_one_sided(after)
    if changed or before.outcome != after.outcome:
        work.jobs.schedule(retros.shown(after.case, after.place, request))


def close_unanswered(recovery: Recovery, at: datetime, work: UnitOfWork) -> None:
    """The customer never said how it was: after two reminders the clock ends it."""
    after = domain.close_unanswered(recovery, at)
    work.recoveries.save(after)
    _move_case(after, work)
    customer.shown(after, at, work, was=domain.owners(recovery))
    reminder.settle_over(after, "no answer", at, work)
    work.jobs.schedule(retros.current(after.case, after.place, at))


def _shown(recovery: Recovery, at: datetime, work: UnitOfWork) -> Shown | None:
    case, team = work.cases.get(recovery.case), work.teams.get(recovery.place)
    if case is None or team is None:
        return None
    steps = recovery.steps
    named = {recovery.contact, *(step.by for step in steps)}
    named |= {step.owner for step in steps} | {step.handed_by for step in steps}
    back = customer.recalled(recovery.case, recovery.place, work)
    return Shown(
        recovery,
        case,
        team,
        work.people.among({person for person in named if person}),
        at,
        thread.links_of({recovery.case, *back}, work),
        back,
    )


def show(job: Job, work: UnitOfWork) -> Message | None:
    """The card, in the retro's thread."""
    recovery = work.recoveries.get(number_of(job.about, "C"))
    shown = _shown(recovery, job.at or job.due_at, work) if recovery else None
    return messages.card(shown) if shown else None


def tell_owner(job: Job, work: UnitOfWork) -> Message | None:
    """The card, in the direct messages of whoever has something to do in it, or had."""
    label, _, reader = job.about.partition("/")
    recovery = work.recoveries.get(number_of(label, "C"))
    shown = _shown(recovery, job.at or job.due_at, work) if recovery else None
    return messages.own_copy(shown, reader) if shown else None


def go_public(job: Job, work: UnitOfWork) -> list[Job]:
    """Somebody cannot be reached directly: they are named in the thread, and the lead is told."""
    label, _, reader = job.about.partition("/")
    recovery = work.recoveries.get(number_of(label, "C"))
    if recovery is None or recovery.outcome is not None or reader not in domain.owners(recovery):
        return []
    team = work.teams.get(recovery.place)
    called = Job(
        name="recovery.call_owner",
        about=job.about,
        place=recovery.place,
        key=f"call_customer:{recovery.case}:{reader}",
        thread=thread.key(recovery.case),
        once=True,
        due_at=job.at or job.due_at,
    )
    if team is None or team.lead is None or team.lead == reader:
        return [called]
    told = {
        "name": "recovery.tell_lead",
        "place": team.lead,
        "direct": True,
        "thread": None,
        "key": f"unreached_customer:{recovery.case}:{reader}",
        "detail": job.detail,
    }
    return [called, called.model_copy(update=told)]


def pass_on(job: Job, work: UnitOfWork) -> list[Job]:
    """A reminder cannot be said to somebody directly: the same for each thing that is theirs to do."""
    passed = action_item.pass_on(job, work)
    about = sorted({asked.about for asked in work.reminders.in_message(job.key)})
    for label in about:
        if label.startswith("R-"):
            named = job.model_copy(update={"about": f"C-{label[2:]}/{job.place}"})
            passed += go_public(named, work)
    return passed


def call_owner(job: Job, work: UnitOfWork) -> Message | None:
    """Names somebody in the thread; nothing when they have nothing left to do."""
    return _said_of(job, work, messages.call_owner)


def tell_lead(job: Job, work: UnitOfWork) -> Message | None:
    """Tells the lead that somebody cannot be reached, and why."""
    return _said_of(job, work, lambda recovery, owner: messages.unreached(recovery, owner, job.detail))


def _said_of(job: Job, work: UnitOfWork, say: Callable[[Recovery, Person], Message]) -> Message | None:
    label, _, reader = job.about.partition("/")
    recovery = work.recoveries.get(number_of(label, "C"))
    if recovery is None or reader not in domain.owners(recovery):
        return None
    return say(recovery, work.people.get(reader) or Person(id=reader, name="They"))


def check_in(job: Job, work: UnitOfWork) -> Message | None:
    """A word to whoever handled a case that no one could have won; only they ever see it."""
    recovery = work.recoveries.get(number_of(job.about, "C"))
    if recovery is None:
        return None
    team = work.teams.get(recovery.place)
    other = team.lead if team and team.lead != job.place else None
    lead = work.people.get(other) if other else None
    return messages.check_in(recovery, lead.name if lead else "")


def tell_nobody(job: Job, work: UnitOfWork) -> list[Job]:
    """What is private stays so, also when it could not be said."""
    return []
