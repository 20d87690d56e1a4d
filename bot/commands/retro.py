"""What happens in a retro: it is shown, asks, hears answers, and is closed with an outcome."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Self
from uuid import uuid4

from bot import retro_thread
from bot.command import Command, MaybeAnonymous, Opening, Reply, Request
from bot.commands.lookup import answer_of, case_of, retro_of
from bot.domain import retro as domain
from bot.domain.case import Case
from bot.domain.errors import Refused, check_all, together
from bot.domain.prompt import Prompt, Prompts, asked, label_of
from bot.domain.recovery import (
    APOLOGY_ENOUGH,
    MUST_BE_HEARD,
    Recovery,
    check_outcome,
    enough,
    not_enough,
    with_something_to_tell,
)
from bot.domain.reference import AnswerRef, CaseRef
from bot.domain.retro import OUTCOMES, Answer, Comment, Retro, WithdrawnAnswer, must_be_open
from bot.domain.team import present_lead
from bot.domain.working_hours import add_working_days, today
from bot.fields import Choice, FieldSpec, Line, Text, field, read_all
from bot.jobs import carry_over as carry_over_jobs
from bot.jobs import recovery as recovery_jobs
from bot.jobs import reminder as reminder_jobs
from bot.jobs import retro as retro_jobs
from bot.jobs.edit_said import edit_said
from bot.messages import confirmation
from bot.messages import retro as messages
from bot.messages.coach import COACHED
from bot.messages.parts import MAX_TEXT_LENGTH, Form
from bot.messages.whole_text import said_to_stay, whole
from bot.ports import ReadOnlyWork, UnitOfWork

NEEDED = "Your team asks everybody to answer this."


class AnswerRetro(MaybeAnonymous, frozen=True):
    """Posts one answer for each prompt that something was written for."""

    name = "retro.answer"
    access = "thing"
    begins = True
    title = "Answer"
    submit = "Post"

    subject: CaseRef
    answers: Mapping[str, str]
    """What was written, by the prompts' keys; empty where nothing was."""

    @classmethod
    def read(cls, values: Mapping[str, str]) -> dict[str, object]:
        # What a retro asks stands with it: all that is no field of every answer form is an answer.
        others = {COACHED, *(spec.name for spec in cls.fields())}
        specs = {name: _of_key(name) for name in values if name not in others}
        answers, more = check_all(
            lambda: read_all(specs, values),
            lambda: super(AnswerRetro, cls).read(values),
        )
        return {**more, "answers": answers}

    def for_coach(self) -> tuple[tuple[FieldSpec, str], ...]:
        return tuple((_of_key(key), text) for key, text in self.answers.items())


def _prompt_field(prompt: Prompt, *, needed: bool = False) -> FieldSpec:
    """The field in which a prompt is answered."""
    return FieldSpec(
        name=prompt.key,
        kind="text",
        label=prompt.label,
        needed=NEEDED if needed else "",
        hint=prompt.question,
        max_length=MAX_TEXT_LENGTH,
        coach="team",
    )


def _of_key(key: str) -> FieldSpec:
    """The same as it is read, before anybody knows which retro it is about."""
    return _prompt_field(Prompt(key=key, label=""))


def _needed(prompts: Prompts, pressed: str) -> frozenset[str]:
    """The prompts that must be answered: of one that was pressed, only that one can be."""
    return frozenset(
        prompt.key for prompt in asked(prompts) if prompt.needed and pressed in ("", prompt.key)
    )


class EditAnswer(Command, frozen=True):
    """Saves one's own named answer."""

    name = "retro.edit_answer"
    access = "thing"
    title = "Edit answer"
    submit = "Save"

    subject: AnswerRef
    text: Text = field("Answer", needed="An answer cannot be empty.", coach="team")


class DeleteAnswer(Command, frozen=True):
    """Takes back one's own named answer."""

    name = "retro.delete_answer"
    access = "thing"
    of_cancelled = True
    title = "Delete answer"
    submit = "Delete"
    takes_away = True

    subject: AnswerRef


class UnnameAnswer(Command, frozen=True):
    """Takes the name off one's own answer; nothing may be written about who asks for that."""

    name = "retro.unname_answer"
    access = "thing"
    of_cancelled = True
    title = "Remove my name"
    submit = "Remove my name"

    subject: AnswerRef

    @classmethod
    def may_be_unnamed(cls) -> bool:
        return True

    @classmethod
    def is_unnamed(cls, request: Request) -> bool:
        return request.values is not None

    @property
    def unnamed(self) -> bool:
        return True


