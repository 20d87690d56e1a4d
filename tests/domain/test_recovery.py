"""The steps that a customer is owed: which may be taken when, and what becomes of it."""

from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest

from bot.domain.case import Case
from bot.domain.errors import Refused
from bot.domain.recovery import (
    Recovery,
    aim_day,
    as_told,
    begin,
    changed_since,
    check,
    check_back_day,
    check_outcome,
    close_unanswered,
    correct,
    due_next,
    enough,
    hand_over,
    is_late,
    is_offered,
    is_one_sided,
    is_silent,
    judge,
    kind_of,
    moves,
    next_due,
    next_step,
    not_enough,
    not_needed,
    owners,
    promised_by,
    seen,
    take,
    take_back,
    upset,
    urgency,
)
from bot.domain.recovery_step import CATALOGUE, HOLDING, STEPS, Step, StepName, Verdict
from bot.domain.team import Team

AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
TEAM = Team(channel_id="C1", name="support", lead="U5", zone="Europe/Stockholm")
CASE = Case(
    number=7, channel_id="C1", what_happened="x", failed_at=AT, public_post="https://example.com/1"
)
NEW = begin(CASE, "U1", TEAM, AT)


def done(before: Recovery, *names: StepName, at: datetime = AT) -> Recovery:
    """The recovery after these steps."""
    after = before
    for name in names:
        due = date(2026, 3, 9) if name == "promise" else None
        after = take(after, Step(name=name, by="U1", at=at, words="So.", due=due), at)
    return after


def verdict(before: Recovery, chosen: Verdict | None, words: str = "So.") -> Recovery:
    """The recovery after a verdict."""
    return judge(before, Step(name="verdict", by="U1", at=AT, words=words, chosen=chosen), AT, TEAM)


def test_the_catalogue_names_every_step_once_and_what_comes_before_it() -> None:
    assert tuple(STEPS) == get_args(StepName)
    names = [kind.name for kind in CATALOGUE]
    for kind in CATALOGUE:
        assert bool(kind.after) == bool(kind.upset), kind.name
        assert kind.after is None or names.index(kind.after) < names.index(kind.name), kind.name


def test_the_public_apology_is_there_only_with_a_public_post() -> None:
    quiet = begin(CASE.model_copy(update={"public_post": None}), "U1", TEAM, AT)
    assert NEW.is_in("apologise_publicly", "to do")
    assert "apologise_publicly" not in [step.name for step in quiet.steps]
    with pytest.raises(Refused, match="no public post"):
        check(quiet, "apologise_publicly")


@pytest.mark.parametrize("name", [name for name in STEPS if name not in ("tell_changed", "verdict")])
def test_every_step_may_come_first_and_only_once(name: StepName) -> None:
    after = done(NEW, name)
    assert after.step(name).state == "done"
    if name == "promise":
        assert done(after, "promise").step("promise").state == "done"
        after = done(after, "keep")
    with pytest.raises(Refused, match=f"{STEPS[name].label} is already done for C-7"):
        check(after, name)


def test_the_natural_next_one_is_the_first_that_is_left_and_can_be_done() -> None:
    seen = []
    now = NEW
    while (name := next_step(now)) not in (None, "verdict"):
        assert name is not None
        seen.append(name)
        now = done(now, name)
    assert seen == [name for name in STEPS if name not in ("tell_changed", "verdict")]
    assert name is None
    finished = now.model_copy(update={"finished_at": AT, "has_verified": True})
    assert next_step(finished) == "tell_changed"
    assert next_step(done(finished, "tell_changed")) == "verdict"


def test_without_a_verified_fix_there_is_no_change_to_tell_of() -> None:
    finished = NEW.model_copy(update={"finished_at": AT})
    assert kind_of(finished, "tell_changed").label == "Say where things stand"
    told = take(finished, as_told(finished, Step(name="tell_changed", at=AT, words="Sorry.")), AT)
    assert told.step("tell_changed").kind.label == "Say where things stand"
    assert not is_offered(told, "tell_changed")
    # A fix that is verified later is news.
    verified = told.model_copy(update={"has_verified": True})
    assert is_offered(verified, "tell_changed")
    assert kind_of(verified, "tell_changed").label == "Tell what changed"
    view = Step(name="tell_changed", at=AT, words="Sorry.", view="Thank you.")
    assert as_told(verified, view).kind.label == "Say where things stand"
    news = take(verified, as_told(verified, view.model_copy(update={"words": "It is shown."})), AT)
    assert news.step("tell_changed").kind.label == "Tell what changed"
    assert not is_offered(news, "tell_changed")


