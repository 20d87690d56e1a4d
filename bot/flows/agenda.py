"""The clock's look at what is due: who is reminded of what, and when it has to look again.

Everything follows from how things stand now, so a look that comes late, twice, or from two processes at
once says nothing twice: what was asked is kept by thing, reminder, reader and day.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from bot.domain.action_item import OPEN_STATES, ActionItem, is_late
from bot.domain.recovery import Recovery, promised_by
from bot.domain.recovery import is_late as is_promise_late
from bot.domain.reminder import (
    SILENT,
    Asked,
    Reminder,
    around,
    days,
    days_of_silence,
    silence_ends,
    since,
    touched,
)
from bot.domain.retro import Retro
from bot.domain.team import Team
from bot.domain.working_hours import WorkingHours, add_working_days, moment, next_working, today
from bot.flows import action_item, board, customer, recovery, reminder
from bot.flows import retro as retros
from bot.flows.reminder import AGAIN, UNANSWERED, Known, Subject
from bot.ports import UnitOfWork
from bot.reminders import REMINDERS

MOST_MESSAGES = 5
"""Messages of reminders to one person on one day; what comes up after that joins the last of them."""


class _Ask(NamedTuple):
    """A reminder whose moment has come: about what, which, to whom, for which day of theirs."""

    subject: Subject
    reminder: Reminder
    reader: str
    day: date
    hours: WorkingHours


Slots = Mapping[tuple[str, date], int]
"""How many messages of reminders a reader got on a day of theirs."""


def look(at: datetime, most: int, work: UnitOfWork) -> int:
    """Looks at what is due at `at`, at most `most` of each kind; returns how many it looked at.

    Before that it brings up what new hours concern, in looks of their own (1 each): what is looked at
    meanwhile is looked at again.
    """
    if work.agenda.stir(most):
        return 1
    found = work.agenda.due(at, most)
    things: tuple[Subject, ...] = (*found.items, *found.retros, *found.recoveries)
    subjects = [thing for thing in things if _is_open(thing)]
    facts = reminder.known(subjects, work)
    asked: dict[str, list[Asked]] = defaultdict(list)
    for one in work.reminders.of({subject.label for subject in subjects}):
        asked[one.about].append(one)
    again: dict[str, datetime | None] = {}
    asks: list[_Ask] = []
    open_rows = [one for rows in asked.values() for one in rows if not one.outcome]
    said = work.said.among({one.message for one in open_rows})
    for subject in _not_silent(subjects, facts, asked, at, work):
        new, again[subject.label] = _plan(subject, facts, asked[subject.label], at)
        asks += _still_unanswered(new, work)
        unsaid = [one for one in asked[subject.label] if not one.outcome and one.message not in said]
        mornings = _say_still(unsaid, subject, facts, at, work)
        # A platform that is down may outlast their day: in the morning it is said, if it was not.
        mornings += [_next_day(ask.hours, at) for ask in new]
        again[subject.label] = _first(again[subject.label], *mornings)
        _show_late(subject, facts, at, work)
    slots = _slots(asks, at, work)
    for ask in [ask for ask in asks if _had_their_digest(ask, facts, slots, at)]:
        asks.remove(ask)
        again[ask.subject.label] = _first(again[ask.subject.label], _next_day(ask.hours, at))
    _say(asks, facts, asked, slots, at, work)
    weeks = [(team, board.begin_week(team, at, work)) for team in found.teams]
    work.agenda.put_off([*((thing, again.get(thing.label)) for thing in things), *weeks])
    return len(things) + len(weeks)


def skip(at: datetime, work: UnitOfWork) -> list[str]:
    """Leaves what is first alone for a day, because looking at it failed; returns what that is."""
    found = work.agenda.due(at, 1)
    things: tuple[Subject | Team, ...] = (
        *found.items,
        *found.retros,
        *found.recoveries,
        *found.teams,
    )
    tomorrow = at + timedelta(days=1)
    work.agenda.put_off([(thing, tomorrow) for thing in things])
    return [thing.place if isinstance(thing, Team) else thing.label for thing in things]


def _is_open(subject: Subject) -> bool:
    return subject.state in OPEN_STATES if isinstance(subject, ActionItem) else subject.state == "open"


def _not_silent(
    subjects: Sequence[Subject],
    facts: Known,
    asked: Mapping[str, Sequence[Asked]],
    at: datetime,
    work: UnitOfWork,
) -> list[Subject]:
    """Without those whose customer was asked often enough and never answered: they end here."""
    kept: list[Subject] = []
    for subject in subjects:
        ends = _silence_ends(subject, facts, asked[subject.label], ())
        if isinstance(subject, Recovery) and ends is not None and ends <= at:
            recovery.close_unanswered(subject, at, work)
        else:
            kept.append(subject)
    return kept


def _silence_ends(
    subject: Subject, facts: Known, asked: Sequence[Asked], asks: Iterable[_Ask]
) -> datetime | None:
    """When a customer's silence is their answer, counting what is asked for right now."""
    if not isinstance(subject, Recovery):
        return None
    now = {ask.day for ask in asks if ask.reminder.name == SILENT}
    days_asked = days_of_silence(subject, asked) | now
    return silence_ends(subject, days_asked, facts.teams[subject.place].hours)


