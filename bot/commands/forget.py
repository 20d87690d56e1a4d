"""A customer, or a colleague who left, is forgotten: in all that is stored, and in all that was said."""

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Literal, NamedTuple

from bot.commands.lookup import told_by
from bot.domain import message_key
from bot.domain import proposal as proposal_domain
from bot.domain import recovery as recovery_domain
from bot.domain.action_item import WAITING_STATES, ActionItem, without_owner
from bot.domain.case import Case, number_of
from bot.domain.connection import is_one_account
from bot.domain.errors import Refused
from bot.domain.forget import (
    COLLEAGUE,
    Scrub,
    customers_words,
    forget_case,
    forget_item,
    forget_recovery,
    forget_retro,
    former,
    nameless,
    scrubber,
    scrubber_of,
)
from bot.domain.job import Job, MessageRef
from bot.domain.person import Person, is_former
from bot.domain.proposal import Proposal
from bot.domain.recovery import Recovery
from bot.domain.reference import tickets_called
from bot.domain.reminder import Subject, parse_label
from bot.domain.retro import Answer, Retro
from bot.domain.signal import SignalDelivery, is_called, without_customer
from bot.jobs import action_item as action_item_jobs
from bot.jobs import case as case_jobs
from bot.jobs import proposal as proposal_jobs
from bot.jobs import recovery as recovery_jobs
from bot.jobs import reminder as reminder_jobs
from bot.jobs import retro as retro_jobs
from bot.jobs import returned as returned_jobs
from bot.jobs import signal as signal_jobs
from bot.jobs import team as team_jobs
from bot.jobs.carry_over import edit_all_carried
from bot.jobs.edit_said import edit_said
from bot.ports import ReadOnlyWork, UnitOfWork

Ticket = tuple[str, str, str]
"""A connection's id, a ticket's reference there, and how somebody calls that."""
MAX_TOLD = 1000
"""Deliveries about one ticket in a month; no ticket has more."""
TOLD_AT_ONCE = 50
"""Proposals, and deliveries, that a customer is taken out of in one transaction: nobody waits long."""
PAGE = 100
"""Things that are taken from somebody at a time."""
MAX_WEEKS = 520
"""Ten years of Mondays: nobody's summary is read after that."""


WEB = "web"
"""The workspace whose messages are in our own storage, people's plain replies among them."""


def named(label: str, work: ReadOnlyWork) -> Sequence[int]:
    """The case of a label (`C-7`), or those of a reference in any team; refuses when there is none."""
    try:
        case = work.cases.get(number_of(label, "C"))
    except Refused:
        case = None
    cases = [case] if case else work.cases.with_reference(label.strip())
    if not cases:
        raise Refused(f"There is no case {label}, and none with that reference.")
    return [case.number for case in cases]


def of_customer(name: str, work: ReadOnlyWork) -> Sequence[int]:
    """The cases of a customer of this name; refuses when no helpdesk told of one, either."""
    numbers = {*work.cases.of_customer(name), *work.proposals.cases_of_customer(name)}
    if not (numbers or work.proposals.of_customer(name, 1) or work.deliveries.of_customer(name, 1)):
        raise Refused(f"No case has a customer called {name!r}; whoever was forgotten has no name here.")
    return sorted(numbers)


def names_of(case_number: int, work: ReadOnlyWork) -> Sequence[str]:
    """What the customer of a case is called, and was before, in its doubles too."""
    case = work.cases.get(case_number)
    cases = _one_with(case, work, still=True).values() if case else ()
    called = {one.customer for one in cases}
    called |= {change.customer for one in cases for change in one.history}
    return sorted(filter(None, called))


@dataclass(frozen=True)
class Told:
    """What helpdesks told and somebody was taken out of: which proposals, how many deliveries."""

    proposals: tuple[str, ...] = ()
    """Their labels."""
    deliveries: int = 0

    def __add__(self, other: "Told") -> "Told":
        return Told(self.proposals + other.proposals, self.deliveries + other.deliveries)

    @property
    def of_what(self) -> Sequence[str]:
        """In words."""
        of_these = {0: (), 1: ("1 delivery of a helpdesk",)}
        count = of_these.get(self.deliveries, (f"{self.deliveries} deliveries of helpdesks",))
        return [*self.proposals, *count]


