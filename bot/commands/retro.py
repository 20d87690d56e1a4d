"""What happens in a retro: it is shown, asks, hears answers, and is closed with an outcome."""

from datetime import UTC, datetime
from uuid import uuid4

from bot import retro_thread
from bot.commands import fields
from bot.domain import retro as domain
from bot.domain.case import number_of
from bot.domain.errors import Refused
from bot.domain.job import Job
from bot.domain.recovery import (
    APOLOGY_ENOUGH,
    MUST_BE_HEARD,
    Recovery,
    check_outcome,
    enough,
    not_enough,
)
from bot.domain.retro import Answer, Comment, Retro, must_be_open
from bot.jobs import recovery as recovery_jobs
from bot.jobs import reminder as reminder_jobs
from bot.jobs import retro as retro_jobs
from bot.messages import retro as messages
from bot.ports import UnitOfWork
from bot.prompts import PROMPTS
from bot.request import Reply, Request

CHOICE_LOST = (
    "Whether your name may stand here got lost on the way, so nothing was posted: keep your words, "
    "open Answer once more, and post them there."
)


def get(label: str, work: UnitOfWork) -> Retro:
    """The retro of `C-7`, or of `C-7/training`; refuses when there is none."""
    retro = work.retros.get(number_of(label.partition("/")[0], "C"))
    if retro is None:
        raise Refused(retro_jobs.GONE)
    return retro


def answer_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the answer form, the prompt that was pressed first."""
    retro = get(request.about, work)
    must_be_open(retro, "answer")
    case = work.cases.get(retro.case_number)
    if case is None:
        raise Refused(retro_jobs.GONE)
    first = request.about.partition("/")[2]
    return Reply(form=messages.answer_form(retro, case, first, request.people_in_channel))


def answer(request: Request, work: UnitOfWork) -> Reply:
    """Keeps one answer per filled field; without a name, nothing about the author is written."""
    if not request.has_chosen:
        raise Refused(CHOICE_LOST)
    retro = get(request.about, work)
    must_be_open(retro, "answer")
    texts = {prompt.key: fields.text(request, prompt.key) for prompt in PROMPTS}
    if not any(texts.values()):
        raise Refused("Write something in at least one field.", PROMPTS[0].key)
    for prompt_key, text in texts.items():
        if not text:
            continue
        answer = Answer(
            id=uuid4().hex,
            case_number=retro.case_number,
            prompt=prompt_key,
            text=text,
            author=None if request.unnamed else request.person.id,
            posted_at=None if request.unnamed else request.at,
        )
        work.retros.add_answer(answer)
        work.jobs.schedule(retro_jobs.answer_job(answer, retro, request.at))
    work.jobs.schedule(
        retro_jobs.retro_job(
            retro.case_number,
            retro.channel_id,
            request.at,
            asked_by=None if request.unnamed else request.person.id,
            traceless=request.unnamed,
        )
    )
    reminder_jobs.refresh(retro, request.at, work, traceless=request.unnamed)
    return Reply()


def _answer(request: Request, work: UnitOfWork) -> Answer:
    answer = work.retros.answer(request.about)
    if answer is None:
        raise Refused("This answer is not here any more.")
    return answer


def edit_answer_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens one's own named answer."""
    answer = _answer(request, work)
    must_be_open(get(f"C-{answer.case_number}", work), "edit an answer")
    domain.edit_answer(answer, request.person.id, answer.text)
    return Reply(form=messages.edit_form(answer))


def edit_answer(request: Request, work: UnitOfWork) -> Reply:
    """Saves one's own named answer."""
    answer = _answer(request, work)
    retro = get(f"C-{answer.case_number}", work)
    must_be_open(retro, "edit an answer")
    text = fields.text(request, "text", needed="An answer cannot be empty.")
    changed = domain.edit_answer(answer, request.person.id, text)
    work.retros.save_answer(changed)
    work.jobs.schedule(retro_jobs.answer_job(changed, retro, request.at))
    return Reply()


def read_answer(request: Request, work: UnitOfWork) -> Reply:
    """Shows all of a long answer."""
    answer = _answer(request, work)
    author = work.people.get(answer.author) if answer.author else None
    return Reply(form=messages.whole_answer(answer, author))