def test_what_was_promised_is_kept_and_asked_about_before_anything_else() -> None:
    promised = done(NEW, "promise")
    assert next_step(promised) == "keep"
    assert next_step(done(promised, "keep")) == "check_back"
    assert next_step(done(promised, "keep", "check_back")) == "hear"


def test_what_is_next_for_one_person_is_among_what_is_theirs() -> None:
    others: tuple[StepName, ...] = ("hear", "apologise", "apologise_publicly", "ask_wish")
    handed = hand_over(done(NEW, "promise", *others), "keep", "U1", "U2", "", AT, None)
    assert (next_step(handed), next_step(handed, "U2"), next_step(handed, "U3")) == (
        "keep",
        "keep",
        None,
    )
    # What is hers waits: neither the two questions nor the verdict is asked for before its time.
    assert next_step(handed, "U1") is None
    # And while only the retro is waited for, nobody reads that the verdict is next.
    waits = done(NEW, "promise", "keep", "check_back", *others)
    assert (next_step(waits), next_step(waits, "U1")) == (None, None)


def test_what_waits_is_not_offered_before_its_time() -> None:
    assert not is_offered(NEW, "keep")
    assert is_offered(done(NEW, "promise"), "keep")
    assert not is_offered(done(NEW, "promise"), "check_back")
    assert is_offered(done(NEW, "keep"), "check_back")
    assert not is_offered(NEW, "tell_changed")
    with pytest.raises(Refused, match="is not finished yet"):
        check(NEW, "tell_changed")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("apologise", "apologise_publicly"), 0),
        (("apologise_publicly",), 1),
        (("promise",), 1),
        (("promise", "keep", "check_back"), 1),
        (("keep", "apologise_publicly"), 2),
        (("hear", "apologise", "ask_wish", "promise", "keep", "check_back"), 0),
    ],
)
def test_an_upset_order_is_said_for_each_step_that_came_early(
    names: tuple[StepName, ...], told: int
) -> None:
    assert len(upset(done(NEW, *names))) == told


def test_an_order_stays_upset_when_the_missing_step_follows_and_not_when_it_is_needless() -> None:
    public = done(NEW, "apologise_publicly")
    assert len(upset(done(public, "apologise", at=AT + timedelta(hours=1)))) == 1
    assert upset(not_needed(public, "apologise", "U1", AT, "They left.")) == ()


def test_a_promise_is_late_the_day_after_until_it_is_kept() -> None:
    promised = done(NEW, "promise")
    assert promised_by(promised) == date(2026, 3, 9)
    assert not is_late(promised, date(2026, 3, 9))
    assert is_late(promised, date(2026, 3, 10))
    assert not is_late(done(promised, "keep"), date(2026, 3, 10))
    assert not is_late(verdict(promised, "recovered"), date(2026, 3, 9))


def test_what_is_due_next_has_the_day_of_the_promise_the_apology_or_of_checking_back() -> None:
    aim, monday = NEW.apologise_by, date(2026, 3, 9)
    assert due_next(NEW) == (aim, "apologise")
    assert due_next(done(NEW, "promise")) == (monday, "keep")
    assert due_next(done(NEW, "hear", "apologise")) is None
    friday = AT + timedelta(days=1)
    step = Step(name="keep", by="U1", at=friday, words="So.", check_back_by=check_back_day(TEAM, friday))
    kept = take(done(NEW, "apologise", "promise"), step, friday)
    assert due_next(kept) == (monday, "check_back")
    assert next_due(done(kept, "check_back")) is None
    both = take(done(NEW, "promise"), step, friday)
    assert due_next(both.model_copy(update={"apologise_by": monday})) == (monday, "apologise")
    assert due_next(both.model_copy(update={"apologise_by": date(2026, 3, 10)})) == (
        monday,
        "check_back",
    )


def test_nothing_is_due_next_by_a_promise_without_a_day_or_once_it_has_ended() -> None:
    promise = Step(name="promise", by="U1", at=AT, words="Soon.")
    assert next_due(take(done(NEW, "apologise"), promise, AT)) is None
    assert due_next(take(NEW, promise, AT)) == (NEW.apologise_by, "apologise")
    assert next_due(not_needed(NEW, "apologise", "U1", AT, "They said so first.")) is None
    assert next_due(verdict(NEW, "recovered")) is None
    assert next_due(verdict(done(NEW, "promise"), "no answer")) is None
    assert next_due(verdict(done(NEW, "apologise"), "not recovered")) == aim_day(TEAM, AT)


