"""What happens for the customer: they are heard, apologised to, promised something, and asked."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, ClassVar

from bot.command import Access, AskFirst, Command, Invocation, Opening, Reply
from bot.commands import action_item as action_item_commands
from bot.commands import retro as retro_commands
from bot.commands.lookup import chosen_person, item_of, person_of, recovery_of, retro_of
from bot.domain import recovery as domain
from bot.domain import reference
from bot.domain.action_item import ActionItem, check_due
from bot.domain.case import Case
from bot.domain.errors import Refused, check_all
from bot.domain.link import NO_LINK, is_web_link
from bot.domain.person import Person
from bot.domain.recovery import Recovery
from bot.domain.recovery_step import QUESTIONS, STEPS, VERDICTS, WITHOUT_CHANGE, Step, StepName
from bot.domain.reference import CORRECT, CaseRef
from bot.domain.team import Team
from bot.domain.working_hours import happened, moment, today, zone_of
from bot.fields import MAX_LINK_LENGTH, Choice, Clock, Day, Line, NeededDay, PersonId, Text, field
from bot.jobs import note as note_jobs
from bot.jobs import recovery as recovery_jobs
from bot.jobs import reminder as reminder_jobs
from bot.jobs import retro as retro_jobs
from bot.jobs.carry_over import edit_carried
from bot.messages import case as case_messages
from bot.messages import confirmation
from bot.messages import recovery as messages
from bot.messages import recovery_form as forms
from bot.messages.parts import Form, Words
from bot.messages.recovery_form import ENOUGH, EVERYTHING, HOW
from bot.messages.stale_form import changed_meanwhile, differing
from bot.messages.whole_text import said_to_stay, whole
from bot.ports import ReadOnlyWork, UnitOfWork

ONLY_MEMBERS = "Only members of the channel say how it ended, or take that back."
RESTS_ON: Mapping[StepName, tuple[str, str]] = {
    "hear": (domain.MUST_BE_HEARD, "the customer's side"),
    "apologise": (domain.APOLOGY_ENOUGH, "the apology"),
}
"""The outcome of a retro that rests on a step, and what it needs of it."""


def _check_link(link: str) -> None:
    if not is_web_link(link):
        raise Refused(NO_LINK)


class Open(Command, frozen=True):
    """Shows what is owed to the customer of a case; typed, any reference of the case will do."""

    name = "recovery.open"
    access = "thing"

    subject: CaseRef | None = None


class Begin(Command, frozen=True):
    """Takes on a customer whom nobody looks after yet: those of imported and older cases."""

    name = "recovery.begin"
    access = "thing"
    begins = True

    subject: CaseRef


class TakeStep(Command, frozen=True):
    """Notes a step that was done for the customer: each step is a command of its own."""

    step: ClassVar[StepName]
    access: ClassVar[Access] = "thing"
    submit = "Save"

    subject: CaseRef
    seen: Line = field(hidden=True)
    """How the step stood when the form that corrects it was drawn; empty: an older program drew it."""

    @property
    def corrects(self) -> bool:
        """Whether the step is done, and what was noted of it is put right."""
        return self.subject.part == CORRECT

    @classmethod
    def check_rest(cls, opening: Opening, recovery: Recovery, team: Team, work: ReadOnlyWork) -> None:
        """After a fault in its form: refuses what only the rules know to be wrong besides."""

    def done(self, team: Team, work: UnitOfWork) -> Step:
        """The step as the form describes it; raises Refused beside the field that cannot be."""
        # What a step keeps has the same names in its form.
        kept = {name: value for name, value in self if name in Step.model_fields}
        kept |= _whole(kept, recovery_of(self.subject, work).step(self.step))
        return Step(name=self.step, by=self.person.id, at=self.at, **kept)


def _whole(written: Mapping[str, Any], noted: Step) -> dict[str, str]:
    """The long texts of a step's form, whole where a box showed only the beginning of what is noted."""
    texts = {"words": noted.words, "view": noted.view}
    return {name: whole(written[name], text) for name, text in texts.items() if name in written}


