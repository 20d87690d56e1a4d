"""What the bot says of earlier cases in the thread of a retro that opens."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from bot import retro_thread
from bot.domain import message_key
from bot.domain.case import Case, by_case
from bot.domain.gap import LOOKED_BACK
from bot.domain.job import Job
from bot.domain.likeness import most_alike
from bot.domain.search import asked_for
from bot.domain.trends import MAX_FAILURES, returns
from bot.domain.working_hours import today
from bot.jobs.edit_said import edit_said
from bot.jobs.payload import JobPayload, Number
from bot.messages import carry_over as messages
from bot.messages.carry_over import Earlier
from bot.messages.parts import Message
from bot.ports import ReadOnlyWork, UnitOfWork

MAX_CARRIED = 3
"""Earlier cases that a thread is told of, and open items beside them."""
MAX_COMPARED = 100
"""Cases that full text finds, and that are compared as a whole."""
MAX_OPEN = 50
"""Open items of a channel among which those of the same gap are looked for, the most urgent ones."""


class Tell(JobPayload):
    """Which earlier cases are like this one, and what became of them; nothing where none is."""

    name = "retro.carry_over"
    what = "what earlier cases teach about C-{case_number}"
    about = "C-{case_number}"

    case_number: Number

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """Those that are most alike, and the open items of their gaps; nothing of a small failure."""
        case, retro = work.cases.get(self.case_number), work.retros.get(self.case_number)
        if case is None or case.cancelled or retro is None or retro.small:
            return None
        alike = alike_to(case, work)
        if not alike:
            return None
        numbers = [one.number for one in alike]
        fixes = (item for item in work.action_items.of_case(*numbers) if item.state != "dropped")
        items = by_case(fixes)
        back = _came_back(case.channel_id, job.now, work)
        recoveries = work.recoveries.among(numbers)
        gaps = {item.gap for those in items.values() for item in those if item.gap}
        still_open = [
            item
            for item in work.action_items.open_in(case.channel_id, MAX_OPEN)
            if item.gap in gaps and item.case_number != case.number
        ]
        shown = still_open[:MAX_CARRIED]
        backs = {number for those in back.values() for number in those}
        links = retro_thread.links_of({*numbers, *backs}, work)
        keys = {item.number: message_key.item(item.number) for item in shown}
        said = work.sent_messages.among(set(keys.values()))
        item_links = {number: said[key].link or "" for number, key in keys.items() if key in said}
        day = today(work.teams.require(case.channel_id).zone, job.now)
        people = work.people.among({item.owner for item in shown if item.owner})
        earlier = [
            Earlier(
                one,
                items[one.number],
                recoveries[one.number].outcome if one.number in recoveries else None,
                sorted(
                    (gap, number)
                    for gap in {item.gap for item in items[one.number] if item.gap}
                    for number in back.get(gap, ())
                    if number not in (one.number, case.number) and number > one.number
                ),
            )
            for one in alike
        ]
        return messages.carried(earlier, shown, links, item_links, people, day)


def alike_to(case: Case, work: ReadOnlyWork) -> Sequence[Case]:
    """The earlier cases of its channel that are about much the same, the most alike first."""
    asked = asked_for(case.what_happened, any=True)
    found = work.search.find(asked, {case.channel_id}, MAX_COMPARED)
    cases = work.cases.among([number for number in found if number < case.number])
    retros = work.retros.among(cases)
    texts = {number: one.what_happened for number, one in cases.items() if number in retros}
    return [cases[number] for number in most_alike(case.what_happened, texts, MAX_CARRIED)]


def _came_back(channel_id: str, at: datetime, work: ReadOnlyWork) -> dict[str, list[int]]:
    """In which cases of half a year each gap came back after a verified fix."""
    failures = work.cases.failures(channel_id, at - LOOKED_BACK, MAX_FAILURES)
    fixes = work.action_items.fixes(*(failure.number for failure in failures))
    back: dict[str, list[int]] = defaultdict(list)
    for one in returns(failures, fixes):
        back[one.gap].append(one.case_number)
    return back


def carried_job(case_number: int, channel_id: str, at: datetime) -> Job:
    """The job that tells the thread of earlier cases, once."""
    thread = message_key.retro(case_number)
    return Tell(case_number=case_number).job(
        channel_id, message_key.carried(case_number), at, thread=thread
    )


def edit_carried(channels: Iterable[str], at: datetime, work: UnitOfWork) -> None:
    """Says anew what threads of these channels were told of earlier cases, of which some words went."""
    for channel_id in sorted(set(channels)):
        keys = work.sent_messages.starting(message_key.ALL_CARRIED, channel_id)
        numbers = [int(key.removeprefix(message_key.ALL_CARRIED)) for key in keys]
        jobs = (carried_job(number, channel_id, at) for number in numbers)
        bulk = (job.model_copy(update={"bulk": True}) for job in jobs)
        edit_said(bulk, work, on_their_way=True)
