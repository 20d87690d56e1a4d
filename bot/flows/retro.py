"""What happens in a retro: it is shown, asks, hears answers, and is closed with an outcome."""

from datetime import UTC, datetime
from uuid import uuid4

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
from bot.domain.retro import Answer, Comment, Retro, close, edit_answer, must_be_open, reopen
from bot.domain.team import Team
from bot.domain.working_hours import today
from bot.flows import customer, fields, reminder, thread
from bot.messages import recovery as recovery_messages
from bot.messages import retro as messages
from bot.messages.parts import Message
from bot.ports import UnitOfWork
from bot.prompts import BY_KEY, PROMPTS
from bot.request import Reply, Request

GONE = "This retro is not here any more."
CHOICE_LOST = (
    "Whether your name may stand here got lost on the way, so nothing was posted: keep your words, "
    "open Answer once more, and post them there."
)


def current(case: int, place: str, at: datetime) -> Job:
    """The job that keeps the retro's message current: posted once, edited from then on."""
    return Job(name="retro.show", about=f"C-{case}", place=place, key=thread.key(case), due_at=at)


def shown(case: int, place: str, request: Request) -> Job:
    """The same, asked for by somebody."""
    asked_by = None if request.unnamed or request.bulk else request.person.id
    job = current(case, place, request.at)
    return job.model_copy(
        update={"bulk": request.bulk, "asked_by": asked_by, "traceless": request.unnamed}
    )


def get(label: str, work: UnitOfWork) -> Retro:
    """The retro of `C-7`, or of `C-7/training`; refuses when there is none."""
    retro = work.retros.get(number_of(label.partition("/")[0], "C"))
    if retro is None:
        raise Refused(GONE)
    return retro


def team_of(place: str, work: UnitOfWork) -> Team:
    """The team of a place that has a retro, so there is one."""
    team = work.teams.get(place)
    if team is None:
        raise Refused(GONE)
    return team


def show(job: Job, work: UnitOfWork) -> Message | None:
    """The retro as it stands."""
    retro = work.retros.get(number_of(job.about, "C"))
    case = work.cases.get(number_of(job.about, "C"))
    if retro is None or case is None:
        return None
    team = team_of(retro.place, work)
    counts = work.retros.counts(retro.case, today(team.zone, job.at or job.due_at))
    recovery = work.recoveries.get(retro.case)
    back = customer.recalled(retro.case, retro.place, work)
    beside = recovery_messages.beside(recovery, back, thread.links_of(back, work))
    return messages.invitation(retro, case, team, counts, beside)


def ask(job: Job, work: UnitOfWork) -> list[Job]:
    """What follows once the retro's message is there: its prompts and its customer, in its thread."""
    number = number_of(job.about, "C")
    recovery = work.recoveries.get(number)
    beside = customer.showing(recovery, job.due_at, asked_by=job.asked_by) if recovery else []
    prompts = [
        Job(
            name="retro.prompt",
            about=f"{job.about}/{prompt.key}",
            place=job.place,
            key=f"prompt:{number}:{prompt.key}",
            thread=job.key,
            bulk=job.bulk,
            due_at=job.due_at,
            asked_by=job.asked_by,
        )
        for prompt in PROMPTS
        if prompt.question
    ]
    return [*prompts, *beside]


def prompt(job: Job, work: UnitOfWork) -> Message | None:
    """One prompt."""
    label, _, name = job.about.partition("/")
    retro = work.retros.get(number_of(label, "C"))
    if retro is None or name not in BY_KEY:
        return None
    return messages.question(retro, BY_KEY[name])


def answer_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the answer form, the prompt that was pressed first."""
    retro = get(request.about, work)
    must_be_open(retro, "answer")
    case = work.cases.get(retro.case)
    if case is None:
        raise Refused(GONE)
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
            case=retro.case,
            prompt=prompt_key,
            text=text,
            author=None if request.unnamed else request.person.id,
            posted_at=None if request.unnamed else request.at,
        )
        work.retros.add_answer(answer)
        work.jobs.schedule(answer_shown(answer, retro, request.at))
    work.jobs.schedule(shown(retro.case, retro.place, request))
    reminder.refresh(retro, request, work)
    return Reply()


def answer_shown(answer: Answer, retro: Retro, at: datetime) -> Job:
    """The job that keeps an answer in the thread current."""
    return Job(
        name="retro.answered",
        about=answer.id,
        place=retro.place,
        key=f"answer:{answer.id}",
        thread=thread.key(retro.case),
        due_at=at,
        asked_by=answer.author,
        traceless=answer.author is None,
    )


def answered(job: Job, work: UnitOfWork) -> Message | None:
    """An answer, in the thread."""
    answer = work.retros.answer(job.about)
    if answer is None:
        return None
    author = work.people.get(answer.author) if answer.author else None
    return messages.answered(answer, author)


def _answer(request: Request, work: UnitOfWork) -> Answer:
    answer = work.retros.answer(request.about)
    if answer is None:
        raise Refused("This answer is not here any more.")
    return answer


def edit_answer_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens one's own named answer."""
    answer = _answer(request, work)
    must_be_open(get(f"C-{answer.case}", work), "edit an answer")
    edit_answer(answer, request.person.id, answer.text)
    return Reply(form=messages.edit_form(answer))