def test_of_a_promise_that_an_older_program_kept_the_day_after_is_for_checking_back() -> None:
    assert next_due(done(NEW, "apologise", "promise", "keep")) == AT.date() + timedelta(days=1)


def test_an_overdue_apology_is_more_urgent_than_checking_back_next_week_and_no_day_comes_last() -> None:
    overdue = NEW.model_copy(update={"case_number": 9, "apologise_by": date(2026, 2, 2)})
    kept = done(NEW, "apologise", "promise", "keep", at=AT + timedelta(days=7))
    undated = [done(NEW, "apologise").model_copy(update={"case_number": n}) for n in (2, 1)]
    ordered = sorted([*undated, kept, overdue], key=urgency)
    assert [one.case_number for one in ordered] == [9, 7, 1, 2]


def test_without_a_promise_there_is_none_to_keep_and_a_late_one_wakes_both() -> None:
    without = not_needed(NEW, "promise", "U1", AT, "She wants none.")
    assert without.is_in("keep", "not needed")
    assert without.is_in("check_back", "not needed")
    awake = done(without, "promise")
    assert awake.is_in("keep", "to do")
    assert awake.is_in("check_back", "to do")


@pytest.mark.parametrize("name", STEPS)
def test_leaving_a_step_out_needs_a_why_and_the_verdict_is_the_customers(name: StepName) -> None:
    with pytest.raises(Refused):
        not_needed(NEW, name, "U1", AT, "")
    if name == "verdict":
        with pytest.raises(Refused, match="for the customer to say"):
            not_needed(NEW, name, "U1", AT, "x")
        return
    left = not_needed(NEW, name, "U1", AT, "x")
    assert (left.step(name).state, left.step(name).words) == ("not needed", "x")
    with pytest.raises(Refused, match="already not needed"):
        not_needed(left, name, "U1", AT, "x")


def test_one_side_is_heard_until_the_customer_is_or_cannot_be() -> None:
    assert is_one_sided(None)
    assert is_one_sided(NEW)
    assert not is_one_sided(done(NEW, "hear"))
    assert not is_one_sided(not_needed(NEW, "hear", "U1", AT, "Three calls."))


@pytest.mark.parametrize("chosen", ["recovered", "no answer"])
def test_once_it_has_ended_nothing_is_next_or_promised_and_no_side_is_missing(chosen: Verdict) -> None:
    promised = done(NEW, "promise")
    assert next_step(promised) is not None
    assert promised_by(promised) is not None
    assert is_one_sided(promised)
    ended = verdict(promised, chosen)
    assert next_step(ended) is None
    assert promised_by(ended) is None
    assert not is_one_sided(ended)
    assert next_step(verdict(promised, "not recovered")) is not None


@pytest.mark.parametrize(
    ("outcome", "told", "heard", "refused"),
    [
        ("fixes agreed", 0, False, None),
        ("an apology was enough", 0, False, None),
        ("nothing we could have changed", 0, True, "the team's side"),
        ("nothing we could have changed", 1, False, "the customer's side"),
        ("nothing we could have changed", 1, True, None),
    ],
)
def test_nothing_we_could_have_changed_needs_both_sides(
    outcome: str, told: int, heard: bool, refused: str | None
) -> None:
    recovery = done(NEW, "hear") if heard else None
    if refused is None:
        check_outcome(outcome, recovery, told)
        return
    with pytest.raises(Refused, match=refused):
        check_outcome(outcome, recovery, told)


def test_an_apology_is_not_enough_without_a_why_whoever_asks() -> None:
    with pytest.raises(Refused, match="Say why") as refused:
        enough(NEW, "U1", AT, "", ())
    assert refused.value.field == "why"


def test_an_apology_that_was_enough_leaves_out_what_follows_and_can_be_taken_back() -> None:
    whole = enough(done(NEW, "hear", "apologise"), "U1", AT, "Her words.", ("tools", "tools"))
    assert [step.name for step in whole.steps if step.state == "not needed"] == [
        "ask_wish",
        "promise",
        "keep",
        "check_back",
        "tell_changed",
    ]
    assert next_step(done(whole, "apologise_publicly")) == "verdict"
    assert whole.gaps == ("tools",)
    again = not_enough(whole, AT)
    assert (again.enough, again.gaps) == ("", ())
    assert again.is_in("ask_wish", "to do")
    assert again.is_in("promise", "to do")
    with pytest.raises(Refused, match="more than an apology"):
        enough(done(NEW, "promise"), "U1", AT, "x", ())
    assert done(whole, "promise").enough == ""