def _plan(
    subject: Subject, facts: Known, asked: Sequence[Asked], at: datetime
) -> tuple[list[_Ask], datetime | None]:
    """What to ask about it now, and when to look at it again."""
    known = {(one.name, one.reader, one.day) for one in asked}
    asks: dict[tuple[str, str, date], _Ask] = {}
    coming = [turn for turn in (_turns_late(subject, facts),) if turn and turn > at]
    for entry in REMINDERS:
        if not facts.applies(entry, subject):
            continue
        for (whom, reader), hours in facts.whose(entry, subject).items():
            first = since(entry, subject, hours)
            waits = entry.since != "remind_on" and _put_off(subject, reader, hours, at)
            if first is None or waits:
                continue
            now = around(days(entry, whom, first, hours), hours, at, touched(subject))
            if now.next is not None:
                coming.append(now.next)
            if now.due is None or (entry.name, reader, now.due) in known:
                continue
            may_be_asked = _may_be_asked(reader, hours, facts, at)
            if may_be_asked > at:
                coming.append(may_be_asked)
            else:
                asks[entry.name, reader, now.due] = _Ask(subject, entry, reader, now.due, hours)
    ends = _silence_ends(subject, facts, asked, asks.values())
    return list(asks.values()), min([*coming, *((ends,) if ends else ())], default=None)


def _turns_late(subject: Subject, facts: Known) -> datetime | None:
    """When the messages that show it have to say that it is late."""
    due = subject.due if isinstance(subject, ActionItem) else None
    if isinstance(subject, Recovery):
        due = promised_by(subject)
    if due is None:
        return None
    return moment(facts.teams[subject.place].zone, due + timedelta(days=1), time(0))


def _put_off(subject: Subject, reader: str, hours: WorkingHours, at: datetime) -> bool:
    """Whether this reader is its owner and asked not to hear of it before another day."""
    if not isinstance(subject, ActionItem) or subject.owner != reader:
        return False
    return subject.remind_on is not None and today(hours.zone, at) < subject.remind_on


def _may_be_asked(reader: str, hours: WorkingHours, facts: Known, at: datetime) -> datetime:
    """The first moment from now on at which this reader works and does not want to be left alone."""
    settings = facts.readers.get(reader)
    quiet = settings.quiet_until if settings else None
    if quiet is not None and today(hours.zone, at) < quiet:
        at = moment(hours.zone, quiet, time(0))
    return next_working(hours, at)


def _next_day(hours: WorkingHours, at: datetime) -> datetime:
    return moment(hours.zone, add_working_days(hours, today(hours.zone, at), 1), hours.starts)


