"""What the bot says of a retro: itself, its prompts, its answers, and how it ended."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot import retro_thread
from bot.domain import message_key
from bot.domain.action_item import ActionItem, is_late
from bot.domain.job import Job
from bot.domain.owner_day import owner_day
from bot.domain.prompt import asked
from bot.domain.retro import Answer, Counts, Retro
from bot.domain.team import Team
from bot.domain.working_hours import today
from bot.jobs import carry_over as carry_over_jobs
from bot.jobs import note as note_jobs
from bot.jobs import recovery as recovery_jobs
from bot.jobs.edit_said import edit_said
from bot.jobs.payload import JobPayload, Number, may_have_been_read
from bot.messages import proposal as proposal_messages
from bot.messages import recovery as recovery_messages
from bot.messages import retro as messages
from bot.messages.parts import Message
from bot.ports import ReadOnlyWork, UnitOfWork

FARTHEST = timedelta(days=2)
"""No owner is further ahead of their team: the earth has 26 hours of time zones."""


class Show(JobPayload):
    """The retro, as a message of its own in the team's channel."""

    name = "retro.show"
    what = "the retro C-{case_number}"
    about = "C-{case_number}"
    lasting = True

    case_number: Number

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """The retro as it stands."""
        return card(self.case_number, job.now, work)

    def on_sent(self, job: Job, work: ReadOnlyWork) -> Sequence[Job]:
        """Its prompts and its customer, in its thread, what earlier cases teach, and its tickets' notes.

        Earlier cases are told of as they stood then, so never when the retro changes; nor in the
        threads of retros that came in with many others.
        """
        retro = work.retros.get(self.case_number)
        if retro is None:
            return ()
        case = None if job.bulk or retro.small else work.cases.get(self.case_number)
        carried = carry_over_jobs.carried_jobs(case, job.due_at, work) if case else ()
        notes = note_jobs.owed(self.case_number, job.due_at, work, traceless=job.traceless)
        return [*ask(retro, job, work), *carried, *notes]


def card(case_number: int, at: datetime, work: ReadOnlyWork) -> Message | None:
    """The retro of a case as it stands; None where there is none."""
    retro, case = work.retros.get(case_number), work.cases.get(case_number)
    if retro is None or case is None:
        return None
    team = work.teams.require(retro.channel_id)
    counts = _counts(retro, team, at, work)
    recovery = work.recoveries.get(retro.case_number)
    back = recovery_jobs.recalled(retro.case_number, retro.channel_id, work)
    customer = recovery_messages.beside(recovery, back, retro_thread.links_of(back, work))
    people = work.people.among({case.last_change.by} if case.last_change else ())
    same_as = {change.same_as for change in case.history[-1:] if change.same_as}
    links = retro_thread.links_of(same_as, work) if same_as else {}
    told_by = () if retro.opened_by else work.proposals.of_case(case_number)
    beside = (*proposal_messages.opened_by_rules(told_by), *customer)
    return messages.invitation(retro, case, team, counts, beside, people, links)


def _counts(retro: Retro, team: Team, at: datetime, work: ReadOnlyWork) -> Counts:
    """Its figures; what is late goes by the day of each owner, wherever they are."""
    counts = work.retros.counts(retro.case_number, today(team.zone, at) + FARTHEST)
    if not counts.late:
        return counts
    items = work.action_items.of_case(retro.case_number)
    people = work.people.among({item.owner for item in items if item.owner})
    late = [item for item in items if is_late(item, owner_day(item, people, team.zone, at))]
    return counts.model_copy(update={"late": len(late)})