class Hear(TakeStep, frozen=True):
    """The customer's account, in their own words."""

    name, step, title = "recovery.hear", "hear", STEPS["hear"].label

    words: Text = field(
        "Their account, in their own words",
        needed="Write what the customer says, in their own words.",
        hint="I keep it exactly as you write it.",
    )


def _said_at(day: date | None, at_time: time | None, zone: str, now: datetime) -> datetime:
    """When it was said: now, unless the form says otherwise; refuses what is still to come."""
    if day is None and at_time is None:
        return now
    if at_time is None:
        here = today(zone, now)
        at = now if day == here else moment(zone, day or here, time(12))
    else:
        at = happened(zone, day, at_time, now)
    if at > now:
        raise Refused("This is in the future; say when it was.", "date" if at_time is None else "time")
    return at


def _apology(
    who: str,
    day: date | None,
    at_time: time | None,
    asked: Invocation,
    team: Team,
    work: ReadOnlyWork,
) -> tuple[Person, datetime]:
    """Who apologised, and when; refuses whom nobody knows, and what is still to come."""
    named = (work.people.get(who) if who else None) or asked.person
    zone = named.zone or team.zone
    return check_all(
        lambda: person_of(who, "who", work) or asked.person,
        lambda: _said_at(day, at_time, zone, asked.at),
    )


class Apologise(TakeStep, frozen=True):
    """Somebody said sorry in person."""

    name, step, title = "recovery.apologise", "apologise", STEPS["apologise"].label

    who: PersonId = field("Who apologised")
    how: Choice = field(
        "How",
        needed="Say how; a call is best.",
        hint="A call is best: people hear whether it is meant.",
        options=HOW,
    )
    date: Day = field("Date", hint="Leave empty for today.")
    time: Clock = field(
        "Time", hint="Without a date it's today, or yesterday if that time is still to come."
    )
    words: Text = field("What was said", coach="customer")

    @classmethod
    def check_rest(cls, opening: Opening, recovery: Recovery, team: Team, work: ReadOnlyWork) -> None:
        filled = opening.readable("who", "date", "time")
        _apology(filled["who"] or "", filled["date"], filled["time"], opening, team, work)

    def done(self, team: Team, work: UnitOfWork) -> Step:
        who, at = _apology(self.who, self.date, self.time, self, team, work)
        return super().done(team, work).model_copy(update={"by": who.id, "at": at})


class ApologisePublicly(TakeStep, frozen=True):
    """Sorry was said where the customer had complained."""

    name, step = "recovery.apologise_publicly", "apologise_publicly"
    title = STEPS["apologise_publicly"].label

    link: Line = field(
        "Link",
        needed=NO_LINK,
        hint="To the public answer; it starts with https://.",
        max_length=MAX_LINK_LENGTH,
        check=_check_link,
    )
    words: Text = field(
        "Text", needed="Write what the public apology says.", coach="customer", whole=True
    )


class AskWish(TakeStep, frozen=True):
    """The customer said what would make it right."""

    # A form's title has room for 24 characters in Slack.
    name, step, title = "recovery.ask_wish", "ask_wish", "What would make it right"

    words: Text = field(
        "Their wish, in their own words",
        needed="Write what the customer wishes, in their own words.",
    )