def edit(request: Request, work: UnitOfWork) -> Reply:
    """Saves one's own named answer."""
    answer = _answer(request, work)
    retro = get(f"C-{answer.case}", work)
    must_be_open(retro, "edit an answer")
    text = fields.text(request, "text", needed="An answer cannot be empty.")
    changed = edit_answer(answer, request.person.id, text)
    work.retros.save_answer(changed)
    work.jobs.schedule(answer_shown(changed, retro, request.at))
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


def shut(request: Request, work: UnitOfWork) -> Reply:
    """Closes the retro with an outcome; the summary goes to its thread."""
    retro = get(request.about, work)
    items = work.action_items.of_case(retro.case)
    outcome, why = fields.text(request, "outcome"), fields.text(request, "why")
    closed = close(retro, request.person.id, request.at, outcome, why, items)
    recovery = work.recoveries.get(retro.case)
    if outcome == MUST_BE_HEARD:
        answers, comments = work.retros.answers(retro.case), work.retros.comments(retro.case)
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
            place=recovery.contact,
            key=f"check_in:{retro.case}:{len(retro.history)}",
            direct=True,
            once=True,
            due_at=request.at,
        )
        work.jobs.schedule(word)
    changed: Recovery | None = None
    if turn.outcome == APOLOGY_ENOUGH:
        recovery = recovery or customer.of(retro.label, request, work)
        if recovery.outcome is None:
            gaps = sorted(customer.gaps_of(retro.case, work))
            changed = enough(recovery, request.person.id, request.at, turn.why, gaps)
    elif recovery is not None and recovery.enough and recovery.outcome is None:
        changed = not_enough(recovery, request.at)
    if changed is not None:
        work.recoveries.save(changed)
        customer.shown(changed, request.at, work)
        reminder.settle_over(changed, "not needed", request.at, work)


def reopen_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the form to reopen the retro."""
    retro = get(request.about, work)
    if retro.state == "open":
        raise Refused(f"The retro {retro.label} is already open.")
    return Reply(form=messages.reopen_form(retro))


def open_again(request: Request, work: UnitOfWork) -> Reply:
    """Reopens the retro with a why."""
    retro = get(request.about, work)
    why = fields.text(request, "why", needed="Say why, in a sentence.")
    open_because(retro, why, request, work)
    return Reply()


def open_because(retro: Retro, why: str, request: Request, work: UnitOfWork) -> Retro:
    """Reopens the retro; returns it as it is stored now."""
    opened = reopen(retro, request.person.id, request.at, why)
    work.retros.save(opened)
    _say_turn(opened, "retro.say_reopened", request, work)
    return opened.model_copy(update={"version": opened.version + 1})


def turn_key(case: int, number: int) -> str:
    """The key of what was said when a retro was closed or reopened for the `number`th time, from 1."""
    return f"turn:{case}:{number}"


def _say_turn(retro: Retro, name: str, request: Request, work: UnitOfWork) -> None:
    """Says a closing or reopening in the thread, once, and brings retro and prompts up to date."""
    work.jobs.schedule(
        Job(
            name=name,
            about=retro.label,
            place=retro.place,
            key=turn_key(retro.case, len(retro.history)),
            thread=thread.key(retro.case),
            once=True,
            due_at=request.at,
            asked_by=request.person.id,
        )
    )
    reminder.settle(retro, "closed" if retro.state == "closed" else "reopened", request, work)
    customer.note_retro(retro.case, request.at, work)
    changed = shown(retro.case, retro.place, request)
    for job in (changed, *ask(changed, work)):
        work.jobs.schedule(job)


def sum_up(job: Job, work: UnitOfWork) -> Message | None:
    """What was heard per gap and what will change; nothing when it was reopened meanwhile."""
    retro = work.retros.get(number_of(job.about, "C"))
    if retro is None or retro.state == "open":
        return None
    items = work.action_items.of_case(retro.case)
    named = {item.owner for item in items if item.owner} | {turn.by for turn in retro.history[-1:]}
    people = work.people.among(named)
    told = recovery_messages.in_summary(work.recoveries.get(retro.case))
    return messages.summary(retro, work.retros.answers(retro.case), items, people, told)


def say_reopened(job: Job, work: UnitOfWork) -> Message | None:
    """That it is open again; nothing when it was closed meanwhile."""
    retro = work.retros.get(number_of(job.about, "C"))
    if retro is None or retro.state != "open":
        return None
    return messages.reopened(retro, work.people.among({turn.by for turn in retro.history[-1:]}))


def discuss(request: Request, work: UnitOfWork) -> Reply:
    """Keeps a plain reply in a retro's thread as discussion; other threads are not our business."""
    case = thread.case_of(request, request.about, work)
    text = fields.text(request, "text")
    if case is None or not text:
        return Reply()
    work.people.remember(request.person)
    comment = Comment(
        id=fields.text(request, "id"),
        case=case,
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
    if request.place is not None:
        comment = fields.text(request, "id")
        work.retros.drop_comment(request.place.id, comment, request.person.id)
    return Reply()