def forget_told(name: str, at: datetime, work: UnitOfWork) -> Told:
    """Removes a customer of this name from a batch of what helpdesks told and no case came of.

    Very many may have that name, as where a helpdesk calls every guest the same. Returns of what it was
    removed: of nothing once all is done.
    """
    told = Told()
    for proposal in _unquoted(work.proposals.of_customer(name, TOLD_AT_ONCE)):
        told += _forget_proposal(proposal, at, work)
    deliveries = {
        (one.connection_id, one.key): one for one in work.deliveries.of_customer(name, TOLD_AT_ONCE)
    }
    return told + _forget_tickets({}, deliveries, set(), scrubber_of([name], (), ()), at, work)


def _unquoted(proposals: Sequence[Proposal]) -> Sequence[Proposal]:
    """These without a word of any where somebody said why one was waved off."""
    if not any(change.why for one in proposals for change in one.history):
        return proposals
    scrub = scrubber_of((), (), [one.signal.words for one in proposals])
    return [proposal_domain.scrub_whys(one, scrub) for one in proposals]


def _forget_proposal(proposal: Proposal, at: datetime, work: UnitOfWork) -> Told:
    """Takes the customer of one out of it and of its ticket, where only their own words are looked for.

    Each of many for those of all would take as long as there are many, times as many.
    """
    signal = proposal.signal
    scrub = scrubber_of([signal.customer], [proposal.reference], [signal.words])
    return _forget_tickets({proposal.number: proposal}, {}, set(), scrub, at, work)


def forget_due(label: str, at: datetime, work: UnitOfWork) -> Sequence[str]:
    """Removes the customer of an old case or proposal; returns the labels of all in which that was done.

    Others that name the same customer have an age of their own.
    """
    kind, number = parse_label(label)
    if kind == "C":
        return [f"C-{forgotten}" for forgotten in forget(number, at, work)]
    proposal = work.proposals.get(number)
    if proposal is None or proposal.forgotten_at is not None or proposal.case_number is not None:
        return ()
    return _forget_proposal(proposal, at, work).proposals


def drop_test(connection_id: str, key: str, at: datetime, work: UnitOfWork) -> None:
    """Removes a delivery that somebody was shown as a test, and what they read of it."""
    delivery = work.deliveries.get(connection_id, key)
    if delivery is not None:
        work.deliveries.drop(delivery)
        signal_jobs.edit_tests([delivery], at, work)


def forget(number: int, at: datetime, work: UnitOfWork) -> Sequence[int]:
    """Removes what identifies the customer of a case; returns the cases in which that was done.

    What helpdesks told of others of their name is left to `forget_told`.

    It returns an empty sequence where nothing was left. What was kept of their words by an older
    program, or was written down since, goes as well. A case and its doubles have one customer, and what
    was said of one stands in the other's retro.
    """
    case = work.cases.get(number)
    if case is None:
        return ()
    cases = _one_with(case, work, still=True)
    recoveries = work.recoveries.among(cases)
    said = {number: _said_on_tickets(number, work) for number in cases}
    for of_case, recovery in recoveries.items():
        said[of_case] += customers_words(recovery)
    if all(one.forgotten_at is not None for one in cases.values()) and not any(said.values()):
        return ()
    scrubs = [scrubber(one, said[number]) for number, one in cases.items()]

    def scrub(text: str) -> str:
        return reduce(lambda words, without: without(words), scrubs, text)

    _forget_tickets_of(list(cases.values()), scrub, at, work)
    # What was said in a double stays where it moved to, also when the double was brought back.
    for one in _one_with(case, work, still=False).values():
        if one.number in cases:
            work.cases.save(forget_case(one, scrub, at))
        _forget_in(one, scrub, at, work, whole=one.number in cases)
    return sorted(cases)


def _said_on_tickets(case_number: int, work: ReadOnlyWork) -> list[str]:
    """What the customer of a case wrote in a helpdesk: the case may say what happened in these words."""
    proposals = work.proposals.of_case(case_number)
    signals = (signal for one in proposals for signal in (one.signal, one.later) if signal is not None)
    return [signal.words for signal in signals if signal.words]


def _forget_tickets_of(cases: Collection[Case], scrub: Scrub, at: datetime, work: UnitOfWork) -> None:
    """Takes a customer out of all that helpdesks told of the tickets of these cases."""
    proposals: dict[int, Proposal] = {}
    tickets: set[Ticket] = set()
    numbers = {case.number for case in cases}
    for case in cases:
        proposals |= {one.number: one for one in work.proposals.of_case(case.number)}
        tickets |= {one for one in _tickets_of(case, work) if _is_of(one, numbers, work)}
    _forget_tickets(proposals, {}, tickets, scrub, at, work)


