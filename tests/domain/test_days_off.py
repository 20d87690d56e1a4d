"""A team's days off: its own, as a person types them, and its country's holidays."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.case import outside_hours
from bot.domain.days_off import MAX_DAYS, DaysOff, Span, in_order, written
from bot.domain.errors import Refused
from bot.domain.holiday import (
    WEEKEND,
    check_country,
    countries,
    holidays_in,
    named,
    region_named,
    region_of,
)
from bot.domain.notification_preferences import NotificationPreferences, hours_of
from bot.domain.team import Team
from bot.domain.working_hours import (
    WorkingHours,
    add_working_days,
    is_working,
    is_working_day,
    next_working,
    working_days_between,
    working_hours_between,
)
from bot.fields import read_spans
from tests.domain import slow_calendar as slow
from tests.domain.slow_calendar import STEADY
from tests.examples import CASE

CLOSED = DaysOff(spans=read_spans("2026-12-24, 2026-12-31 to 2027-01-05"))
STOCKHOLM = WorkingHours(zone="Europe/Stockholm", off=CLOSED)
IN_SWEDEN = WorkingHours(zone="Europe/Stockholm", off=DaysOff(country="SE"))


@pytest.mark.parametrize(
    ("typed", "again"),
    [
        ("", ""),
        ("2026-12-24", "2026-12-24"),
        ("2026-12-31 to 2027-01-05", "2026-12-31 to 2027-01-05"),
        ("2026-12-31 – 2027-01-05", "2026-12-31 to 2027-01-05"),
        ("2026-12-31–2027-01-05", "2026-12-31 to 2027-01-05"),
        ("2026-12-31 until 2027-01-05", "2026-12-31 to 2027-01-05"),
        ("2026-12-31 - 2027-01-05", "2026-12-31 to 2027-01-05"),
        ("2027-05-01; 2026-12-24,\n2026-12-27,,", "2026-12-24, 2026-12-27, 2027-05-01"),
        # What touches or overlaps is one.
        ("2026-12-25, 2026-12-24, 2026-12-26 to 2026-12-28", "2026-12-24 to 2026-12-28"),
        ("2026-12-01 to 2026-12-31, 2026-12-24", "2026-12-01 to 2026-12-31"),
        ("20261224", "2026-12-24"),
    ],
)
def test_days_off_are_read_as_people_type_them(typed: str, again: str) -> None:
    spans = read_spans(typed)
    assert written(spans) == again
    assert read_spans(again) == spans


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("24.12.", "'24.12.' is not a date: write it like 2026-11-30."),
        ("2026-12-24, Christmas", "'Christmas' is not a date: write it like 2026-11-30."),
        (
            "2026-12-24 to 2026-12-26 to 2026-12-28",
            "I can't read '2026-12-24 to 2026-12-26 to 2026-12-28': write 2026-12-24, or "
            "2026-12-24 to 2026-12-31.",
        ),
        ("– 2026-12-24", "I can't read '– 2026-12-24': write 2026-12-24, or 2026-12-24 to 2026-12-31."),
        (
            "2027-01-05 to 2026-12-31",
            "'2027-01-05 to 2026-12-31' ends before it starts: write the earlier day first.",
        ),
        ("2026-01-01 to 2027-12-31", "These are 730 days off, and 400 fit: take old ones out."),
        (
            ", ".join(f"20{year}-{month:02}-01" for year in range(26, 40) for month in range(1, 13)),
            "These are 168 days or weeks, and 100 fit: take old ones out.",
        ),
        ("9999-01-01", "9999-01-01 is too far away to be meant; look at the year."),
    ],
)
def test_what_is_no_day_off_is_refused_with_what_to_write(typed: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        read_spans(typed)
    assert refused.value.sentence == sentence


@STEADY
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 9)), max_size=20))
def test_in_order_the_days_are_the_same(numbers: list[tuple[int, int]]) -> None:
    first = date(2026, 6, 1)
    spans = [Span(first=first + n * slow.DAY, last=first + (n + more) * slow.DAY) for n, more in numbers]
    ordered = DaysOff(spans=in_order(spans))
    for number in range(-1, MAX_DAYS):
        day = first + number * slow.DAY
        assert (day in ordered) == any(span.first <= day <= span.last for span in spans)
    assert read_spans(written(ordered.spans)) == ordered.spans


def test_nobody_works_on_a_day_off_and_working_days_pass_over_it_into_another_year() -> None:
    assert not is_working_day(STOCKHOLM, date(2026, 12, 24))
    assert not is_working(STOCKHOLM, datetime(2026, 12, 24, 10, tzinfo=UTC))
    assert is_working(STOCKHOLM, datetime(2026, 12, 23, 10, tzinfo=UTC))
    # Wednesday, then Friday and the days from Monday; New Year's Eve to Tuesday are off.
    assert add_working_days(STOCKHOLM, date(2026, 12, 23), 1) == date(2026, 12, 25)
    assert add_working_days(STOCKHOLM, date(2026, 12, 30), 1) == date(2027, 1, 6)
    assert add_working_days(STOCKHOLM, date(2027, 1, 6), -1) == date(2026, 12, 30)
    assert add_working_days(STOCKHOLM, date(2027, 1, 2), 0) == date(2026, 12, 30)
    assert working_days_between(STOCKHOLM, date(2026, 12, 23), date(2027, 1, 6)) == 5


def test_a_day_off_is_one_where_the_reader_is_whatever_day_it_is_elsewhere() -> None:
    # 23 December, 16:00 in UTC, is already Christmas Eve in Auckland; New York has it last.
    at = datetime(2026, 12, 23, 22, tzinfo=UTC)
    auckland, new_york = (
        WorkingHours(zone=zone, off=CLOSED) for zone in ("Pacific/Auckland", "America/New_York")
    )
    assert not is_working(auckland, at)
    assert next_working(auckland, at) == datetime(2026, 12, 24, 20, tzinfo=UTC)
    assert next_working(new_york, datetime(2026, 12, 24, 14, tzinfo=UTC)) == datetime(
        2026, 12, 25, 14, tzinfo=UTC
    )


def test_a_day_off_at_a_clock_change_moves_what_waits_to_nine_on_the_next_wall_clock() -> None:
    monday = WorkingHours(zone="Europe/Stockholm", off=DaysOff(spans=read_spans("2026-03-30")))
    # Friday after hours, in winter; Tuesday at nine is in summer.
    at = datetime(2026, 3, 27, 16, tzinfo=UTC)
    assert next_working(monday, at) == datetime(2026, 3, 31, 7, tzinfo=UTC)
    assert working_hours_between(monday, at, datetime(2026, 3, 31, 8, tzinfo=UTC)) == 1.0


def test_a_country_has_its_holidays_and_a_region_its_own() -> None:
    christmas = [day for day in holidays_in("SE", "", 2026) if day.month == 12]
    assert sorted(christmas) == [date(2026, 12, 25), date(2026, 12, 26)]
    assert add_working_days(IN_SWEDEN, date(2026, 12, 24), 1) == date(2026, 12, 28)
    epiphany = date(2027, 1, 6)
    bavaria, berlin = (DaysOff(country="DE", region=region) for region in ("BY", "BE"))
    assert epiphany in bavaria
    assert epiphany not in berlin
    assert date(2027, 1, 1) in berlin
    # What falls on a weekend is had on the Friday before, there.
    assert date(2027, 12, 31) in DaysOff(country="US")


@pytest.mark.parametrize("name", ["BY", "by", "Bayern", "bayern"])
def test_a_region_goes_by_its_name_and_by_its_code(name: str) -> None:
    assert region_of("DE", name) == "BY"
    assert region_named("DE", "BY") == "Bayern"
    assert named("DE", "BY") == "Germany (Bayern)"


@pytest.mark.parametrize(
    ("country", "region", "sentence"),
    [
        ("", "Bayern", "Choose the country as well, or leave the region empty."),
        (
            "SE",
            "Skåne",
            "All of Sweden has the same holidays, as far as I know: leave the region empty.",
        ),
        (
            "GB",
            "Kent",
            "'Kent' is not a region of Britain (UK) that I know. Write its name or code: "
            "ENG, NIR, SCT, WLS.",
        ),
        (
            "DE",
            "Skåne",
            "'Skåne' is not a region of Germany that I know. Write its name or code: "
            "Augsburg, BB, BE, BW, BY, HB and others.",
        ),
    ],
)
def test_a_region_that_is_none_is_refused_beside_its_field(
    country: str, region: str, sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        region_of(country, region)
    assert refused.value.faults == {"region": sentence}


def test_a_country_that_is_none_is_refused() -> None:
    check_country("SE")
    with pytest.raises(Refused) as refused:
        check_country("Atlantis")
    assert refused.value.faults == {
        "country": "'Atlantis' is not in the list; choose a country from it."
    }


def test_every_country_has_a_name_and_leaves_somebody_a_day_to_work_in_every_week_of_theirs() -> None:
    assert len(countries()) >= 200
    for code, name in countries().items():
        assert len(name) > 2, code
        days = holidays_in(code, "", 2026)
        for weekday in range(7):
            assert sum(day.weekday() == weekday for day in days) < WEEKEND, name


def test_a_day_of_the_week_that_is_listed_all_year_is_a_weekend_and_no_holiday(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sundays_too(country: str, subdiv: str | None, years: int) -> Iterator[date]:
        sundays = (date(years, 1, 4) + timedelta(weeks=number) for number in range(51))
        return iter([*sundays, date(years, 12, 24)])

    monkeypatch.setattr("holidays.country_holidays", sundays_too)
    assert holidays_in("XX", "sundays", 2026) == {date(2026, 12, 24)}
    hours = WorkingHours(days=(6,), off=DaysOff(country="XX", region="sundays"))
    assert add_working_days(hours, date(2026, 3, 5), 1) == date(2026, 3, 8)


def test_a_country_that_is_not_known_any_more_has_no_holidays_and_one_line_a_year_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    off = DaysOff(country="XZ", region="A")
    holidays_in.cache_clear()
    assert not [day for day in (date(2026, 1, 1), date(2026, 12, 25)) if day in off]
    assert [record.getMessage() for record in caplog.records] == [
        "The holidays of XZ A are not known on this machine any more."
    ]
    assert named("XZ", "A") == "XZ (A)"


def test_in_a_teams_matters_its_days_off_are_everybodys_and_those_of_another_team_are_not() -> None:
    support = Team(channel_id="C1", name="support", days_off=CLOSED)
    billing = Team(channel_id="C2", name="billing")
    weekends = NotificationPreferences(person_id="U1", days=(3, 5, 6))
    christmas_eve = date(2026, 12, 24)
    for preferences in (None, weekends):
        assert not is_working_day(hours_of(preferences, "Asia/Tokyo", support), christmas_eve)
        assert is_working_day(hours_of(preferences, "Asia/Tokyo", billing), christmas_eve)
    assert hours_of(weekends, "Asia/Tokyo", support).days == (3, 5, 6)


@pytest.mark.parametrize("by_day", [False, True])
def test_what_happened_on_a_day_off_happened_outside_the_teams_hours(by_day: bool) -> None:
    happened = datetime(2026, 12, 23 if by_day else 24, 23 if by_day else 10, tzinfo=UTC)
    case = CASE.model_copy(update={"happened_at": happened, "happened_by_day": by_day})
    assert outside_hours(case, STOCKHOLM)
    assert not outside_hours(case.model_copy(update={"happened_at": happened - slow.DAY}), STOCKHOLM)


@STEADY
@given(slow.weeks(), st.dates(date(2020, 1, 1), date(2035, 1, 1)), st.integers(-30, 30), st.data())
def test_more_days_off_bring_no_working_day_nearer(
    days: tuple[int, ...], day: date, number: int, data: st.DataObject
) -> None:
    off = data.draw(slow.days_off(day))
    worked, rested = WorkingHours(days=days), WorkingHours(days=days, off=off)
    with_more, before = add_working_days(rested, day, number), add_working_days(worked, day, number)
    assert with_more == slow.counted(rested, day, number)
    assert slow.is_day_of_work(rested, with_more)
    assert with_more >= before if number > 0 else with_more <= before
    assert working_days_between(rested, day, with_more) == max(number, 0)