class WithdrawAnswer(Command, frozen=True):
    """The team's lead withdraws an unnamed answer, and says why."""

    name = "retro.withdraw_answer"
    access = "thing"
    of_cancelled = True
    title = "Withdraw answer"
    submit = "Withdraw"
    takes_away = True

    subject: AnswerRef
    why: Text = field(
        "Why",
        needed="Say why, in a sentence.",
        hint="Everybody reads it in the thread, instead of the answer.",
        coach="team",
    )


class ReadAnswer(Command, frozen=True):
    """Shows all of a long answer."""

    name = "retro.read_answer"
    access = "thing"

    subject: AnswerRef


class Close(Command, frozen=True):
    """Closes a retro with an outcome."""

    name = "retro.close"
    access = "members"
    begins = True
    title = "Close retro"
    submit = "Close"

    subject: CaseRef
    outcome: Choice = field("Outcome", needed="Choose an outcome.", options=OUTCOMES)
    why: Text = field("Why", hint="Needed unless fixes were agreed.", coach="team")


class Reopen(Command, frozen=True):
    """Reopens a retro with a why."""

    name = "retro.reopen"
    access = "members"
    begins = True
    title = "Reopen"
    submit = "Reopen"

    subject: CaseRef
    why: Text = field("Why", needed="Say why, in a sentence.", coach="team")


class Overheard(Command, frozen=True):
    """Something happened to a plain message in a thread: `root_id` is what the thread began with."""

    access = "platform"
    repeatable = True

    root_id: str
    message_id: Line = field(name="id", hidden=True)

    @classmethod
    def parse(cls, request: Request) -> Self:
        values = cls.read(request.values or {})
        return cls.model_validate({"request": request, "root_id": request.about, **values})


class Discuss(Overheard, frozen=True):
    """A plain reply was written, or changed."""

    name = "retro.discuss"

    text: Text = field(hidden=True)


class Undiscuss(Overheard, frozen=True):
    """A reply was deleted by its author."""

    name = "retro.undiscuss"