def _first(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _say_still(
    unsaid: Iterable[Asked], subject: Subject, facts: Known, at: datetime, work: UnitOfWork
) -> list[datetime]:
    """Schedules what was asked and never said, to those who work now; returns when to look again."""
    moments: list[datetime] = []
    for one in unsaid:
        hours = facts.hours(one.reader, facts.teams[subject.place])
        may_be_asked = _may_be_asked(one.reader, hours, facts, at)
        if may_be_asked > at:
            moments.append(may_be_asked)
            continue
        moments.append(_next_day(hours, at))
        work.jobs.schedule(reminder.keeper(one, subject, at))
    return moments


def _still_unanswered(asks: Sequence[_Ask], work: UnitOfWork) -> list[_Ask]:
    """Without those about prompts that have been answered."""
    kept: list[_Ask] = []
    for ask in asks:
        asks_for_answers = ask.reminder.name in UNANSWERED
        if asks_for_answers and not reminder.unanswered(work.retros.answers(ask.subject.case)):
            continue
        kept.append(ask)
    return kept


def _show_late(subject: Subject, facts: Known, at: datetime, work: UnitOfWork) -> None:
    """Brings the messages up to date that show an item, or a promise, which is late by now."""
    if isinstance(subject, Recovery):
        if is_promise_late(subject, today(facts.teams[subject.place].zone, at)):
            customer.shown(subject, at, work)
        return
    if not isinstance(subject, ActionItem):
        return
    if is_late(subject, today(facts.teams[subject.place].zone, at)):
        work.jobs.schedule(action_item.in_thread(subject, at))
        work.jobs.schedule(retros.current(subject.case, subject.place, at))


def _slots(asks: Iterable[_Ask], at: datetime, work: UnitOfWork) -> Slots:
    days_of = {(ask.reader, today(ask.hours.zone, at)) for ask in asks if ask.reader}
    keys = {of: [_key(*of, number) for number in range(MOST_MESSAGES)] for of in days_of}
    said = work.said.among([key for of in keys.values() for key in of])
    return {of: sum(key in said for key in keys[of]) for of in keys}


def _key(reader: str, day: date, number: int) -> str:
    return f"remind:{reader}:{day.isoformat()}:{number}"


def _had_their_digest(ask: _Ask, facts: Known, slots: Slots, at: datetime) -> bool:
    settings = facts.readers.get(ask.reader)
    wants_one = settings is not None and settings.digest
    return wants_one and slots[ask.reader, today(ask.hours.zone, at)] > 0


def _message(ask: _Ask, newest: Mapping[str, str], slots: Slots, at: datetime) -> str:
    """The key of the message that says it: one for all that is due for a person, or in a thread."""
    day = today(ask.hours.zone, at)
    if not ask.reader:
        name = newest.get(ask.subject.label, ask.reminder.name)
        return f"remind:C-{ask.subject.case}:{name}:{day.isoformat()}"
    return _key(ask.reader, day, min(slots[ask.reader, day], MOST_MESSAGES - 1))


def _newest(asks: Iterable[_Ask]) -> Mapping[str, str]:
    """Which reminder a retro's thread hears, by the retro's label.

    Half time, the last day and the end may be due at once: after a sleep, or when there is only one day.
    """
    in_threads = (ask for ask in asks if not ask.reader and isinstance(ask.subject, Retro))
    in_order = sorted(in_threads, key=lambda ask: ask.day)
    return {ask.subject.label: ask.reminder.name for ask in in_order}


def _say(
    asks: Sequence[_Ask],
    facts: Known,
    asked: Mapping[str, Sequence[Asked]],
    slots: Slots,
    at: datetime,
    work: UnitOfWork,
) -> None:
    """Keeps what is asked, and schedules the messages that say it, one for each reader."""
    messages: dict[str, list[tuple[Asked, Subject]]] = defaultdict(list)
    newest = _newest(asks)
    for ask in asks:
        one = Asked(
            about=ask.subject.label,
            name=ask.reminder.name,
            reader=ask.reader,
            day=ask.day,
            message=_message(ask, newest, slots, at),
            asked_at=at,
        )
        messages[one.message].append((one, ask.subject))
    work.reminders.add([one for rows in messages.values() for one, _ in rows])
    own = work.said.among({_own_message(*rows[0]) for rows in messages.values()})
    for rows in messages.values():
        first, subject = rows[0]
        settings = facts.readers.get(first.reader)
        alone = len({one.about for one, _ in rows}) == 1 and not (settings and settings.digest)
        mine = _own_message(first, subject)
        # It follows the thing's own message, where its story is.
        under = mine if alone and mine in own else None
        work.jobs.schedule(reminder.keeper(first, subject, at, under=under))
        for one, about in rows:
            _ask_again(one, about, asked[one.about], at, work)


def _own_message(asked: Asked, subject: Subject) -> str:
    """The key of the message in the reader's direct messages that shows it anyway; "" without one."""
    if isinstance(subject, Recovery):
        return customer.own_key(subject, asked.reader)
    mine = isinstance(subject, ActionItem) and subject.owner == asked.reader
    return action_item.own_key(subject) if mine and isinstance(subject, ActionItem) else ""


def _ask_again(
    new: Asked, subject: Subject, before: Iterable[Asked], at: datetime, work: UnitOfWork
) -> None:
    """What was asked of the same reader before was not answered: only the newest has buttons."""
    old = [
        one.model_copy(update={"outcome": AGAIN, "outcome_at": at})
        for one in before
        if one.reader == new.reader and not one.outcome and one.message != new.message
    ]
    work.reminders.settle(old)
    reminder.say_anew(old, subject, at, work)