class Promise(TakeStep, frozen=True):
    """Something was promised for a day."""

    name, step, title = "recovery.promise", "promise", STEPS["promise"].label

    words: Text = field("What was agreed", needed="Say what was agreed.")
    due: NeededDay = field("By when", needed="Say by when: a promise has a day.")
    how: Choice = field(
        "How they were told",
        needed="Say how they were told: a promise counts once they know it.",
        hint="A promise counts once the customer knows it.",
        options=HOW,
    )
    keeper: PersonId = field(
        "Who keeps it",
        hint="They'll be reminded. Leave empty for whoever looks after the customer.",
    )

    @classmethod
    def check_rest(cls, opening: Opening, recovery: Recovery, team: Team, work: ReadOnlyWork) -> None:
        filled = opening.readable("keeper", "due")
        cls._check(filled["keeper"] or "", filled["due"], opening, recovery, team, work)

    def done(self, team: Team, work: UnitOfWork) -> Step:
        self._check(self.keeper, self.due, self, recovery_of(self.subject, work), team, work)
        return super().done(team, work)

    @staticmethod
    def _check(
        keeper_id: str,
        due: date | None,
        asked: Invocation,
        recovery: Recovery,
        team: Team,
        work: ReadOnlyWork,
    ) -> None:
        """Refuses whom nobody can ask to keep it, and a day that has passed."""
        keeper = (work.people.get(keeper_id) if keeper_id else None) or asked.person
        # A day that has passed since is no reason to leave the words as they are.
        corrects = isinstance(asked.subject, CaseRef) and asked.subject.part == CORRECT
        known = recovery.step("promise").due if corrects else None
        day = today(keeper.zone or team.zone, asked.at)
        check_all(
            lambda: person_of(keeper_id, "keeper", work),
            lambda: check_due(due if due != known else None, day),
        )


class Keep(TakeStep, frozen=True):
    """What was promised was done."""

    name, step, title = "recovery.keep", "keep", STEPS["keep"].label

    words: Text = field("What was done, and how", needed="Say what was done, in a sentence.")

    def done(self, team: Team, work: UnitOfWork) -> Step:
        """It says when to check back."""
        kept = super().done(team, work)
        return kept.model_copy(update={"check_back_by": domain.check_back_day(team, self.at)})


class CheckBack(TakeStep, frozen=True):
    """The customer was asked both questions after the promise was kept."""

    name, step, title = "recovery.check_back", "check_back", STEPS["check_back"].label

    words: Text = field(QUESTIONS[0], needed="Say what they answered.", hint="What they answered.")
    view: Text = field(QUESTIONS[1], hint="What they answered.")


class TellChanged(TakeStep, frozen=True):
    """The customer heard what is different now, and was asked for their view."""

    name, step, title = "recovery.tell_changed", "tell_changed", STEPS["tell_changed"].label

    words: Text = field(
        "What you tell them",
        needed="Write what you tell them.",
        hint="Change whatever you'd say differently.",
        coach="customer",
    )
    view: Text = field(
        "Their view",
        hint="What they answered. It may come later, and can become an action item.",
    )

    def done(self, team: Team, work: UnitOfWork) -> Step:
        return domain.as_told(recovery_of(self.subject, work), super().done(team, work))


class Verdict(TakeStep, frozen=True):
    """What the customer says in the end; only members of the channel note it."""

    name, step, title = "recovery.verdict", "verdict", STEPS["verdict"].label
    access = "members"

    verdict: Choice = field(
        "What they say",
        needed="Choose what the customer said.",
        hint="Not recovered opens the case and its retro again.",
        options=VERDICTS,
    )
    words: Text = field("In their own words", hint="Needed unless there was no answer.")
    item: Choice = field(
        "Which fix did not hold", hint="If they name one, it's reopened with their words."
    )

    def done(self, team: Team, work: UnitOfWork) -> Step:
        chosen = next((verdict for verdict in VERDICTS if verdict == self.verdict), None)
        return super().done(team, work).model_copy(update={"chosen": chosen})


STEP_COMMANDS: tuple[type[TakeStep], ...] = (
    Hear,
    Apologise,
    ApologisePublicly,
    AskWish,
    Promise,
    Keep,
    CheckBack,
    TellChanged,
    Verdict,
)
"""One for each step of the catalogue, in its order."""


class NotNeeded(Command, frozen=True):
    """Leaves a step out, or all after the apology, and keeps why."""

    name = "recovery.not_needed"
    access = "thing"
    title = "Not needed"
    submit = "Not needed"

    subject: CaseRef
    step: Choice = field(
        "What",
        needed="Choose what is not needed.",
        hint="Could the customer not be reached? Choose Hear the customer, and say how you tried.",
    )
    why: Text = field("Why", needed="Say why, in a sentence.", coach="team")


