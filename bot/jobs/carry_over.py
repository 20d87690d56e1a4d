"""What the bot says of earlier cases in the thread of a retro that opens."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from bot import retro_thread
from bot.domain import message_key
from bot.domain.action_item import OPEN_STATES, ActionItem
from bot.domain.case import Case, by_case
from bot.domain.gap import LOOKED_BACK
from bot.domain.job import Job
from bot.domain.likeness import most_alike
from bot.domain.search import asked_for
from bot.domain.trends import MAX_FAILURES, returns
from bot.domain.working_hours import today
from bot.jobs.payload import JobPayload, Number, may_have_been_read
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
    """What became of the earlier cases that are like this one, and what of their gaps is still open.

    Which those are was chosen as the retro opened, and stays: they stand in the message's key.
    """

    name = "retro.carry_over"
    what = "what earlier cases teach about C-{case_number}"
    about = "C-{case_number}"

    case_number: Number

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """As things are now; of what was cancelled since it says nothing, nor of a small failure."""
        case, retro = work.cases.get(self.case_number), work.retros.get(self.case_number)
        was_read = may_have_been_read(job, work)
        if case is None or retro is None or (not was_read and (case.cancelled or retro.small)):
            return None
        _, numbers, item_numbers = message_key.carried_of(job.key)
        cases = work.cases.among(numbers)
        alike = [cases[number] for number in numbers if not cases[number].cancelled]
        if not alike:
            return messages.nothing_left() if was_read else None
        items = _fixes(numbers, work)
        back = _came_back(case.channel_id, job.now, work)
        recoveries = work.recoveries.among(numbers)
        named = work.action_items.among(item_numbers)
        shown = [
            named[number]
            for number in item_numbers
            if named[number].state in OPEN_STATES and not named[number].cancelled
        ]
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
        renewed = work.sent_messages.get(job.key) is not None
        return messages.carried(earlier, shown, links, item_links, people, day, renewed=renewed)


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


def _fixes(numbers: Collection[int], work: ReadOnlyWork) -> Mapping[int, Sequence[ActionItem]]:
    return by_case(item for item in work.action_items.of_case(*numbers) if item.state != "dropped")


def carried_jobs(case: Case, at: datetime, work: ReadOnlyWork) -> Sequence[Job]:
    """The job that tells the thread of earlier cases, once; none where nothing is alike.

    It looks through the channel's words, which takes its time: whoever writes has little of that.
    """
    for key in work.sent_messages.of_earlier(case.channel_id):
        if message_key.carried_of(key)[0] == case.number:
            return [_job(key, case.channel_id, at)]
    alike = [one.number for one in alike_to(case, work)]
    if not alike:
        return []
    gaps = {item.gap for items in _fixes(alike, work).values() for item in items if item.gap}
    still_open = [
        item.number
        for item in work.action_items.open_in(case.channel_id, MAX_OPEN)
        if item.gap in gaps and item.case_number != case.number
    ]
    key = message_key.carried(case.number, alike, still_open[:MAX_CARRIED])
    return [_job(key, case.channel_id, at)]


def _job(key: str, channel_id: str, at: datetime) -> Job:
    number = message_key.carried_of(key)[0]
    return Tell(case_number=number).job(channel_id, key, at, thread=message_key.retro(number))


def edit_all_carried(channels: Iterable[str], at: datetime, work: UnitOfWork) -> None:
    """Says anew what threads of these channels were told of earlier cases, of which some words went."""
    for channel_id in sorted(set(channels)):
        for key in work.sent_messages.of_earlier(channel_id):
            work.jobs.schedule(_job(key, channel_id, at).model_copy(update={"bulk": True}))


def edit_carried(
    channel_id: str,
    at: datetime,
    work: UnitOfWork,
    *,
    cases: Collection[int] = (),
    items: Collection[int] = (),
) -> None:
    """Says anew what threads of the channel were told of these, once they were put right or gone."""
    keys = work.sent_messages.of_earlier(channel_id)
    told = {key: message_key.carried_of(key) for key in keys}
    named = [
        key
        for key, (_, of_cases, of_items) in told.items()
        if not ({*cases}.isdisjoint(of_cases) and {*items}.isdisjoint(of_items))
    ]
    for key in named:
        work.jobs.schedule(_job(key, channel_id, at))