def open_answer(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the answer form, the prompt that was pressed first."""
    retro, case = retro_of(opening.subject, work), case_of(opening.subject, work)
    must_be_open(retro, "answer")
    pressed = opening.subject.part if isinstance(opening.subject, CaseRef) else ""
    return Reply(form=answer_form(retro, case, pressed, opening.people_in_channel))


def answer_form(retro: Retro, case: Case, first: str = "", people: int | None = None) -> Form:
    """Answer; the prompt that was pressed comes first. `people`: how many could have written it.

    Where nobody knows how many they are, it says that.
    """
    form = AnswerRetro.form(
        retro.ref.at(first),
        channel_id=retro.channel_id,
        parts=messages.above_answers(case),
        changed={"unnamed": {"hint": messages.unnamed_hint(people)}},
    )
    needed = _needed(retro.prompts, first)
    pressed_first = sorted(asked(retro.prompts), key=lambda prompt: prompt.key != first)
    drawn = [_prompt_field(prompt, needed=prompt.key in needed).drawn() for prompt in pressed_first]
    return form.model_copy(update={"fields": (*drawn, *form.fields)})


def answer(command: AnswerRetro, work: UnitOfWork) -> Reply:
    """Keeps one answer per filled field; without a name, nothing about the author is written."""
    retro = retro_of(command.subject, work)
    must_be_open(retro, "answer")
    prompts = asked(retro.prompts)
    written = {prompt.key: command.answers.get(prompt.key, "") for prompt in prompts}
    if not any(written.values()):
        raise Refused("Write something in at least one field.", next(iter(written), None))
    left = [key for key in _needed(prompts, command.subject.part) if not written[key]]
    if left:
        raise together([Refused(NEEDED, key) for key in left])
    # Should somebody close, cancel or move it just now, one of both loses and looks again.
    work.retros.hold(retro)
    author, posted_at = (None, None) if command.anonymous else (command.person.id, command.at)
    answers = [
        Answer(
            id=uuid4().hex,
            case_number=retro.case_number,
            prompt=prompt_key,
            text=text,
            author=author,
            posted_at=posted_at,
        )
        for prompt_key, text in written.items()
        if text
    ]
    for answer in answers:
        work.retros.add_answer(answer)
        work.jobs.schedule(retro_jobs.answer_job(answer, retro, command.at))
    work.jobs.schedule(
        retro_jobs.retro_job(
            retro.case_number,
            retro.channel_id,
            command.at,
            asked_by=author,
            traceless=command.anonymous,
        )
    )
    reminder_jobs.refresh(retro, command.at, work, traceless=command.anonymous)
    return Reply(message=confirmation.posted(answers, prompts), done=True)


def open_edit_answer(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens one's own named answer."""
    answer = answer_of(opening.subject, work)
    must_be_open(_retro_with(answer, work), "edit an answer")
    domain.edit_answer(answer, opening.person.id, answer.text)
    return Reply(form=edit_answer_form(answer, _retro_with(answer, work).prompts))


def edit_answer_form(answer: Answer, prompts: Prompts) -> Form:
    """Edit one's own named answer."""
    label = {"text": {"label": label_of(prompts, answer.prompt)}}
    return said_to_stay(EditAnswer.form(answer.ref, values={"text": answer.text}, changed=label))


def edit_answer(command: EditAnswer, work: UnitOfWork) -> Reply:
    """Saves one's own named answer."""
    answer = answer_of(command.subject, work)
    retro = _retro_with(answer, work)
    must_be_open(retro, "edit an answer")
    changed = domain.edit_answer(answer, command.person.id, whole(command.text, answer.text))
    work.retros.save_answer(changed)
    work.jobs.schedule(retro_jobs.answer_job(changed, retro, command.at))
    _follow_answers(retro, command.at, work)
    return Reply(message=confirmation.edited(changed, retro.prompts), done=True)


def _follow_gone(
    answer: Answer, retro: Retro, at: datetime, work: UnitOfWork, *, traceless: bool = False
) -> None:
    """Brings up to date what counts, quotes and leads to the answers, of which this one is gone."""
    edit_said(retro_jobs.count_jobs(retro, answer, at, traceless=traceless), work)
    _follow_answers(retro, at, work, traceless=traceless)


def _follow_answers(retro: Retro, at: datetime, work: UnitOfWork, *, traceless: bool = False) -> None:
    """Brings up to date what counts and quotes the answers: the retro, its summaries and reminders."""
    number, channel_id = retro.case_number, retro.channel_id
    work.jobs.schedule(retro_jobs.retro_job(number, channel_id, at, traceless=traceless))
    retro_jobs.edit_summaries(retro, at, work, traceless=traceless)
    reminder_jobs.quote_anew(retro, at, work, traceless=traceless)


def open_delete_answer(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the question whether to delete one's own named answer."""
    answer = answer_of(opening.subject, work)
    domain.check_take_back(answer, opening.person.id)
    return Reply(form=delete_answer_form(answer, _retro_with(answer, work).prompts))


def delete_answer_form(answer: Answer, prompts: Prompts) -> Form:
    """Delete one's own named answer."""
    return DeleteAnswer.form(answer.ref, parts=messages.above_deleting(answer, prompts))


def delete_answer(command: DeleteAnswer, work: UnitOfWork) -> Reply:
    """Takes back one's own named answer, also when the retro is closed."""
    answer = answer_of(command.subject, work)
    domain.check_take_back(answer, command.person.id)
    retro = _retro_with(answer, work)
    work.retros.drop_answer(answer)
    work.jobs.schedule(retro_jobs.gone_job(answer.id, retro, command.at, asked_by=command.person.id))
    _follow_gone(answer, retro, command.at, work)
    return Reply(message=confirmation.deleted(answer, retro.prompts), done=True)


def open_unname_answer(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the question whether to take the name off one's own answer."""
    answer = answer_of(opening.subject, work)
    domain.check_unname(answer, opening.person.id)
    prompts = _retro_with(answer, work).prompts
    return Reply(form=unname_answer_form(answer, prompts, opening.people_in_channel))


def unname_answer_form(answer: Answer, prompts: Prompts, people: int | None = None) -> Form:
    """Remove my name; `people`: how many could have written it, where somebody knows."""
    return UnnameAnswer.form(answer.ref, parts=messages.above_unnaming(answer, prompts, people))


def unname_answer(command: UnnameAnswer, work: UnitOfWork) -> Reply:
    """Puts a new answer without a name in place of one's own, also when the retro is closed.

    It has another id and another message, so that nothing ties it to the one that had a name.
    """
    answer = answer_of(command.subject, work)
    domain.check_unname(answer, command.person.id)
    retro = _retro_with(answer, work)
    unnamed = domain.unname(answer, uuid4().hex)
    work.retros.drop_answer(answer)
    work.retros.add_answer(unnamed)
    work.search.wipe()
    work.jobs.schedule(retro_jobs.gone_job(answer.id, retro, command.at, traceless=True))
    work.jobs.schedule(retro_jobs.answer_job(unnamed, retro, command.at))
    _follow_gone(answer, retro, command.at, work, traceless=True)
    return Reply(message=confirmation.unnamed(unnamed, retro.prompts), done=True)


def open_withdraw_answer(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form in which the team's lead withdraws an unnamed answer."""
    answer = answer_of(opening.subject, work)
    retro = _check_withdraw(answer, opening.person.id, work)
    return Reply(form=withdraw_answer_form(answer, retro.prompts))


def withdraw_answer_form(answer: Answer, prompts: Prompts) -> Form:
    """Withdraw an unnamed answer, with a why."""
    return WithdrawAnswer.form(answer.ref, parts=messages.above_withdrawing(answer, prompts))


def withdraw_answer(command: WithdrawAnswer, work: UnitOfWork) -> Reply:
    """Withdraws an unnamed answer: in its place the thread says who did it, and why."""
    answer = answer_of(command.subject, work)
    retro = _check_withdraw(answer, command.person.id, work)
    work.retros.drop_answer(answer)
    work.retros.keep_withdrawn(
        WithdrawnAnswer(
            id=answer.id, case_number=answer.case_number, by=command.person.id, why=command.why
        )
    )
    work.jobs.schedule(retro_jobs.gone_job(answer.id, retro, command.at, asked_by=command.person.id))
    _follow_gone(answer, retro, command.at, work)
    return Reply(message=confirmation.withdrawn(answer, retro.prompts), done=True)


def _check_withdraw(answer: Answer, by: str, work: ReadOnlyWork) -> Retro:
    retro = _retro_with(answer, work)
    team = work.teams.require(retro.channel_id)
    lead = present_lead(team, work.people.among({team.lead} if team.lead else set()))
    domain.check_withdraw(answer, by, lead.id if lead else None)
    return retro


def _retro_with(answer: Answer, work: ReadOnlyWork) -> Retro:
    return retro_of(CaseRef(number=answer.case_number), work)


def read_answer(command: ReadAnswer, work: ReadOnlyWork) -> Reply:
    """Shows all of a long answer."""
    answer = answer_of(command.subject, work)
    author = work.people.get(answer.author) if answer.author else None
    prompts = _retro_with(answer, work).prompts
    return Reply(form=messages.whole_answer(answer, prompts, author))


def open_close(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form to close the retro."""
    retro = retro_of(opening.subject, work)
    domain.check_close(retro, work.action_items.of_case(retro.case_number))
    return Reply(form=close_form(retro))


def close_form(retro: Retro) -> Form:
    """Close the retro, with an outcome."""
    parts = messages.above_closing(retro)
    return Close.form(retro.ref, channel_id=retro.channel_id, parts=parts)


def close(command: Close, work: UnitOfWork) -> Reply:
    """Closes the retro with an outcome; the summary goes to its thread."""
    retro, outcome = retro_of(command.subject, work), command.outcome
    items = work.action_items.of_case(retro.case_number)
    recovery = work.recoveries.get(retro.case_number)

    def check_both_sides() -> None:
        if outcome == MUST_BE_HEARD:
            number = retro.case_number
            heard = len(work.retros.answers(number)) + len(work.retros.comments(number))
            check_outcome(outcome, recovery, heard)

    closed, _ = check_all(
        lambda: domain.close(retro, command.person.id, command.at, outcome, command.why, items),
        check_both_sides,
    )
    work.retros.save(closed)
    _follow(closed, recovery, command, work)
    _say_turn(closed, command, work)
    return Reply(message=confirmation.closed(closed), done=True)


def _follow(retro: Retro, recovery: Recovery | None, command: Close, work: UnitOfWork) -> None:
    """What an outcome means for what is owed to the customer, and for whoever handled the case."""
    turn = retro.last
    if turn is None:
        return
    if turn.outcome == MUST_BE_HEARD and recovery is not None and recovery.contact is not None:
        number = len(retro.history)
        work.jobs.schedule(
            recovery_jobs.check_in_job(retro.case_number, recovery.contact, number, command.at)
        )
    changed: Recovery | None = None
    if turn.outcome == APOLOGY_ENOUGH:
        contact = retro.opened_by or work.teams.require(retro.channel_id).lead or command.person.id
        recovery = recovery or recovery_jobs.of(retro.case_number, command.at, work, contact=contact)
        if recovery.outcome is None:
            gaps = sorted(recovery_jobs.gaps_of(retro.case_number, work))
            changed = enough(recovery, command.person.id, command.at, turn.why, gaps)
    elif recovery is not None and recovery.enough and recovery.outcome is None:
        changed = not_enough(recovery, command.at)
    if changed is not None:
        work.recoveries.save(changed)
        recovery_jobs.refresh_cards(changed, command.at, work)
        reminder_jobs.resolve_over(changed, "not needed", command.at, work)


def open_reopen(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form to reopen the retro."""
    retro = retro_of(opening.subject, work)
    if retro.state == "open":
        raise Refused(f"The retro {retro.label} is already open.")
    return Reply(form=reopen_form(retro))


def reopen_form(retro: Retro) -> Form:
    """Reopen the retro, with a why."""
    parts = messages.above_reopening(retro)
    return Reopen.form(retro.ref, channel_id=retro.channel_id, parts=parts)


def reopen(command: Reopen, work: UnitOfWork) -> Reply:
    """Reopens the retro with a why."""
    opened = open_because(retro_of(command.subject, work), command.why, command, work)
    return Reply(message=confirmation.reopened(opened), done=True)


def open_because(retro: Retro, why: str, command: Command, work: UnitOfWork) -> Retro:
    """Reopens the retro, with as much time to answer as a new one has; returns it as it is stored."""
    team = work.teams.require(retro.channel_id)
    closes = add_working_days(team.hours, today(team.zone, command.at), team.days_to_answer)
    opened = domain.reopen(retro, command.person.id, command.at, why, closes)
    work.retros.save(opened)
    recovery = work.recoveries.get(retro.case_number) if retro.small else None
    if recovery is not None:
        work.recoveries.save(with_something_to_tell(recovery, command.at))
    _say_turn(opened, command, work)
    if retro.small:
        # Its thread heard of no earlier case while nobody was asked anything.
        case = work.cases.require(retro.case_number)
        for job in carry_over_jobs.carried_jobs(case, command.at, work):
            work.jobs.schedule(job)
    # What the thread heard before says that it is closed.
    reminder_jobs.quote_anew(opened, command.at, work)
    return opened.model_copy(update={"version": opened.version + 1})


def _say_turn(retro: Retro, command: Command, work: UnitOfWork) -> None:
    """Says a closing or reopening in the thread, once, and brings retro and prompts up to date."""
    work.jobs.schedule(retro_jobs.turn_job(retro, command.at, command.person.id))
    earlier = len(retro.history) - 1
    retro_jobs.edit_summaries(retro, command.at, work, turns=earlier, asked_by=command.person.id)
    reminder_jobs.resolve(retro, "closed" if retro.state == "closed" else "reopened", command.at, work)
    recovery_jobs.note_retro(retro.case_number, command.at, work)
    changed = retro_jobs.retro_job(
        retro.case_number, retro.channel_id, command.at, asked_by=command.person.id
    )
    for job in (changed, *retro_jobs.ask(retro, changed, work)):
        work.jobs.schedule(job)


def discuss(command: Discuss, work: UnitOfWork) -> Reply:
    """Keeps a plain reply in a retro's thread as discussion; other threads are not our business."""
    case_number = retro_thread.case_of(command.channel, command.root_id, work)
    if case_number is None or not command.text:
        return Reply()
    work.people.remember(command.person)
    comment = Comment(
        id=command.message_id,
        case_number=case_number,
        author=command.person.id,
        text=command.text,
        posted_at=_posted_at(command),
    )
    work.retros.keep_comment(comment)
    return Reply()


def _posted_at(command: Discuss) -> datetime:
    """Slack's message id is the second it was posted; elsewhere it is when we heard of it."""
    seconds = command.message_id
    try:
        return datetime.fromtimestamp(float(seconds), UTC) if "." in seconds else command.at
    except (ValueError, OverflowError, OSError):
        return command.at


def undiscuss(command: Undiscuss, work: UnitOfWork) -> Reply:
    """Forgets a reply that its author deleted."""
    if command.channel is not None:
        work.retros.drop_comment(command.channel.id, command.message_id, command.person.id)
    return Reply()