class HandOver(Command, frozen=True):
    """Puts a step, or all that is left, into other hands."""

    name = "recovery.hand_over"
    access = "thing"
    title = "Hand over"
    submit = "Hand over"

    subject: CaseRef
    step: Choice = field("What", needed="Choose what to hand over.")
    owner: PersonId = field("New owner", needed="Choose the new owner.")
    why: Text = field("Why", coach="team")


class Correct(Command, frozen=True):
    """Asks which step is to be corrected, and shows its form as it was filled in."""

    name = "recovery.correct"
    access = "thing"
    title = "Correct a step"
    submit = "Go on"

    subject: CaseRef
    step: Choice = field("What", needed="Choose what to correct.")


class TakeBack(Command, frozen=True):
    """Takes a step back, so that it is to do again, and what followed from it."""

    name = "recovery.take_back"
    access = "thing"
    title = "Take back a step"
    submit = "Take back"

    subject: CaseRef
    step: Choice = field("What", needed="Choose what to take back.")
    why: Text = field("Why", needed="Say why, in a sentence.", coach="team")


class Read(Command, frozen=True):
    """Shows both sides, and all that was done."""

    name = "recovery.read"
    access = "thing"

    subject: CaseRef


def open_card(command: Open, work: ReadOnlyWork) -> Reply:
    """The card of a case, to whoever asks and nobody else: looking begins nothing."""
    if command.subject is None:
        raise Refused("Say which case, as in: customer C-7.")
    case = work.cases.require(command.subject.number)
    if work.retros.get(case.number) is None:
        return Reply(message=case_messages.taken_in(case))
    recovery = work.recoveries.get(case.number)
    if recovery is not None:
        return Reply(message=messages.card(recovery_jobs.card_context(recovery, command.at, work)))
    return Reply(message=messages.not_begun(case, work.teams.require(case.channel_id)))


def begin(command: Begin, work: UnitOfWork) -> Reply:
    """Begins what is owed to a customer, with whoever pressed it as their contact; shows it anyway."""
    recovery = recovery_jobs.of(command.subject.number, command.at, work, contact=command.person.id)
    return Reply(message=messages.card(recovery_jobs.card_context(recovery, command.at, work)))