def test_the_wish_that_was_asked_for_stays_when_an_apology_was_not_enough_after_all() -> None:
    whole = enough(done(NEW, "hear", "apologise", "ask_wish"), "U1", AT, "Her words.", ())
    for again in (not_enough(whole, AT), take_back(whole, "promise", "U1", AT, "No.", CASE, TEAM)):
        assert again.step("ask_wish").words == "So."
        assert again.is_in("promise", "to do")
        assert again.enough == ""


def test_a_verdict_ends_it_in_the_customers_words_and_may_change() -> None:
    assert verdict(NEW, "no answer", "").outcome == "no answer"
    for chosen in ("recovered", "not recovered"):
        with pytest.raises(Refused, match="in their own words"):
            verdict(NEW, chosen, "")
    with pytest.raises(Refused, match="Choose"):
        verdict(NEW, None)
    recovered = verdict(NEW, "recovered")
    assert recovered.state == "recovered"
    with pytest.raises(Refused, match="already: recovered"):
        verdict(recovered, "recovered")
    for closed in (
        lambda: check(recovered, "hear"),
        lambda: not_needed(recovered, "hear", "U1", AT, "x"),
        lambda: enough(recovered, "U1", AT, "x", ()),
        lambda: hand_over(recovered, None, "U1", "U2", "", AT, None),
    ):
        with pytest.raises(Refused, match="is closed: recovered"):
            closed()
    assert verdict(recovered, "not recovered").state == "open"


def test_not_recovered_begins_anew_with_their_words_and_keeps_what_was() -> None:
    before = done(NEW, "hear", "apologise", "promise")
    later = AT + timedelta(days=5)
    given = Step(name="verdict", by="U2", at=later, words="Late again.", chosen="not recovered")
    anew = judge(before, given, later, TEAM)
    assert [step.name for step in anew.steps if step.state == "done"] == ["hear"]
    assert anew.step("hear").words == "Late again."
    (first,) = anew.earlier
    assert first[-1].chosen == "not recovered"
    assert [step.name for step in first if step.state == "done"] == [
        "hear",
        "apologise",
        "promise",
        "verdict",
    ]
    assert (anew.failed_at, anew.apologise_by) == (later, date(2026, 3, 10))


def test_a_round_that_comes_back_is_counted_from_when_it_began() -> None:
    days = [AT + timedelta(days=number) for number in (5, 12)]
    rounds = [NEW]
    for day in days:
        given = Step(name="verdict", by="U2", at=day, words="Late again.", chosen="not recovered")
        rounds.append(judge(rounds[-1], given, day, TEAM))
    for number in (2, 1):
        back = take_back(rounds[number], "verdict", "U1", days[-1], "It was another.", CASE, TEAM)
        assert back.failed_at == rounds[number - 1].failed_at
        assert back.apologise_by == rounds[number - 1].apologise_by
        assert len(back.earlier) == number - 1


def test_who_changed_a_step_since_a_form_was_drawn_is_known_as_far_as_anybody_is() -> None:
    before = done(NEW, "hear", "promise")
    was = str(seen(before, "hear"))
    assert changed_since(before, "hear", was) is None
    noted = before.step("hear").model_copy(update={"words": "I waited.", "by": "U2"})
    corrected = correct(before, noted, "U3", AT)
    assert changed_since(corrected, "hear", was) == "U3"
    again = done(take_back(before, "hear", "U4", AT, "So.", CASE, TEAM), "hear")
    other = again.model_copy(
        update={
            "steps": tuple(
                step.model_copy(update={"by": "U2", "words": "Other."}) if step.name == "hear" else step
                for step in again.steps
            )
        }
    )
    assert changed_since(other, "hear", was) == "U2"
    of_promise = str(seen(before, "promise"))
    handed = hand_over(before, "keep", "U1", "U2", "", AT, None)
    assert changed_since(handed, "promise", of_promise) == "U1"


def test_silence_is_only_when_nothing_but_the_verdict_is_left() -> None:
    now = NEW.model_copy(update={"finished_at": AT})
    for name in STEPS:
        assert is_silent(now) == (name == "verdict")
        if name != "verdict":
            now = done(now, name)
    closed = close_unanswered(now, AT)
    assert closed.state == "no answer"
    assert not is_silent(closed)