def _tickets_of(case: Case, work: ReadOnlyWork) -> Iterator[Ticket]:
    """The tickets that are called like a case, in every account that may have told of it.

    Another account has that number, too, and another customer with it: once one told of the case, only
    what leads there, or did before or since.
    """
    told = told_by(case, work)
    references = {case.reference, *(change.reference for change in case.history)}
    for connection in work.connections.ever_in(case.channel_id):
        if all(is_one_account(connection, one) for one in told):
            for reference in filter(None, references):
                for ticket in tickets_called(reference):
                    yield connection.id, ticket, reference


def _is_of(ticket: Ticket, cases: Collection[int], work: ReadOnlyWork) -> bool:
    """Whether a ticket is of no case but these: another one's is forgotten with that."""
    proposal = work.proposals.by_reference(*ticket[:2])
    return proposal is None or proposal.case_number is None or proposal.case_number in cases


def _forget_tickets(
    proposals: Mapping[int, Proposal],
    deliveries: Mapping[tuple[str, str], SignalDelivery],
    tickets: Collection[Ticket],
    scrub: Scrub,
    at: datetime,
    work: UnitOfWork,
) -> Told:
    """Takes a customer out of these, and out of all that was told of the tickets; returns of what."""
    proposals, deliveries = dict(proposals), dict(deliveries)
    tickets = set(tickets)
    tickets |= {
        (one.connection_id, one.reference, one.reference) for one in proposals.values() if one.reference
    }
    for connection_id, reference, called in tickets:
        about_it = work.deliveries.of_reference(connection_id, reference, MAX_TOLD)
        deliveries |= {
            (one.connection_id, one.key): one for one in about_it if is_called(one.signal, called)
        }
        proposal = work.proposals.by_reference(connection_id, reference)
        if proposal is not None and is_called(proposal.signal, called):
            proposals.setdefault(proposal.number, proposal)
    for proposal in proposals.values():
        work.proposals.save(proposal_domain.forget(proposal, scrub, at))
        if proposal.state == "proposed" and not proposal.gathered:
            reminder_jobs.resolve(proposal, "forgotten", at, work)
    for delivery in deliveries.values():
        signal = without_customer(delivery.signal, scrub)
        work.deliveries.save(delivery.model_copy(update={"signal": signal}))
    proposal_jobs.edit(proposals.values(), at, work)
    signal_jobs.edit_tests(list(deliveries.values()), at, work)
    _say_reminders_anew([one for one in proposals.values() if not one.gathered], at, work)
    return Told(tuple(one.label for one in proposals.values()), len(deliveries))


def _one_with(case: Case, work: ReadOnlyWork, *, still: bool) -> Mapping[int, Case]:
    """This case and all that were found to be the same, by number; `still`: and are so now."""
    found: dict[int, Case] = {}
    left = [case]
    while left:
        this = left.pop()
        found[this.number] = this
        named = [this.same_as] if still else [change.same_as for change in this.history]
        doubles = [
            other for other in work.cases.doubles_of(this) if not still or other.same_as == this.number
        ]
        kept = work.cases.among([number for number in named if number is not None])
        others = (*kept.values(), *doubles)
        left += [other for other in others if other.number not in found]
    return found