def close_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the form to close the retro."""
    retro = get(request.about, work)
    must_be_open(retro, "close it again")
    return Reply(form=messages.close_form(retro))


def close(request: Request, work: UnitOfWork) -> Reply:
    """Closes the retro with an outcome; the summary goes to its thread."""
    retro = get(request.about, work)
    items = work.action_items.of_case(retro.case_number)
    outcome, why = fields.text(request, "outcome"), fields.text(request, "why")
    closed = domain.close(retro, request.person.id, request.at, outcome, why, items)
    recovery = work.recoveries.get(retro.case_number)
    if outcome == MUST_BE_HEARD:
        answers, comments = (
            work.retros.answers(retro.case_number),
            work.retros.comments(retro.case_number),
        )
        check_outcome(outcome, recovery, len(answers) + len(comments))
    work.retros.save(closed)
    _follow(closed, recovery, request, work)
    _say_turn(closed, "retro.sum_up", request, work)
    return Reply()


def _follow(retro: Retro, recovery: Recovery | None, request: Request, work: UnitOfWork) -> None:
    """What an outcome means for what is owed to the customer, and for whoever handled the case."""
    turn = retro.last
    if turn is None:
        return
    if turn.outcome == MUST_BE_HEARD and recovery is not None and recovery.contact is not None:
        # Asked for by nobody: whether it could be said is nobody else's business either.
        word = Job(
            name="recovery.check_in",
            about=retro.label,
            channel_id=recovery.contact,
            key=f"check_in:{retro.case_number}:{len(retro.history)}",
            direct=True,
            once=True,
            due_at=request.at,
        )
        work.jobs.schedule(word)
    changed: Recovery | None = None
    if turn.outcome == APOLOGY_ENOUGH:
        recovery = recovery or recovery_jobs.of(retro.label, request.person.id, request.at, work)
        if recovery.outcome is None:
            gaps = sorted(recovery_jobs.gaps_of(retro.case_number, work))
            changed = enough(recovery, request.person.id, request.at, turn.why, gaps)
    elif recovery is not None and recovery.enough and recovery.outcome is None:
        changed = not_enough(recovery, request.at)
    if changed is not None:
        work.recoveries.save(changed)
        recovery_jobs.refresh_cards(changed, request.at, work)
        reminder_jobs.resolve_over(changed, "not needed", request.at, work)


def reopen_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the form to reopen the retro."""
    retro = get(request.about, work)
    if retro.state == "open":
        raise Refused(f"The retro {retro.label} is already open.")
    return Reply(form=messages.reopen_form(retro))


def reopen(request: Request, work: UnitOfWork) -> Reply:
    """Reopens the retro with a why."""
    retro = get(request.about, work)
    why = fields.text(request, "why", needed="Say why, in a sentence.")
    open_because(retro, why, request, work)
    return Reply()


def open_because(retro: Retro, why: str, request: Request, work: UnitOfWork) -> Retro:
    """Reopens the retro; returns it as it is stored now."""
    opened = domain.reopen(retro, request.person.id, request.at, why)
    work.retros.save(opened)
    _say_turn(opened, "retro.say_reopened", request, work)
    return opened.model_copy(update={"version": opened.version + 1})


def _say_turn(retro: Retro, name: str, request: Request, work: UnitOfWork) -> None:
    """Says a closing or reopening in the thread, once, and brings retro and prompts up to date."""
    work.jobs.schedule(
        Job(
            name=name,
            about=retro.label,
            channel_id=retro.channel_id,
            key=retro_jobs.turn_key(retro.case_number, len(retro.history)),
            thread=retro_thread.key(retro.case_number),
            once=True,
            due_at=request.at,
            asked_by=request.person.id,
        )
    )
    reminder_jobs.resolve(retro, "closed" if retro.state == "closed" else "reopened", request.at, work)
    recovery_jobs.note_retro(retro.case_number, request.at, work)
    changed = retro_jobs.retro_job(
        retro.case_number, retro.channel_id, request.at, asked_by=request.person.id
    )
    for job in (changed, *retro_jobs.ask(changed, work)):
        work.jobs.schedule(job)


def discuss(request: Request, work: UnitOfWork) -> Reply:
    """Keeps a plain reply in a retro's thread as discussion; other threads are not our business."""
    case_number = retro_thread.case_of(request.channel, request.about, work)
    text = fields.text(request, "text")
    if case_number is None or not text:
        return Reply()
    work.people.remember(request.person)
    comment = Comment(
        id=fields.text(request, "id"),
        case_number=case_number,
        author=request.person.id,
        text=text,
        posted_at=_posted_at(request),
    )
    work.retros.keep_comment(comment)
    return Reply()


def _posted_at(request: Request) -> datetime:
    """Slack's message id is the second it was posted; elsewhere it is when we heard of it."""
    seconds = fields.text(request, "id")
    try:
        return datetime.fromtimestamp(float(seconds), UTC) if "." in seconds else request.at
    except (ValueError, OverflowError, OSError):
        return request.at


def undiscuss(request: Request, work: UnitOfWork) -> Reply:
    """Forgets a reply that its author deleted."""
    if request.channel is not None:
        comment = fields.text(request, "id")
        work.retros.drop_comment(request.channel.id, comment, request.person.id)
    return Reply()
