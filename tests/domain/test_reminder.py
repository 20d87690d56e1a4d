"""When the bot speaks unasked: every line of the table, across days off, zones and clock changes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from itertools import islice, pairwise, takewhile
from string import Formatter
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import action_item
from bot.domain.action_item import (
    ActionItem,
    Moved,
    can_wait,
    check_remind_later,
    may,
    remind_later,
)
from bot.domain.days_off import DaysOff, in_order
from bot.domain.errors import Refused
from bot.domain.item_step import ItemState, ItemStep
from bot.domain.recovery import Recovery
from bot.domain.recovery_step import STEPS, Step, StepName
from bot.domain.reminder import (
    NEVER_CHECKED,
    OF_ITEM,
    OF_PROPOSAL,
    OF_RECOVERY,
    OF_RETRO,
    On,
    Reminder,
    Subject,
    Whom,
    around,
    days,
    half_time,
    since,
    touched,
)
from bot.domain.retro import Retro, Turn
from bot.domain.working_hours import WorkingHours, add_working_days, moment, today
from bot.reminders import BY_NAME, REMINDERS
from tests import examples
from tests.domain import slow_calendar as slow
from tests.domain.slow_calendar import STEADY, situations
from tests.domain.test_proposal import a_proposal

STOCKHOLM = WorkingHours(zone="Europe/Stockholm")
THURSDAY = datetime(2026, 3, 26, 13, 30, tzinfo=UTC)
"""Half past two in Stockholm; three days later the clock goes forward, and Easter is on 5 April."""
STATES: tuple[ItemState, ...] = get_args(ItemState)
ITEM = ActionItem(
    number=12,
    case_number=7,
    channel_id="C1",
    what="x",
    asked_by="U9",
    owner="U1",
    due=date(2026, 3, 31),
    history=(Moved(step="add", by="U9", at=THURSDAY),),
)
AGREED = ITEM.model_copy(update={"state": "agreed"})
DONE = ITEM.model_copy(
    update={"state": "done", "history": (*ITEM.history, Moved(step="done", by="U1", at=THURSDAY))}
)
RETRO = Retro(case_number=7, channel_id="C1", opened_at=THURSDAY, answers_close_on=date(2026, 3, 31))
PAIRS = [
    (entry, whom)
    for entry in REMINDERS
    for whom in dict.fromkeys(whom for step in (*entry.on, entry.then) if step for whom in step.to)
]
pairs = st.sampled_from(PAIRS)


def _customer(*done: StepName, due: date | None = None) -> Recovery:
    """A customer with whom these steps were done on Thursday; the apology was due that day."""
    steps = tuple(
        Step(name=name, state="done" if name in done else "to do", at=THURSDAY, due=due)
        for name in STEPS
        if name != "apologise_publicly"
    )
    return Recovery(
        case_number=7,
        channel_id="C1",
        contact="U1",
        failed_at=THURSDAY,
        begun_at=THURSDAY,
        aim=0,
        apologise_by=date(2026, 3, 26),
        steps=steps,
        touched_at=THURSDAY,
    )


PROPOSAL = a_proposal(made_at=THURSDAY)
PROMISED = _customer("hear", "apologise", "ask_wish", "promise", due=date(2026, 3, 31))
KEPT = _customer("hear", "apologise", "ask_wish", "promise", "keep")
SILENT = _customer(*(name for name in STEPS if name != "verdict"))

# Each line of the table on plain dates: about what, who hears it, and on which days first.
LINES: list[tuple[str, Subject, Whom, str]] = [
    # A promise for Tuesday is like an item that is due then.
    ("recovery_promise_soon", PROMISED, "owner", "Fri 27 Mar"),
    ("recovery_promise_today", PROMISED, "owner", "Tue 31 Mar"),
    (
        "recovery_promise_late",
        PROMISED,
        "owner",
        "Wed 1 Apr, Thu 2 Apr, Fri 3 Apr, Mon 6 Apr, Tue 7 Apr, Tue 14 Apr, Tue 21 Apr, Tue 28 Apr",
    ),
    ("recovery_promise_late", PROMISED, "lead", "Fri 3 Apr, Mon 6 Apr, Tue 7 Apr, Tue 14 Apr"),
    # No apology on Thursday, as the team aims for: from the next working day on.
    ("recovery_apology", _customer(), "owner", "Fri 27 Mar, Mon 30 Mar, Tue 31 Mar, Tue 7 Apr"),
    ("recovery_apology", _customer(), "lead", "Mon 30 Mar, Tue 31 Mar, Tue 7 Apr"),
    # Kept on Thursday: one working day later, and on.
    ("recovery_check_back", KEPT, "owner", "Fri 27 Mar, Tue 31 Mar, Tue 7 Apr"),
    ("recovery_check_back", KEPT, "lead", "Tue 31 Mar, Tue 7 Apr"),
    # Nothing but the verdict is missing; the third time is after the end, unless a time was missed.
    ("recovery_silent", SILENT, "owner", "Tue 31 Mar, Mon 6 Apr, Fri 10 Apr"),
    ("recovery_waits", _customer(), "owner", "Mon 30 Mar, Mon 6 Apr, Mon 13 Apr"),
    ("recovery_waits", _customer(), "lead", "Mon 6 Apr, Mon 13 Apr"),
    # Half of the three days to answer, the last of them, and the morning after.
    ("retro_half_time", RETRO, "thread", "Mon 30 Mar"),
    ("retro_last_day", RETRO, "thread", "Tue 31 Mar"),
    ("retro_answers_closed", RETRO, "thread", "Wed 1 Apr"),
    # 2 working days after they closed, then every 3.
    ("retro_undecided", RETRO, "lead", "Thu 2 Apr, Tue 7 Apr, Fri 10 Apr, Wed 15 Apr, Mon 20 Apr"),
    # Proposed by a helpdesk on Thursday: once.
    ("proposal_waits", PROPOSAL, "lead", "Mon 30 Mar"),
    # Without an owner since Thursday: 2 working days, then the lead.
    ("item_unowned", ITEM.model_copy(update={"owner": None}), "thread", "Mon 30 Mar"),
    ("item_unowned", ITEM.model_copy(update={"owner": None}), "lead", "Wed 1 Apr"),
    # Not accepted: 1 and 2 working days, then 3 and every week.
    ("item_proposed", ITEM, "owner", "Fri 27 Mar, Mon 30 Mar"),
    ("item_proposed", ITEM, "lead", "Tue 31 Mar, Tue 7 Apr, Tue 14 Apr"),
    # Due on Tuesday: 2 working days before, on the day, each working day for 5, then weekly.
    ("item_due_soon", AGREED, "owner", "Fri 27 Mar"),
    ("item_due_today", AGREED, "owner", "Tue 31 Mar"),
    (
        "item_late",
        AGREED,
        "owner",
        "Wed 1 Apr, Thu 2 Apr, Fri 3 Apr, Mon 6 Apr, Tue 7 Apr, Tue 14 Apr, Tue 21 Apr, Tue 28 Apr",
    ),
    ("item_late", AGREED, "lead", "Fri 3 Apr, Mon 6 Apr, Tue 7 Apr, Tue 14 Apr, Tue 21 Apr"),
    # Done on Thursday, not verified: 2 working days.
    ("item_done", DONE, "lead", "Mon 30 Mar"),
    ("item_done", DONE, "asker", "Mon 30 Mar"),
    # Its owner has left: the lead, the next working day, then weekly.
    ("item_left", AGREED, "lead", "Fri 27 Mar, Fri 3 Apr, Fri 10 Apr"),
    # Asked for on a Saturday: Monday.
    (
        "item_asked_for",
        AGREED.model_copy(update={"remind_on": date(2026, 3, 28)}),
        "owner",
        "Mon 30 Mar",
    ),
    # No date: every 10 working days.
    ("item_undated", AGREED.model_copy(update={"due": None}), "owner", "Thu 9 Apr, Thu 23 Apr"),
]


def _begun(reminder: Reminder, whom: Whom, subject: Subject) -> Iterator[date]:
    first = since(reminder, subject, STOCKHOLM)
    assert first is not None
    return days(reminder, whom, first, STOCKHOLM)


@pytest.mark.parametrize(("name", "subject", "whom", "expected"), LINES)
def test_a_line_of_the_table_speaks_on_these_days(
    name: str, subject: Subject, whom: Whom, expected: str
) -> None:
    wanted = expected.split(", ")
    begun = list(islice(_begun(BY_NAME[name], whom, subject), len(wanted) + 1))
    assert [f"{day:%a} {day.day} {day:%b}" for day in begun[: len(wanted)]] == wanted
    then = BY_NAME[name].then
    ends = then is None or whom not in then.to
    assert (len(begun) == len(wanted)) == ends


def test_every_line_and_reader_of_the_table_has_its_example_above() -> None:
    assert {(name, whom) for name, _, whom, _ in LINES} == {(entry.name, whom) for entry, whom in PAIRS}


def test_nine_o_clock_is_an_hour_earlier_in_utc_once_the_clock_has_changed() -> None:
    on_friday = around(_begun(BY_NAME["item_proposed"], "owner", ITEM), STOCKHOLM, THURSDAY, THURSDAY)
    assert on_friday == (None, datetime(2026, 3, 27, 8, tzinfo=UTC))
    on_tuesday = around(_begun(BY_NAME["item_proposed"], "lead", ITEM), STOCKHOLM, THURSDAY, THURSDAY)
    assert on_tuesday == (None, datetime(2026, 3, 31, 7, tzinfo=UTC))


def test_the_table_can_be_carried_out() -> None:
    assert len(BY_NAME) == len(REMINDERS)
    for entry in REMINDERS:
        of = {
            "item": OF_ITEM,
            "retro": OF_RETRO,
            "recovery": OF_RECOVERY,
            "proposal": OF_PROPOSAL,
        }[entry.about]
        assert entry.since in of, entry.name
        assert entry.about == "recovery" or entry.recovers is None, entry.name
        assert set(entry.steps) <= set(get_args(ItemStep)), entry.name
        assert entry.on, entry.name
        assert [on.day for on in entry.on] == sorted({on.day for on in entry.on}), entry.name


def test_the_words_of_the_table_can_be_filled_in() -> None:
    for entry, whom in PAIRS:
        assert entry.says, entry.name
        # The lead and whoever asked for it hear whose it is, or what it is about.
        assert entry.tells or whom in ("owner", "thread"), entry.name
        for template in (entry.says, entry.tells):
            fields = {field for _, field, _, _ in Formatter().parse(template) if field is not None}
            assert fields <= {"label", "owner", "day", "late", "planned", "step"}, entry.name
        fields = {field for _, field, _, _ in Formatter().parse(entry.says) if field is not None}
        assert "owner" not in fields, f"{entry.name}: its owner is not told who they are"


def test_every_button_of_a_reminder_is_there_for_one_of_its_readers_while_its_reason_is() -> None:
    people = {"owner": "U1", "lead": "U5", "asker": "U9", "thread": "U7"}
    for entry in REMINDERS:
        subjects = [s for name, s, _, _ in LINES if name == entry.name and isinstance(s, ActionItem)]
        # Whoever has not accepted it yet is reminded of the same.
        subjects += [s.model_copy(update={"state": "proposed"}) for s in subjects]
        recipients = [people[whom] for also, whom in PAIRS if also is entry]
        pressed = {
            step
            for subject in subjects
            if since(entry, subject, STOCKHOLM) is not None
            for step in action_item.steps(subject)
            for recipient_id in recipients
            if may(subject, step, recipient_id, lead="U5")
        }
        assert set(entry.steps) <= pressed, entry.name
        # Only its owner is reminded later, so it is offered where its owner is reminded of what waits.
        if entry.or_later:
            assert "owner" in entry.whom, entry.name
            assert any(can_wait(s) for s in subjects if since(entry, s, STOCKHOLM)), entry.name


@STEADY
@given(pairs, situations())
def test_reminders_come_on_the_days_that_one_finds_by_counting(
    pair: tuple[Reminder, Whom], situation: tuple[WorkingHours, datetime]
) -> None:
    (entry, whom), (hours, at) = pair, situation
    first = today(hours.zone, at)
    listed = slow.listed(entry, whom, first, hours)
    found = list(takewhile(lambda day: day <= first + 400 * slow.DAY, days(entry, whom, first, hours)))
    assert found == listed
    # Strictly one after the other within a line of the table, and never on a day off.
    assert all(one < other for one, other in pairwise(found))
    assert all(slow.is_day_of_work(hours, day) for day in found)


@STEADY
@given(situations())
def test_due_soon_comes_before_due_today_and_late_comes_after_it(
    situation: tuple[WorkingHours, datetime],
) -> None:
    hours, at = situation
    due = today(hours.zone, at)
    soon, on_the_day, late = (
        next(days(BY_NAME[f"item_{name}"], "owner", due, hours))
        for name in ("due_soon", "due_today", "late")
    )
    assert soon < on_the_day <= due < late
    assert (on_the_day == due) == slow.is_day_of_work(hours, due)


@STEADY
@given(situations())
def test_late_is_said_on_the_first_five_working_days_and_then_once_a_week(
    situation: tuple[WorkingHours, datetime],
) -> None:
    hours, at = situation
    due = today(hours.zone, at)
    five = list(islice(slow.days_after(hours, due), 5))
    same_days = (five[-1] + 7 * week * slow.DAY for week in range(1, 30))
    weekly = sorted({next(slow.days_after(hours, day - slow.DAY)) for day in same_days})
    count = len(weekly)
    assert list(islice(days(BY_NAME["item_late"], "owner", due, hours), 5 + count)) == five + weekly
    assert list(islice(days(BY_NAME["item_late"], "lead", due, hours), 3 + count)) == five[2:] + weekly


@STEADY
@given(pairs, situations(), st.data())
def test_more_days_off_bring_nothing_earlier_but_what_comes_before_a_day_that_is_set(
    pair: tuple[Reminder, Whom], situation: tuple[WorkingHours, datetime], data: st.DataObject
) -> None:
    (entry, whom), (hours, at) = pair, situation
    first = today(hours.zone, at)
    more = data.draw(slow.days_off(first)).spans
    rested = hours.model_copy(update={"off": DaysOff(spans=in_order((*hours.off.spans, *more)))})
    before, after = (list(islice(days(entry, whom, first, one), 20)) for one in (hours, rested))
    for on, with_more in zip(before, after, strict=True):
        assert slow.is_day_of_work(rested, with_more)
        # Two working days before a day, or the last one until it, are counted backwards.
        assert with_more >= on if on > first else with_more <= on


@STEADY
@given(pairs, situations(), st.integers(-20, 300), st.integers(0, 60 * 24 * 60))
def test_around_picks_the_newest_day_that_has_begun_and_the_next_one_to_begin(
    pair: tuple[Reminder, Whom], situation: tuple[WorkingHours, datetime], ago: int, untouched: int
) -> None:
    (entry, whom), (hours, at) = pair, situation
    first = today(hours.zone, at) - ago * slow.DAY
    after = at - untouched * slow.MINUTE
    begins = {
        day: moment(hours.zone, day, hours.starts) for day in slow.listed(entry, whom, first, hours)
    }
    due = max((day for day, begun in begins.items() if after < begun <= at), default=None)
    coming = min((begun for begun in begins.values() if begun > at), default=None)
    assert around(days(entry, whom, first, hours), hours, at, after) == (due, coming)


def test_around_leaves_out_what_began_before_the_last_step_or_with_it() -> None:
    begins = datetime(2026, 3, 27, 8, tzinfo=UTC)
    for after, due in ((begins - slow.MINUTE, date(2026, 3, 27)), (begins, None)):
        assert (
            around(_begun(BY_NAME["item_proposed"], "owner", ITEM), STOCKHOLM, begins, after).due == due
        )


@pytest.mark.parametrize(
    ("zone", "starts", "first"),
    [
        ("Europe/Stockholm", time(9), date(2026, 3, 19)),
        ("Australia/Lord_Howe", time(1, 45), date(2026, 3, 26)),
        ("America/Sao_Paulo", time(0), date(2018, 10, 25)),
        ("Africa/Casablanca", time(2, 30), date(2026, 2, 5)),
    ],
)
def test_a_clock_that_passes_every_minute_asks_each_day_once_when_it_begins(
    zone: str, starts: time, first: date
) -> None:
    hours = WorkingHours(zone=zone, days=(0, 1, 2, 5, 6), starts=starts, ends=time(17))
    entry = BY_NAME["item_late"]
    begun = moment(zone, first, time(0))
    asked: dict[date, datetime] = {}
    expected: datetime | None = None
    for at in islice(slow.minutes(begun), 21 * 24 * 60):
        now = around(days(entry, "owner", first, hours), hours, at, begun)
        if now.due is not None and now.due not in asked:
            assert at == expected, "it begins when the minutes before have said"
            asked[now.due] = at
        expected = now.next
    assert any(begun < change < max(asked.values()) for change in slow.clock_changes(zone, first.year))
    last = first + 20 * slow.DAY
    assert list(asked) == [day for day in slow.listed(entry, "owner", first, hours) if day <= last]
    for day, at in asked.items():
        shown = slow.shown_at(zone, day, starts)
        assert at == (shown[0] if shown else slow.as_before_the_change(zone, day, starts))


@settings(STEADY, max_examples=50)
@given(pairs, situations())
def test_a_clock_that_leaps_to_the_next_moment_asks_each_day_once_and_misses_none(
    pair: tuple[Reminder, Whom], situation: tuple[WorkingHours, datetime]
) -> None:
    (entry, whom), (hours, start) = pair, situation
    first = today(hours.zone, start) - 5 * slow.DAY
    due, coming = around(days(entry, whom, first, hours), hours, start, start)
    assert due is None, "what began before the last step is over"
    asked: list[date] = []
    while coming is not None and coming < start + 90 * slow.DAY:
        at = coming
        due, coming = around(days(entry, whom, first, hours), hours, at, start)
        assert due is not None
        assert due not in asked
        assert at == moment(hours.zone, due, hours.starts)
        asked.append(due)
    begins = {
        day: moment(hours.zone, day, hours.starts) for day in slow.listed(entry, whom, first, hours)
    }
    within = {at: day for day, at in begins.items() if start < at < start + 90 * slow.DAY}
    # Two days begin at once where the calendar skips one: only the newer is said.
    assert asked == list(within.values())


@STEADY
@given(situations(), st.integers(1, 30))
def test_half_time_is_a_working_day_with_as_many_before_it_as_after_it_or_one_more(
    situation: tuple[WorkingHours, datetime], to_answer: int
) -> None:
    hours, at = situation
    opened = today(hours.zone, at)
    closes = add_working_days(hours, opened, to_answer)
    middle = half_time(
        Retro(case_number=7, channel_id="C1", opened_at=at, answers_close_on=closes), hours
    )
    passed = list(takewhile(lambda day: day <= closes, slow.days_after(hours, opened)))
    place = passed.index(middle)
    assert (place + 1) - (len(passed) - place - 1) in (0, 1)


def test_a_reason_that_is_gone_is_no_reason() -> None:
    for entry in REMINDERS:
        if entry.about == "retro":
            assert since(entry, RETRO.model_copy(update={"state": "closed"}), STOCKHOLM) is None
            continue
        if entry.about == "recovery":
            for name, subject, _, _ in LINES:
                if name == entry.name and isinstance(subject, Recovery):
                    verdict = Step(name="verdict", state="done", chosen="recovered", at=THURSDAY)
                    ended = subject.model_copy(update={"steps": (*subject.steps[:-1], verdict)})
                    assert since(entry, subject, STOCKHOLM) is not None
                    assert since(entry, ended, STOCKHOLM) is None, name
            continue
        for state in ("verified", "dropped"):
            for name, subject, _, _ in LINES:
                if name == entry.name:
                    over = subject.model_copy(update={"state": state})
                    assert since(entry, over, STOCKHOLM) is None, (name, state)
    done = AGREED.model_copy(update={"state": "done"})
    assert since(BY_NAME["item_late"], done, STOCKHOLM) is None
    assert since(BY_NAME["item_unowned"], ITEM, STOCKHOLM) is None
    assert since(BY_NAME["item_proposed"], AGREED, STOCKHOLM) is None
    assert since(BY_NAME["item_undated"], AGREED, STOCKHOLM) is None
    assert since(BY_NAME["item_asked_for"], AGREED, STOCKHOLM) is None


def test_a_hand_over_and_a_decline_begin_the_wait_anew() -> None:
    monday = datetime(2026, 3, 30, 22, 30, tzinfo=UTC)
    handed = action_item.move(AGREED, Moved(step="hand_over", by="U1", to="U2", at=monday), None)
    assert since(BY_NAME["item_proposed"], handed, STOCKHOLM) == date(2026, 3, 31)
    declined = action_item.move(AGREED, Moved(step="decline", by="U1", at=monday), None)
    assert since(BY_NAME["item_unowned"], declined, STOCKHOLM) == date(2026, 3, 31)
    west = WorkingHours(zone="America/New_York")
    assert since(BY_NAME["item_unowned"], declined, west) == date(2026, 3, 30)


def test_a_retro_that_is_reopened_is_undecided_from_then_on() -> None:
    turns = (
        Turn(step="close", by="U1", at=THURSDAY),
        Turn(step="reopen", by="U1", at=THURSDAY.replace(month=4, day=20)),
    )
    reopened = RETRO.model_copy(update={"history": turns})
    assert since(BY_NAME["retro_undecided"], reopened, STOCKHOLM) == date(2026, 4, 20)
    assert touched(reopened) == turns[-1].at
    assert (touched(RETRO), touched(AGREED)) == (THURSDAY, THURSDAY)
    assert touched(AGREED.model_copy(update={"history": ()})) == NEVER_CHECKED


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ("tomorrow", date(2026, 3, 28)),
        ("three_days", date(2026, 3, 30)),
        ("next_week", date(2026, 3, 30)),
        ("after_due", date(2026, 4, 1)),
    ],
)
def test_remind_me_later_is_one_of_four_days(later: str, expected: date) -> None:
    for subject in (ITEM, AGREED):
        reschedule = remind_later(subject, later, "U1", date(2026, 3, 27))
        assert reschedule == subject.model_copy(update={"remind_on": expected})


@given(st.dates(date(1990, 1, 1), date(2040, 12, 31)))
def test_next_week_is_the_monday_after_today_even_on_a_monday(day: date) -> None:
    chosen = remind_later(AGREED, "next_week", "U1", day).remind_on
    assert chosen is not None
    assert chosen.weekday() == 0
    assert 1 <= (chosen - day).days <= 7


def test_after_the_due_date_is_no_choice_once_it_has_passed_or_when_there_is_none() -> None:
    assert remind_later(AGREED, "after_due", "U1", date(2026, 3, 31)).remind_on == date(2026, 4, 1)
    undated = AGREED.model_copy(update={"due": None})
    for subject, later, day in (
        (AGREED, "after_due", date(2026, 4, 1)),
        (undated, "after_due", date(2026, 3, 27)),
        (AGREED, "someday", date(2026, 3, 27)),
        (AGREED, "", date(2026, 3, 27)),
    ):
        with pytest.raises(Refused) as refused:
            remind_later(subject, later, "U1", day)
        assert refused.value.sentence == "Choose when to be reminded."
        assert refused.value.field == "when"


@pytest.mark.parametrize("state", STATES)
def test_only_the_owner_is_reminded_later_and_only_until_it_is_done(state: ItemState) -> None:
    subject = ITEM.model_copy(update={"state": state})
    waits = state in ("proposed", "agreed")
    assert can_wait(subject) == waits
    refused = "Only the owner of AI-12 is reminded of it." if waits else f"AI-12 is already {state}."
    for person_id in ("U1", "U5", "U9", "U7"):
        if waits and person_id == "U1":
            check_remind_later(subject, person_id)
            assert remind_later(subject, "tomorrow", person_id, date(2026, 3, 27)).remind_on
            continue
        with pytest.raises(Refused) as before_the_form:
            check_remind_later(subject, person_id)
        with pytest.raises(Refused) as after_it:
            remind_later(subject, "tomorrow", person_id, date(2026, 3, 27))
        assert before_the_form.value.sentence == after_it.value.sentence == refused


def test_an_item_without_an_owner_is_put_off_by_nobody() -> None:
    nobodys = ITEM.model_copy(update={"owner": None})
    assert not can_wait(nobodys)
    with pytest.raises(Refused):
        remind_later(nobodys, "tomorrow", "U1", date(2026, 3, 27))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", get_args(ItemStep))
def test_somebody_may_take_a_step_exactly_when_taking_it_is_not_refused(
    state: ItemState, step: ItemStep
) -> None:
    for owner in (None, "U1"):
        subject = ITEM.model_copy(update={"state": state, "owner": owner})
        for by in ("U1", "U5", "U9", "U7"):
            to = {"hand_over": "U8", "change_date": "2026-04-20"}.get(step)
            try:
                moved = action_item.move(subject, Moved(step=step, by=by, at=THURSDAY, to=to), "U5")
            except Refused:
                assert not may(subject, step, by, "U5")
            else:
                assert may(subject, step, by, "U5")
                assert moved.remind_on is None


def test_a_step_with_an_item_ends_its_being_put_off() -> None:
    reschedule = remind_later(AGREED, "next_week", "U1", date(2026, 3, 27))
    moved = action_item.move(
        reschedule, Moved(step="change_date", by="U1", at=THURSDAY, to="2026-04-20"), None
    )
    assert (moved.remind_on, moved.due) == (None, date(2026, 4, 20))


def test_a_negative_day_counts_back_from_a_day_off() -> None:
    # Due on a Saturday: Thursday and Friday are the two working days before it.
    saturday = date(2026, 4, 4)
    assert BY_NAME["item_due_soon"].on == (On(-2, ("owner",)),)
    assert list(days(BY_NAME["item_due_soon"], "owner", saturday, STOCKHOLM)) == [date(2026, 4, 2)]
    assert list(days(BY_NAME["item_due_today"], "owner", saturday, STOCKHOLM)) == [date(2026, 4, 3)]


def test_nobody_is_reminded_to_check_back_before_the_promise_is_kept_or_after_they_did() -> None:
    kept = OF_RECOVERY["kept"]
    assert kept(examples.KEPT, STOCKHOLM) == examples.TODAY
    assert kept(examples.PROMISED, STOCKHOLM) is None
    assert kept(examples.CHECKED, STOCKHOLM) is None