def _forget_in(case: Case, scrub: Scrub, at: datetime, work: UnitOfWork, *, whole: bool) -> None:
    """Takes the customer out of a case's retro and all that was said of it.

    `whole`: what is owed to the customer of this case is theirs, so that nothing they said stays.
    """
    number, recovery = case.number, work.recoveries.get(case.number)
    retro = work.retros.get(number)
    if retro is None:
        case_jobs.refresh_backlogs(case.channel_id, at, work)
        return
    work.retros.save(forget_retro(retro, scrub))
    answers = [
        answer.model_copy(update={"text": scrub(answer.text)}) for answer in work.retros.answers(number)
    ]
    for answer in answers:
        work.retros.save_answer(answer)
    withdrawn = work.retros.withdrawn_of(number)
    for gone in withdrawn:
        work.retros.keep_withdrawn(gone.model_copy(update={"why": scrub(gone.why)}))
    for comment in work.retros.comments(number):
        work.retros.keep_comment(comment.model_copy(update={"text": scrub(comment.text)}))
    theirs = recovery if whole else None
    items = [forget_item(item, scrub, theirs) for item in work.action_items.of_case(number)]
    for item in items:
        work.action_items.save(item)
    if recovery is not None and whole:
        recovery = forget_recovery(recovery, scrub)
        work.recoveries.save(recovery)
    _forget_replies(number, scrub, work)
    copies = work.sent_messages.starting(message_key.all_customer(number))
    jobs = recovery_jobs.card_jobs(recovery, at, was=_took_part(recovery, copies)) if recovery else []
    for job in (
        *_in_the_thread(retro, answers, items, at),
        *(retro_jobs.gone_job(gone.id, retro, at) for gone in withdrawn),
        *case_jobs.said_jobs(case, at),
    ):
        # Even when it was not said yet: it may be on its way, in the older words.
        work.jobs.schedule(job)
    # To whoever was told: not only those who have something to do with it now.
    for key in work.sent_messages.starting(message_key.all_not_recovered(number)):
        _, place, person_id = message_key.told_of(key)
        jobs.append(recovery_jobs.not_recovered_job(number, place, person_id, at))
    jobs += recovery_jobs.told_jobs(recovery, at, work) if recovery else []
    turns = range(1, len(retro.history) + 1)
    taken_back = _taken_back(retro, turns, case.failed_at, at)
    edit_said([*_copies(items, at), *taken_back, *jobs], work, on_their_way=True)
    subjects: list[Subject] = [retro, *items]
    if recovery is not None:
        subjects.append(recovery)
    _say_reminders_anew(subjects, at, work)
    edit_all_carried({case.channel_id}, at, work)
    returned_jobs.edit_told(at, work)


def _took_part(recovery: Recovery, copies: Iterable[str]) -> set[str]:
    """Everybody who has a copy of the card, by the keys of those that were sent, or may have one."""
    told = {message_key.reader_of_copy(key)[1] for key in copies}
    steps = [step for steps in (*recovery.earlier, recovery.steps) for step in steps]
    named = {person_id for step in steps for person_id in (step.owner, step.by, step.handed_by)}
    return {person_id for person_id in (*told, *named, recovery.contact) if person_id}


def _in_the_thread(
    retro: Retro, answers: Iterable[Answer], items: Iterable[ActionItem], at: datetime
) -> list[Job]:
    """The jobs that edit what the thread holds of it."""
    return [
        retro_jobs.retro_job(retro.case_number, retro.channel_id, at),
        *(retro_jobs.answer_job(answer, retro, at) for answer in answers),
        *(action_item_jobs.item_job(item, at) for item in items),
    ]


def _copies(items: Iterable[ActionItem], at: datetime) -> list[Job]:
    """The jobs that edit all copies of these items."""
    return [job for item in items for job in action_item_jobs.copies(item, at)]