def open_step(command: type[TakeStep], opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form of a step, unless it cannot be taken now."""
    name, recovery = command.step, recovery_of(opening.subject, work)
    corrects = isinstance(opening.subject, CaseRef) and opening.subject.part == CORRECT
    if not corrects:
        domain.check(recovery, name)
    if opening.only_checks:
        command.check_rest(opening, recovery, work.teams.require(recovery.channel_id), work)
    if corrects:
        return Reply(form=_correction(command, recovery, work))
    values: dict[str, str] = {}
    items: Sequence[ActionItem] = ()
    step = recovery.step(name)
    if name == "apologise":
        values["who"] = opening.person.id
    elif name == "promise" and step.state == "done":
        values["words"] = step.words
    elif name == "tell_changed":
        is_new = domain.is_offered(recovery, name)
        of_case = work.action_items.of_case(recovery.case_number)
        values["words"] = forms.draft(of_case) if is_new else step.words
    elif name == "verdict":
        of_case = work.action_items.of_case(recovery.case_number)
        items = [item for item in of_case if item.state in ("done", "verified")]
        values |= forms.heard(recovery_jobs.later_word(recovery, work))
    case = work.cases.require(recovery.case_number)
    return Reply(form=step_form(command, recovery, case, values, items))


def open_correct(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Asks which step is to be corrected."""
    recovery = recovery_of(opening.subject, work)
    if not domain.correctable(recovery):
        raise Refused(f"No step is done for {recovery.case_label} yet: there is nothing to correct.")
    return Reply(form=correct_form(recovery, work.cases.require(recovery.case_number)))


def correct_form(recovery: Recovery, case: Case) -> Form:
    """Correct a step: which one of those that are done, the last one first."""
    options = forms.steps_to_choose(domain.correctable(recovery))
    return Correct.form(
        case.ref,
        channel_id=recovery.channel_id,
        parts=(forms.about(recovery, case),),
        values={"step": options[-1].value},
        changed={"step": {"options": options}},
    )


def correct(command: Correct, work: ReadOnlyWork) -> Reply:
    """The form of the step that was chosen, as it was filled in."""
    name = _chosen(command.step)
    of_step = next(each for each in STEP_COMMANDS if each.step == name)
    if of_step.access == "members" and not command.inside:
        raise Refused(ONLY_MEMBERS, "step")
    return Reply(form=_correction(of_step, recovery_of(command.subject, work), work))


def _correction(command: type[TakeStep], recovery: Recovery, work: ReadOnlyWork) -> Form:
    step = domain.check_correct(recovery, command.step)
    by = work.people.get(step.by or "")
    team = work.teams.require(recovery.channel_id)
    zone = (by.zone if by else None) or team.zone
    at = step.at.astimezone(zone_of(zone)) if step.at else None
    return correction_form(
        command,
        recovery,
        work.cases.require(recovery.case_number),
        {
            "words": step.words,
            "how": step.how,
            "link": step.link,
            "view": step.view,
            "due": step.due.isoformat() if step.due else "",
            "keeper": domain.owner_of(recovery, "keep") or "",
            "who": step.by or "",
            "date": at.date().isoformat() if at else "",
            "time": f"{at:%H:%M}" if at else "",
            "verdict": step.chosen or "",
        },
    )


def correction_form(
    command: type[TakeStep], recovery: Recovery, case: Case, values: Mapping[str, str]
) -> Form:
    """The form of a step that is done, filled with what was noted."""
    drawn = said_to_stay(step_form(command, recovery, case, values))
    return drawn.model_copy(
        update={
            "about": str(case.ref.at(CORRECT)),
            "parts": (forms.about(recovery, case), forms.CORRECTING),
            "hidden": {"seen": str(domain.seen(recovery, command.step))},
        }
    )


def open_take_back(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form that takes a step back."""
    recovery = recovery_of(opening.subject, work)
    if not domain.that_can_be_taken_back(recovery):
        raise Refused(f"Nothing is noted for {recovery.case_label} that could be taken back now.")
    return Reply(form=take_back_form(recovery, work.cases.require(recovery.case_number)))


def take_back_form(recovery: Recovery, case: Case) -> Form:
    """Take back a step: which one of those that were taken or left out."""
    options = forms.steps_to_choose(domain.that_can_be_taken_back(recovery))
    return TakeBack.form(
        case.ref,
        channel_id=recovery.channel_id,
        parts=(forms.about(recovery, case), forms.TAKING_BACK),
        values={"step": options[-1].value},
        changed={"step": {"options": options}},
    )


def take_back(command: TakeBack, work: UnitOfWork) -> Reply:
    """Takes a step back, and what followed from it: the card says who did, and why."""
    before, name = recovery_of(command.subject, work), _chosen(command.step)
    if name == "verdict" and not command.inside:
        raise Refused(ONLY_MEMBERS, "step")
    domain.check_take_back(before, name)
    case, team = work.cases.require(before.case_number), work.teams.require(before.channel_id)
    retro = retro_of(command.subject, work)
    outcome = retro.last.outcome if retro.state == "closed" and retro.last else None
    rests, needs = RESTS_ON.get(name, ("", ""))
    if outcome is not None and outcome == rests:
        raise Refused(
            f"The retro {retro.label} is closed as {outcome}, which needs {needs}: reopen it first.",
            "step",
        )
    after = domain.take_back(before, name, command.person.id, command.at, command.why, case, team)
    if after.enough and not before.enough:
        # What was missing then is not kept with a former round: it is what is known by now.
        gaps = sorted(recovery_jobs.gaps_of(case.number, work))
        after = after.model_copy(update={"gaps": tuple(gaps)})
    _save(before, after, "taken back", command, work)
    _put_right_elsewhere(before, after, command, work)
    recovery_jobs.move_case(after, work)
    recovery_jobs.say_taken_back(before, after, command.at, work)
    recovery_jobs.note_retro(after.case_number, command.at, work)
    return Reply(message=confirmation.TAKEN_BACK, done=True)


def step_form(
    command: type[TakeStep],
    recovery: Recovery,
    case: Case,
    values: Mapping[str, str],
    items: Sequence[ActionItem] = (),
) -> Form:
    """The form of a step, filled with what is known; `items` are the fixes that may not have held."""
    form = command.form(
        case.ref,
        channel_id=recovery.channel_id,
        parts=forms.above_step(command.step, recovery, case),
        values=values,
        changed={"item": {"options": forms.fixes(items)}},
        without=() if items else ("item",),
    )
    if domain.kind_of(recovery, command.step) == WITHOUT_CHANGE:
        form = form.model_copy(update={"title": WITHOUT_CHANGE.label})
    return form


def note(command: TakeStep, work: UnitOfWork) -> Reply:
    """Notes a step that was done, or corrects what was noted."""
    if command.corrects:
        return _correct_step(command, work)
    return TAKEN_BY.get(type(command), take)(command, work)


def _correct_step(command: TakeStep, work: UnitOfWork) -> Reply:
    before = recovery_of(command.subject, work)
    domain.check_correct(before, command.step)
    _check_seen(command, before, work)
    team = work.teams.require(before.channel_id)
    given = command.done(team, work)
    after, keeper = before, person_of(getattr(command, "keeper", ""), "keeper", work)
    if keeper is not None and keeper.id != domain.owner_of(before, "keep"):
        domain.check(before, "promise")
        after = domain.entrust(after, keeper.id, command.person.id)
    if after is before or not domain.says_the_same(before, given):
        after = domain.correct(after, given, command.person.id, command.at)
    _save(before, after, "corrected", command, work)
    _put_right_elsewhere(before, after, command, work)
    news = _news(before, after, command, team, work)
    return Reply(message=confirmation.corrected(news), done=True)


def _check_seen(command: TakeStep, recovery: Recovery, work: ReadOnlyWork) -> None:
    """Raises AskFirst where somebody changed the step while its form was open."""
    if command.seen in ("", str(domain.seen(recovery, command.step))):
        return
    now, written = _correction(type(command), recovery, work), command.request.values or {}
    written = {**written, **_whole(written, recovery.step(command.step))}
    if not differing(now, written):
        return
    by = domain.changed_since(recovery, command.step, command.seen)
    ids = {field.value for field in now.fields if field.kind == "person"}
    people = work.people.among({person_id for person_id in (*ids, by) if person_id})
    asked = changed_meanwhile(now, written, people.get(by or ""), command.person.id, people)
    raise AskFirst(Reply(form=asked))


def take(command: TakeStep, work: UnitOfWork) -> Reply:
    """Notes a step that was done: the domain says whether it is allowed."""
    before, team = _begin(command, work)
    after = domain.take(before, command.done(team, work), command.at)
    _save(before, after, command.step, command, work)
    return _noted(after.step(command.step), _news(before, after, command, team, work))


def promise(command: Promise, work: UnitOfWork) -> Reply:
    """Notes a promise, and who is to keep it."""
    before, team = _begin(command, work)
    after = domain.take(before, command.done(team, work), command.at)
    keeper = person_of(command.keeper, "keeper", work)
    if keeper is not None and keeper.id != domain.owner_of(after, "keep"):
        after = domain.entrust(after, keeper.id, command.person.id)
    _save(before, after, command.step, command, work)
    return _noted(after.step(command.step), _news(before, after, command, team, work))


def _noted(step: Step, news: Sequence[Words] = ()) -> Reply:
    return Reply(message=confirmation.noted(step, news), done=True)


def _news(
    before: Recovery, after: Recovery, command: TakeStep, team: Team, work: ReadOnlyWork
) -> Sequence[Words]:
    """What is said once, to whoever notes a step: how long an apology took, and what came too early."""
    came: list[Words] = []
    apology = after.step("apologise")
    if command.step == "apologise" and apology.at is not None:
        case, day = work.cases.require(after.case_number), today(team.zone, command.at)
        came.append(confirmation.apology_came(after, case, team.zone, apology.at, day))
    known = domain.upset(before)
    return (*came, *((gentle,) for gentle in domain.upset(after) if gentle not in known))


def _begin(command: TakeStep, work: UnitOfWork) -> tuple[Recovery, Team]:
    before = recovery_of(command.subject, work)
    domain.check(before, command.step)
    return before, work.teams.require(before.channel_id)


def judge(command: Verdict, work: UnitOfWork) -> Reply:
    """The customer's verdict: the case follows, and when it is not put right, all begins again."""
    before, team = _begin(command, work)
    given = command.done(team, work)
    if given.chosen == "not recovered":
        given = given.model_copy(update={"told": recovery_jobs.next_telling(before, work)})
    after = domain.judge(before, given, command.at, team)
    if after.outcome is None:
        after = domain.follow(after, work.cases.require(before.case_number), team)
    unheld = _unheld(before, command, work) if given.chosen == "not recovered" else None
    _save(before, after, command.step, command, work)
    recovery_jobs.move_case(after, work)
    if given.chosen == "not recovered":
        recovery_jobs.say_not_recovered(after, command.person.id, command.at, work)
        retro = retro_of(command.subject, work)
        if retro.state == "closed":
            retro_commands.open_because(retro, f"The customer: {given.words}", command, work)
        if unheld is not None:
            action_item_commands.reopen_because(unheld, given.words, command, work)
    return _noted(given)


TAKEN_BY: Mapping[type[TakeStep], Callable[[Any, UnitOfWork], Reply]] = {
    Promise: promise,
    Verdict: judge,
}
"""The steps that do more than to be noted, and what does it."""


def _unheld(recovery: Recovery, command: Verdict, work: UnitOfWork) -> ActionItem | None:
    if not command.item:
        return None
    item = item_of(reference.parse(command.item), work)
    if item.case_number != recovery.case_number:
        raise Refused(f"{item.label} belongs to another case.", "item")
    return item


def open_not_needed(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form to leave a step out."""
    recovery = recovery_of(opening.subject, work)
    domain.check_open(recovery)
    if not domain.can_leave(recovery):
        raise Refused("Only how it ended is left, and that is for the customer to say.")
    case = work.cases.require(recovery.case_number)
    return Reply(form=not_needed_form(recovery, case, _pressed(opening)))


def open_hand_over(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form to hand a step over."""
    recovery = recovery_of(opening.subject, work)
    domain.check_open(recovery)
    case = work.cases.require(recovery.case_number)
    return Reply(form=hand_over_form(recovery, case, _pressed(opening)))


def _pressed(opening: Opening) -> str:
    """The step under which the button stood."""
    return opening.subject.part if isinstance(opening.subject, CaseRef) else ""


def not_needed_form(recovery: Recovery, case: Case, first: str) -> Form:
    """Not needed: one step, or all that follows when an apology was enough."""
    options = forms.that_can_be_left(recovery)
    offered = {option.value for option in options}
    return NotNeeded.form(
        case.ref,
        channel_id=recovery.channel_id,
        parts=(forms.about(recovery, case),),
        values={"step": first if first in offered else ""},
        changed={"step": {"options": options}},
    )


def hand_over_form(recovery: Recovery, case: Case, first: str) -> Form:
    """Hand over: one step, or all that is left for this customer."""
    options = forms.that_can_be_handed_over(recovery)
    offered = {option.value for option in options}
    return HandOver.form(
        case.ref,
        channel_id=recovery.channel_id,
        parts=(forms.about(recovery, case),),
        values={"step": first if first in offered else EVERYTHING},
        changed={"step": {"options": options}},
    )


def not_needed(command: NotNeeded, work: UnitOfWork) -> Reply:
    """Leaves a step out, or all after the apology, and keeps why."""
    before, by = recovery_of(command.subject, work), command.person.id
    if command.step == ENOUGH:
        gaps = sorted(recovery_jobs.gaps_of(before.case_number, work))
        after = domain.enough(before, by, command.at, command.why, gaps)
    else:
        after = domain.not_needed(before, _chosen(command.step), by, command.at, command.why)
    _save(before, after, "not needed", command, work)
    return Reply(message=confirmation.NOT_NEEDED, done=True)


def hand_over(command: HandOver, work: UnitOfWork) -> Reply:
    """Puts a step, or all that is left, into other hands; they hear of it directly."""
    before = recovery_of(command.subject, work)
    owner = chosen_person(command.owner, "owner", work)
    step = None if command.step == EVERYTHING else _chosen(command.step)
    after = domain.hand_over(
        before,
        step,
        command.person.id,
        owner.id,
        command.why,
        command.at,
        work.teams.require(before.channel_id).lead,
    )
    _save(before, after, "hand_over", command, work)
    case = work.cases.require(after.case_number)
    label = STEPS[step].label if step else ""
    return Reply(message=confirmation.handed_over(case, label, owner), done=True)


def _chosen(value: str) -> StepName:
    name = next((name for name in STEPS if name == value), None)
    if name is None:
        raise Refused("Choose a step from the list.", "step")
    return name


def read(command: Read, work: ReadOnlyWork) -> Reply:
    """Both sides, and all that was done, to read."""
    recovery = recovery_of(command.subject, work)
    retro = work.retros.get(recovery.case_number)
    prompts = retro.prompts if retro else ()
    answers = work.retros.answers(recovery.case_number)
    comments = work.retros.comments(recovery.case_number)
    named = {answer.author for answer in answers} | {comment.author for comment in comments}
    steps = [step for steps in (*recovery.earlier, recovery.steps) for step in steps]
    named |= {person_id for step in steps for person_id in (step.by, step.corrected_by)}
    people = work.people.among({person_id for person_id in named if person_id})
    case = work.cases.require(recovery.case_number)
    return Reply(form=forms.both_sides(recovery, case, prompts, answers, comments, people))


def _save(before: Recovery, after: Recovery, outcome: str, command: Command, work: UnitOfWork) -> None:
    """Saves it, and brings up to date whatever shows it: card, copies, retro, reminders."""
    work.recoveries.save(after)
    recovery_jobs.refresh_cards(
        after, command.at, work, was=domain.owners(before), asked_by=command.person.id
    )
    reminder_jobs.resolve_over(after, outcome, command.at, work)
    note_jobs.follow(after.case_number, command.at, work)
    if _told(before) != _told(after):
        retro = retro_of(command.subject, work)
        retro_jobs.edit_summaries(retro, command.at, work)
    changed = domain.is_one_sided(before) != domain.is_one_sided(after)
    if changed or before.outcome != after.outcome or before.earlier != after.earlier:
        work.jobs.schedule(
            retro_jobs.retro_job(
                after.case_number, after.channel_id, command.at, asked_by=command.person.id
            )
        )


def _put_right_elsewhere(before: Recovery, after: Recovery, command: Command, work: UnitOfWork) -> None:
    """Other threads that were told how it ended for the customer hear how it did not."""
    if before.outcome != after.outcome:
        edit_carried(after.channel_id, command.at, work, cases=[after.case_number])


def _told(recovery: Recovery) -> tuple[str, ...]:
    """The customer's accounts and their verdict, which the retro's summary quotes."""
    verdict = recovery.step("verdict")
    words = (step.words for step in domain.accounts(recovery))
    return (*words, verdict.chosen or "", verdict.words)