class Prompt(JobPayload):
    """One prompt, in the thread."""

    name = "retro.prompt"
    what = "a prompt of the retro C-{case_number}"
    about = "C-{case_number}/{prompt_key}"
    lasting = True

    case_number: Number
    prompt_key: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Its question, and where its answers are; nothing when the retro does not ask it.

        Nor of a small failure: a message more to look at is cheaper than a look at each retro.
        """
        retro = work.retros.get(self.case_number)
        prompts = asked(retro.prompts) if retro and not retro.small else ()
        prompt = next((each for each in prompts if each.key == self.prompt_key), None)
        if retro is None or prompt is None:
            return None
        answers = work.retros.answers(self.case_number)
        here = [answer for answer in answers if answer.prompt == self.prompt_key]
        return messages.question(retro, prompt, len(here), _links_to(here, work))


def _links_to(answers: Sequence[Answer], work: ReadOnlyWork) -> list[str]:
    """Where the answers stand, in the order in which everybody sees them there."""
    said = work.sent_messages.among({message_key.answer(answer.id) for answer in answers})
    places = sorted(said.values(), key=lambda place: (len(place.message), place.message))
    return [place.link for place in places if place.link]


class Answered(JobPayload):
    """An answer, in the thread; when it goes, its message goes with it.

    Where people talk in that thread, what they say may be about it: then a line stays in its place. So
    does the word of the lead who withdrew it, which is for everybody to read.
    """

    name = "retro.answered"
    what = "an answer"
    about = "{answer_id}"
    lasting = True

    answer_id: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """The answer as it stands, with its author if that is known; or what is left in its place."""
        answer = work.retros.answer(self.answer_id)
        if answer is None:
            # What nobody read needs no word in its place.
            return self._gone(job, work) if may_have_been_read(job, work) else None
        author = work.people.get(answer.author) if answer.author else None
        retro = work.retros.get(answer.case_number)
        return messages.answered(answer, retro.prompts if retro else (), author)

    def on_sent(self, job: Job, work: ReadOnlyWork) -> Sequence[Job]:
        """Its prompt, which says where its answers are."""
        answer = work.retros.answer(self.answer_id)
        retro = work.retros.get(answer.case_number) if answer else None
        if answer is None or retro is None:
            return ()
        return count_jobs(retro, answer, job.due_at, traceless=job.traceless)

    def _gone(self, job: Job, work: ReadOnlyWork) -> Message:
        withdrawn = work.retros.withdrawn(self.answer_id)
        if withdrawn is not None:
            return messages.withdrawn(withdrawn, work.people.get(withdrawn.by))
        number = message_key.retro_of(job.thread)
        discussed = number is not None and bool(work.retros.comments(number))
        return messages.taken_back(discussed=discussed)


EVIDENCE = ("done", "verify", "drop")
"""Steps of an item whose words the summary keeps."""


class SumUp(JobPayload):
    """What was heard per gap and what will change, as things stand.

    Nothing when it was reopened before this could be said; afterwards, that this closing is over.
    """

    name = "retro.sum_up"
    what = "the summary of C-{case_number}"
    about = "C-{case_number}"

    case_number: Number

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Both sides, and the items."""
        retro = work.retros.get(self.case_number)
        if retro is None:
            return None
        number = message_key.turn_of(job.key) or len(retro.history)
        if number < len(retro.history):
            if not may_have_been_read(job, work):
                return None
            people = work.people.among({retro.history[number - 1].by})
            return messages.superseded(retro, number, people, work.teams.require(retro.channel_id))
        if retro.state == "open":
            return None
        items = work.action_items.of_case(retro.case_number)
        named = {item.owner for item in items if item.owner} | {turn.by for turn in retro.history[-1:]}
        named |= {moved.by for item in items for moved in item.history if moved.step in EVIDENCE}
        people = work.people.among(named)
        customer = recovery_messages.in_summary(work.recoveries.get(retro.case_number))
        answers, team = work.retros.answers(retro.case_number), work.teams.require(retro.channel_id)
        links = _links_to_items(items, work)
        return messages.summary(retro, answers, items, people, team, links, customer)


def _links_to_items(items: Sequence[ActionItem], work: ReadOnlyWork) -> Mapping[int, str]:
    """Where the items stand in the thread, by their numbers."""
    keys = {item.number: message_key.item(item.number) for item in items}
    said = work.sent_messages.among(set(keys.values()))
    places = {number: said[key] for number, key in keys.items() if key in said}
    return {number: place.link for number, place in places.items() if place.link}