def _taken_back(
    retro: Retro,
    turns: Iterable[int],
    since: datetime | None,
    at: datetime,
    whose: Literal["", "colleague"] = "",
) -> list[Job]:
    """The jobs that take back summaries, said once each: of these turns, and of every week since."""
    weekly: list[str] = []
    if since is not None:
        first = since.date() - timedelta(days=since.weekday())
        weeks = range(min((at.date() - first).days // 7 + 1, MAX_WEEKS))
        weekly = [
            message_key.weekly(retro.channel_id, first + timedelta(days=7 * week)) for week in weeks
        ]
    thread, number = message_key.retro(retro.case_number), retro.case_number
    keys = [
        *((message_key.turn(number, turn), thread) for turn in turns),
        *((key, None) for key in weekly),
    ]
    return [
        case_jobs.withdrawn_job(number, retro.channel_id, key, at, thread=under, whose=whose)
        for key, under in keys
    ]


def _say_reminders_anew(subjects: Iterable[Subject], at: datetime, work: UnitOfWork) -> None:
    for subject in subjects:
        sent_reminders = work.reminders.of([subject.label])
        keys = {sent.message for sent in sent_reminders}
        said = {*work.sent_messages.among(keys), *work.jobs.owed(keys)}
        delivered = [sent for sent in sent_reminders if sent.message in said]
        reminder_jobs.say_anew(delivered, subject, at, work)
        instead = [
            reminder_jobs.instead_job(sent.message, subject, at)
            for sent in {sent.message: sent for sent in sent_reminders}.values()
        ]
        edit_said(instead, work, on_their_way=True)


def _forget_replies(number: int, scrub: Scrub, work: UnitOfWork) -> None:
    root = work.sent_messages.get(message_key.retro(number)) if work.workspace == WEB else None
    for post in work.posts.thread(int(root.message)) if root else ():
        if post.text:
            work.posts.save(post.model_copy(update={"text": scrub(post.text)}))


class Farewell(NamedTuple):
    """A colleague who was forgotten: how they were called, and what has nobody now."""

    name: str
    cases: int
    """In how many cases they were named."""
    without_owner: Sequence[str]
    """Labels of action items, and of cases whose customer they looked after."""
    without_lead: Sequence[str]
    """Names of teams."""


def person_named(name: str, work: ReadOnlyWork) -> Person:
    """The one person of an id or a name; refuses when there is none, or more than one."""
    person = work.people.get(name)
    if person is not None and not is_former(name):
        return person
    folded = name.strip().casefold()
    everybody = (one for one in work.people.everybody() if not is_former(one.id))
    found = [one for one in everybody if one.name.casefold() == folded]
    if len(found) > 1:
        ids = ", ".join(one.id for one in found)
        raise Refused(f"{len(found)} people are called {name}: say which by their id, {ids}.")
    if not found:
        raise Refused(f"Nobody here is called {name!r}, and nobody has that id.")
    return found[0]


def forget_person(
    person: Person, at: datetime, work: UnitOfWork, *, waits: bool = True
) -> Farewell | None:
    """Removes a colleague who left; None when somebody else did so meanwhile.

    Raises BeingSaid while a message about them is on its way, unless it `waits` for none.

    What they said and did stays, by "a former colleague". What they had still to do has nobody, and the
    lead is told once. If they ever write again, they are met as anybody is.
    """
    if work.people.get(person.id) is None:
        return None
    others = (one for one in work.people.everybody() if one.id != person.id)
    colleagues = [one.name for one in others if not is_former(one.id)]
    nobody = former(secrets.token_hex(4))
    traces = work.people.forget(person, nobody, nameless(person, colleagues), waits=waits)
    work.search.wipe()
    leaderless = [team for team in work.teams.all() if team.lead == nobody.id]
    for team in leaderless:
        work.teams.save(team.model_copy(update={"lead": None}))
    left = _leave_all(nobody.id, at, work)
    led = {team.channel_id for team in leaderless}
    check_ins = (job for job in _check_ins(led, at, work) if job.channel_id != nobody.id)
    edit_said(check_ins, work, on_their_way=True)
    freed = {label for labels in left.values() for label in labels}
    told: dict[int, list[str]] = defaultdict(list)
    for kind in (message_key.ALL_CASE_CANCELLED, message_key.ALL_NOT_RECOVERED):
        for key in work.sent_messages.starting(kind):
            told[message_key.told_of(key)[0]].append(key)
    for key in work.sent_messages.starting(message_key.ALL_CUSTOMER):
        told[message_key.reader_of_copy(key)[0]].append(key)
    for number in sorted(traces.cases):
        _name_nobody(number, nobody.id, freed, told[number], at, work)
    proposal_jobs.edit(work.proposals.among(traces.proposals).values(), at, work)
    named_in = work.cases.among(traces.cases).values()
    edit_all_carried({case.channel_id for case in named_in}, at, work)
    returned_jobs.edit_told(at, work)
    for job in (*traces.again, *_words_about(traces.messages, at, work)):
        work.jobs.schedule(job.model_copy(update={"due_at": at}))
    for team in work.teams.all():
        if team.lead is not None and left[team.channel_id]:
            work.jobs.schedule(team_jobs.colleague_left_job(team, team.lead, left[team.channel_id], at))
    return Farewell(
        name=person.name,
        cases=len(traces.cases),
        without_owner=sorted(freed),
        without_lead=[team.name for team in leaderless],
    )


def _check_ins(channels: Collection[str], at: datetime, work: ReadOnlyWork) -> Iterator[Job]:
    """The jobs that edit private words which named the lead as somebody to talk to."""
    last = 0
    while channels and (cases := work.cases.after(last, PAGE)):
        last = cases[-1].number
        numbers = [case.number for case in cases if case.channel_id in channels]
        recoveries = work.recoveries.among(numbers)
        for number, retro in work.retros.among(numbers).items():
            contact = recoveries[number].contact if number in recoveries else None
            if contact is None:
                continue
            for turn in range(1, len(retro.history) + 1):
                job = recovery_jobs.check_in_job(number, contact, turn, at)
                yield job.model_copy(update={"once": False})


def _leave_all(person_id: str, at: datetime, work: UnitOfWork) -> Mapping[str, list[str]]:
    """Takes all that somebody has still to do from them; returns the labels of it by channel."""
    left: dict[str, list[str]] = defaultdict(list)
    while items := work.action_items.owned_by(person_id, PAGE):
        for item in items:
            freed = without_owner(item)
            work.action_items.save(freed)
            if item.state in WAITING_STATES:
                left[item.channel_id].append(item.label)
                reminder_jobs.resolve(item, "without an owner", at, work)
    while recoveries := work.recoveries.owed_by(person_id, PAGE):
        for recovery in recoveries:
            work.recoveries.save(recovery_domain.without_owner(recovery, person_id))
            left[recovery.channel_id].append(recovery.case_label)
    return left


def _name_nobody(
    number: int,
    nobody_id: str,
    freed: Collection[str],
    told: Sequence[str],
    at: datetime,
    work: UnitOfWork,
) -> None:
    """Edits what was said of a case, so that it reads as it does now; says nothing new.

    `freed` are the labels of what somebody had to do until now. `told` has the keys of what people were
    told of its customer, when they were not put right, and when the case was cancelled.
    """
    case, retro = work.cases.get(number), work.retros.get(number)
    if case is None or retro is None:
        return
    if retro.opened_by == nobody_id:
        # Whoever opened it would look after its customer, should that begin later.
        work.retros.save(retro.model_copy(update={"opened_by": None}))
    answers, items = work.retros.answers(number), work.action_items.of_case(number)
    recovery = work.recoveries.get(number)
    for item in items:
        if item.cancelled and item.owner == nobody_id:
            # Nobody's list holds it now, and nobody may own it once its case is back.
            work.action_items.save(without_owner(item))
    jobs = [
        *_in_the_thread(retro, answers, items, at),
        *_copies(items, at),
        *case_jobs.said_jobs(case, at),
        *(retro_jobs.gone_job(gone.id, retro, at) for gone in work.retros.withdrawn_of(number)),
    ]
    copies = [key for key in told if key.startswith(message_key.ALL_CUSTOMER)]
    for key in (key for key in told if key not in copies):
        _, place, person_id = message_key.told_of(key)
        if key.startswith(message_key.ALL_NOT_RECOVERED):
            jobs.append(recovery_jobs.not_recovered_job(number, place, person_id, at))
        else:
            jobs.append(case_jobs.tell_job(case, place, person_id, at))
    subjects: list[Subject] = [retro, *items]
    if recovery is not None:
        left = recovery_domain.without_owner(recovery, nobody_id)
        if left != recovery:
            work.recoveries.save(left)  # one that has ended may begin anew
        jobs += recovery_jobs.card_jobs(left, at, was=_took_part(left, copies))
        subjects.append(left)
    turns = len(retro.history)
    # A week's summary names items, and whose they are.
    theirs = (nobody_id, COLLEAGUE)
    named = any(
        item.label in freed or any(name in item.model_dump_json() for name in theirs) for item in items
    )
    since = case.failed_at if named else None
    jobs += _taken_back(retro, range(1, turns), since, at, "colleague")
    if turns:
        jobs.append(
            retro_jobs.turn_job(retro, at, "").model_copy(update={"once": False, "asked_by": None})
        )
    # A leaver may be named in years of them: nobody who does something by hand waits for that.
    edit_said([job.model_copy(update={"bulk": True}) for job in jobs], work, on_their_way=True)
    _say_reminders_anew(subjects, at, work)


def _words_about(messages: Mapping[str, MessageRef], at: datetime, work: ReadOnlyWork) -> Iterator[Job]:
    """The jobs that take back words in threads, and to leads, which named them."""
    for key in sorted(messages):
        item = work.action_items.get(message_key.item_of(key) or 0)
        retro = work.retros.get(item.case_number if item else message_key.case_of(key) or 0)
        if retro is None:
            continue
        number, channel_id = retro.case_number, retro.channel_id
        if message_key.is_to_lead(key):
            lead = work.teams.require(channel_id).lead
            if lead is not None:
                yield case_jobs.withdrawn_job(number, lead, key, at, whose="colleague", direct=True)
        else:
            thread = message_key.retro(number)
            yield case_jobs.withdrawn_job(number, channel_id, key, at, thread=thread, whose="colleague")
