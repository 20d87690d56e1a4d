"""Cases and retros: labels, hours and outcomes."""

import re
from contextlib import nullcontext
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.case import Case, edit, edits, fill_in, number_of, outside_hours
from bot.domain.errors import Refused
from bot.domain.job import (
    MAX_ATTEMPTS,
    MAX_ATTEMPTS_IN_AN_OUTAGE,
    MAX_BACKOFF_SECONDS,
    Job,
    backoff,
    is_hopeless,
)
from bot.domain.retro import Counts, Retro, state_of
from bot.domain.working_hours import WorkingHours
from bot.messages.parts import shortened
from bot.routes import typed

AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)


def test_what_came_from_the_ticket_is_nobodys_change_and_counts_for_a_form_that_is_open() -> None:
    case = Case(number=1, channel_id="C1", what_happened="Title", failed_at=AT)
    filled = fill_in(case, "Nobody came.", "Maria Santos", AT)
    assert (filled.what_happened, filled.customer) == ("Nobody came.", "Maria Santos")
    assert (len(edits(filled)), filled.last_change, filled.cancelled) == (1, None, False)
    edited = edit(case, {"customer": "Mrs. Santos"}, "U2", AT)
    again = fill_in(edited, "Nobody came.", "Maria Santos", AT)
    assert (again.customer, again.last_change) == ("Mrs. Santos", edited.history[0])
    assert [change.customer for change in again.history] == ["", "Maria Santos"]
    assert fill_in(case, "Title", "", AT) == case


@given(st.text() | st.from_regex(r"[cC]-[0-9]{1,12}"))
def test_a_label_is_a_number_or_a_refusal_and_nothing_else(text: str) -> None:
    looks_right = re.fullmatch(r"\s*[cC]-[0-9]{1,9}\s*", text) is not None
    with nullcontext() if looks_right else pytest.raises(Refused, match="is not a number like C-7"):
        assert number_of(text, "C") >= 0


def test_labels_are_read_in_either_case() -> None:
    assert number_of("c-7", "C") == 7
    assert number_of("AI-12", "AI") == 12
    with pytest.raises(Refused):
        number_of("C-99999999999999999999", "C")


def test_a_day_without_a_time_is_outside_only_when_nobody_works_that_day() -> None:
    hours = WorkingHours(zone="UTC")
    sunday = Case(
        number=1,
        channel_id="C1",
        what_happened="x",
        failed_at=AT,
        happened_at=datetime(2026, 3, 1, tzinfo=UTC),
        happened_by_day=True,
    )
    monday = sunday.model_copy(update={"happened_at": datetime(2026, 3, 2, tzinfo=UTC)})
    assert outside_hours(sunday, hours)
    assert not outside_hours(monday, hours)
    assert not outside_hours(sunday.model_copy(update={"happened_at": None}), hours)


def test_a_retro_is_finished_when_closed_and_nothing_is_unfinished() -> None:
    retro = Retro(case_number=1, channel_id="C1", opened_at=AT, answers_close_on=date(2026, 3, 10))
    closed = retro.model_copy(update={"state": "closed"})
    assert state_of(retro, Counts()) == "open"
    assert state_of(closed, Counts(unfinished=1)) == "closed"
    assert state_of(closed, Counts()) == "finished"


@given(st.text(min_size=1), st.integers(2, 60))
def test_a_shortened_text_fits_and_begins_as_the_whole_does(text: str, limit: int) -> None:
    short = shortened(text, limit)
    assert len(short) <= limit
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@pytest.mark.parametrize("mark", [*".,;:!?…–—([-", ", ", " – ", "...", " ("])
def test_no_ellipsis_follows_a_mark(mark: str) -> None:
    assert shortened(f"It was dark{mark} nobody came, and it rained", 17) == "It was dark…"


def test_a_text_of_marks_alone_is_not_shortened_to_nothing() -> None:
    assert len(shortened("." * 3_000, 300)) > 290


@given(st.integers(1, 60), st.floats(0, 1))
def test_a_back_off_grows_within_its_bounds(attempts: int, jitter: float) -> None:
    assert 0.5 <= backoff(attempts, jitter) <= MAX_BACKOFF_SECONDS


@pytest.mark.parametrize("outage", [False, True])
def test_a_message_is_given_up_after_so_many_attempts_and_later_in_an_outage(outage: bool) -> None:
    most = MAX_ATTEMPTS_IN_AN_OUTAGE if outage else MAX_ATTEMPTS
    job = Job(name="retro.show", about="C-7", channel_id="C1", key="retro:7", due_at=AT)
    assert not is_hopeless(job.model_copy(update={"attempts": most - 1}), outage=outage)
    assert is_hopeless(job.model_copy(update={"attempts": most}), outage=outage)
    assert MAX_ATTEMPTS < MAX_ATTEMPTS_IN_AN_OUTAGE


@pytest.mark.parametrize(
    ("text", "command_name", "rest"),
    [
        ("failed ZD-1 Lost", "case.fail", "ZD-1 Lost"),
        ("  FAILED   ZD-1\nLost ", "case.fail", "ZD-1\nLost"),
        ("failed\nZD-1 Lost", "case.fail", "ZD-1 Lost"),
        ("mine", "action_item.mine", ""),
        ("", "team.help", ""),
        ("help me", "team.help", ""),
        ("faild ZD-1", "team.unknown", "faild ZD-1"),
    ],
)
def test_typed_words_ask_for_a_verb(text: str, command_name: str, rest: str) -> None:
    assert typed(text) == (command_name, rest)