def test_hands_change_by_their_holder_the_lead_or_whoever_takes_it() -> None:
    for by in ("U1", "U5", "U2"):
        handed = hand_over(NEW, "hear", by, "U2", "Knows them.", AT, "U5")
        assert owners(handed) == {"U1", "U2"}
        assert (handed.step("hear").handed_by, handed.contact) == (by, "U1")
    with pytest.raises(Refused, match="Only whoever has it"):
        hand_over(NEW, "hear", "U3", "U2", "", AT, "U5")
    with pytest.raises(Refused, match="already theirs"):
        hand_over(NEW, "hear", "U1", "U1", "", AT, "U5")
    with pytest.raises(Refused, match="Hear the customer is already done") as refused:
        hand_over(done(NEW, "hear"), "hear", "U1", "U2", "", AT, "U5")
    assert refused.value.field == "step"
    assert owners(hand_over(NEW, None, "U1", "U2", "", AT, None)) == {"U2"}


def test_a_step_is_taken_back_with_a_why() -> None:
    with pytest.raises(Refused, match="Say why") as refused:
        take_back(done(NEW, "hear"), "hear", "U1", AT, "", CASE, TEAM)
    assert refused.value.field == "why"


@pytest.mark.parametrize(
    ("failed", "days", "by"),
    [
        ("2026-03-05T14:30", 0, "2026-03-05"),
        ("2026-03-05T14:30", 1, "2026-03-06"),
        ("2026-03-06T15:59", 1, "2026-03-09"),
        # Five in the afternoon is after hours in Stockholm, and Friday is the last working day.
        ("2026-03-06T16:00", 0, "2026-03-09"),
        ("2026-03-07T12:00", 2, "2026-03-11"),
    ],
)
def test_the_aim_counts_the_teams_working_days_from_when_somebody_was_there(
    failed: str, days: int, by: str
) -> None:
    team = TEAM.model_copy(update={"days_to_apologise": days})
    assert aim_day(team, datetime.fromisoformat(failed).replace(tzinfo=UTC)) == date.fromisoformat(by)


def test_the_clock_starts_when_it_happened_as_far_as_anybody_knows() -> None:
    happened = AT - timedelta(hours=20)
    known = begin(CASE.model_copy(update={"happened_at": happened}), "U1", TEAM, AT)
    assert known.failed_at == happened
    midnight = datetime(2026, 3, 3, 23, tzinfo=UTC)
    by_day = {"happened_at": midnight, "happened_by_day": True}
    # All that is known is Wednesday in Stockholm, whose working day ends at 16:00 UTC.
    day_only = begin(CASE.model_copy(update=by_day), "U1", TEAM, AT)
    assert day_only.failed_at == datetime(2026, 3, 4, 16, tzinfo=UTC)


def test_other_words_do_not_turn_an_honest_holding_message_into_a_change_that_was_told() -> None:
    told = Step(name="tell_changed", state="done", by="U1", at=AT, words="Still at it.", how=HOLDING)
    steps = tuple(told if step.name == "tell_changed" else step for step in NEW.steps)
    later = NEW.model_copy(update={"steps": steps, "has_verified": True})
    given = Step(name="tell_changed", words="We are still at it.")
    step = correct(later, given, "U2", AT).step("tell_changed")
    assert (step.words, step.how, step.corrected_by) == ("We are still at it.", HOLDING, "U2")


OTHER = begin(CASE.model_copy(update={"number": 8}), "U2", TEAM, AT)


@pytest.mark.parametrize(
    ("double", "own", "it_moves"),
    [
        (None, NEW, False),
        (OTHER, NEW, False),
        (done(OTHER, "hear"), None, True),
        (done(OTHER, "hear"), NEW, True),
        (verdict(done(OTHER, "hear"), "recovered"), done(NEW, "apologise"), False),
        (done(OTHER, "hear"), done(NEW, "hear", "apologise"), False),
    ],
)
def test_what_was_noted_for_a_double_moves_where_nothing_was_noted_yet(
    double: Recovery | None, own: Recovery | None, it_moves: bool
) -> None:
    assert moves(double, own) == it_moves


@pytest.mark.parametrize(
    ("double", "why"),
    [
        (done(OTHER, "hear", "promise"), "In C-8 something is promised to the customer"),
        (done(OTHER, "hear", "apologise"), r"what only C-8 has \(Apologise in person\)"),
    ],
)
def test_a_double_with_more_to_say_is_not_lost(double: Recovery, why: str) -> None:
    with pytest.raises(Refused, match=why) as refused:
        moves(double, done(NEW, "hear", "promise"))
    assert refused.value.field == "other"