class SayReopened(JobPayload):
    """That it is open again; nothing when it was closed meanwhile."""

    name = "retro.say_reopened"
    what = "that C-{case_number} is open again"
    about = "C-{case_number}"

    case_number: Number

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Who reopened it, and why."""
        retro = work.retros.get(self.case_number)
        if retro is None or retro.state != "open":
            return None
        return messages.reopened(retro, work.people.among({turn.by for turn in retro.history[-1:]}))


def retro_job(
    case_number: int,
    channel_id: str,
    at: datetime,
    *,
    asked_by: str | None = None,
    bulk: bool = False,
    traceless: bool = False,
) -> Job:
    """The job that keeps the retro's message current: posted once, edited from then on."""
    return Show(case_number=case_number).job(
        channel_id,
        message_key.retro(case_number),
        at,
        asked_by=asked_by,
        bulk=bulk,
        traceless=traceless,
    )


def ask(retro: Retro, root: Job, work: ReadOnlyWork) -> list[Job]:
    """What belongs into the thread of the retro's message: its prompts and the customer's card."""
    recovery = work.recoveries.get(retro.case_number)
    cards = recovery_jobs.card_jobs(recovery, root.due_at, asked_by=root.asked_by) if recovery else []
    return [*prompt_jobs(retro, root), *cards]


def prompt_jobs(retro: Retro, root: Job) -> list[Job]:
    """What belongs into the thread of the retro's message of its prompts: those that ask something."""
    return [
        Prompt(case_number=retro.case_number, prompt_key=prompt.key).job(
            root.channel_id,
            message_key.prompt(retro.case_number, prompt.key),
            root.due_at,
            thread=root.key,
            bulk=root.bulk,
            asked_by=root.asked_by,
            traceless=root.traceless,
        )
        for prompt in asked(retro.prompts)
        if prompt.question
    ]


def count_jobs(retro: Retro, answer: Answer, at: datetime, *, traceless: bool = False) -> Sequence[Job]:
    """What brings the prompt of an answer up to date, which says how many it has and where."""
    root = retro_job(retro.case_number, retro.channel_id, at, traceless=traceless)
    key = message_key.prompt(retro.case_number, answer.prompt)
    return [job for job in prompt_jobs(retro, root) if job.key == key]


def answer_job(answer: Answer, retro: Retro, at: datetime) -> Job:
    """The job that keeps an answer in the thread current."""
    return Answered(answer_id=answer.id).job(
        retro.channel_id,
        message_key.answer(answer.id),
        at,
        thread=message_key.retro(retro.case_number),
        asked_by=answer.author,
        traceless=answer.author is None,
    )


def gone_job(
    answer_id: str, retro: Retro, at: datetime, *, asked_by: str | None = None, traceless: bool = False
) -> Job:
    """The job that says in an answer's place in the thread that it is not there any more."""
    return Answered(answer_id=answer_id).job(
        retro.channel_id,
        message_key.answer(answer_id),
        at,
        thread=message_key.retro(retro.case_number),
        asked_by=asked_by,
        traceless=traceless,
    )


def edit_summaries(
    retro: Retro,
    at: datetime,
    work: UnitOfWork,
    *,
    turns: int | None = None,
    asked_by: str | None = None,
    traceless: bool = False,
) -> None:
    """Brings up to date what was said when the retro was closed, each time it was.

    `turns`: only of so many closings and reopenings, from the first one on; None: of all.
    """
    summary = SumUp(case_number=retro.case_number)
    edit_said(
        (
            summary.job(
                retro.channel_id,
                message_key.turn(retro.case_number, number),
                at,
                thread=message_key.retro(retro.case_number),
                asked_by=asked_by,
                traceless=traceless,
            )
            for number, turn in enumerate(retro.history[:turns], 1)
            if turn.step == "close"
        ),
        work,
    )


def turn_job(retro: Retro, at: datetime, asked_by: str) -> Job:
    """The job that says in the thread, once, that the retro was closed or reopened, as it now is."""
    kind = SayReopened if retro.state == "open" else SumUp
    return kind(case_number=retro.case_number).job(
        retro.channel_id,
        message_key.turn(retro.case_number, len(retro.history)),
        at,
        thread=message_key.retro(retro.case_number),
        once=True,
        asked_by=asked_by,
    )
