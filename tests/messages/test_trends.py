"""What people read of trends: numbers where there are few, and nobody's name."""

from typing import Any

import pytest

from bot.domain.team import Team
from bot.domain.trends import Share, Trends
from bot.messages.parts import Chart, Fields, Message, plain
from bot.messages.trends import trends
from tests.examples import MANY_MONTHS, MESSAGES, PEOPLE, RETURNED, TEAM, counted

MANY = counted(*MANY_MONTHS)


def read(found: Trends = MANY, **changed: Any) -> Message:
    return trends(found._replace(**changed), (TEAM,))


def figures(message: Message) -> dict[str, str]:
    (fields,) = [part for part in message.parts if isinstance(part, Fields)]
    return {label: "".join(map(str, words)) for label, words in fields.rows}


def charts(message: Message) -> list[Chart]:
    return [part for part in message.parts if isinstance(part, Chart)]


def test_under_five_cases_there_is_a_sentence_and_no_curve() -> None:
    few = trends(counted(*MANY_MONTHS[:4]), (TEAM,))
    assert not charts(few)
    assert "4 failed cases since October: too few for a curve" in plain(few)
    assert figures(few)["Cases per gap"] == "Training 1, Communication 2, Process 1, Tools 1"
    five = trends(counted(*MANY_MONTHS[:5]), (TEAM,))
    assert [chart.title for chart in charts(five)] == ["Cases per gap", "Action items per gap"]
    assert "Cases per gap" not in figures(five)


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (Share(1, 4), "1 of 4"),
        (Share(18, 19), "18 of 19"),
        (Share(5, 20), "5 of 20 (25 %)"),
        (Share(2, 3), "2 of 3"),
    ],
)
def test_a_small_share_is_said_in_numbers_and_a_large_one_in_per_cent_too(
    share: Share, said: str
) -> None:
    assert figures(read(in_time=share))["Items done in time"] == said


def test_what_was_never_there_to_count_is_left_out() -> None:
    nothing = read(in_time=Share(0, 0), to_finish=None, stayed=Share(0, 0), to_apology=None)
    assert "Items done in time" not in figures(nothing)
    assert "From failed to finished" not in figures(nothing)
    assert "Gaps that stayed away" not in figures(nothing)
    assert figures(nothing)["Apology after"] == "2 of 4 within the team's aim"


def test_a_gap_that_came_back_stands_before_the_figures() -> None:
    message = trends(counted(*RETURNED), (TEAM,))
    came_back = next(place for place, part in enumerate(message.parts) if "Came back" in str(part))
    assert isinstance(message.parts[came_back + 1], Fields)
    assert "Came back · Training, Communication: " in plain(message)


def test_more_gaps_than_a_chart_has_room_for_are_put_together() -> None:
    gaps = {f"gap {number}": (number, 0, 0, 0, 0, 0) for number in range(1, 9)} | {"": (1,) * 6}
    for chart in charts(read(cases_by_gap=gaps)):
        assert len(chart.series) <= 6
    (chart, _) = charts(read(cases_by_gap=gaps))
    sums = {series.name: sum(series.values) for series in chart.series}
    assert sums == {"Gap 5": 5, "Gap 6": 6, "Gap 7": 7, "Gap 8": 8, "No gap named": 6, "Other gaps": 10}


def test_gaps_that_read_the_same_when_shortened_are_one_series() -> None:
    long = "Everything that was wrong with "
    gaps = {f"{long}a": (1,) * 6, f"{long}b": (2,) * 6}
    (chart, _) = charts(read(cases_by_gap=gaps))
    assert [series.values for series in chart.series] == [(3,) * 6]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"training": 6, "tools": 2}, "most often Training (6), then Tools (2)."),
        ({"training": 3, "communication": 3}, "most often Training and Communication (3 each)."),
        (
            {"training": 4, "tools": 2, "process": 2},
            "most often Training (4), then Tools and Process (2 each).",
        ),
        ({"a": 1, "b": 1, "c": 1, "d": 1}, "most often A, B, C and D (1 each)."),
        ({"a": 4, "b": 3, "c": 2, "d": 1}, "most often A (4), then B (3), then C (2)."),
        ({"": 9}, "no gap is named yet."),
    ],
    ids=["two", "level", "level below", "level with the last told", "three told", "none"],
)
def test_gaps_that_are_level_are_said_to_be(counts: dict[str, int], said: str) -> None:
    by_gap = {gap: (0, 0, 0, 0, 0, count) for gap, count in counts.items()}
    (chart, _) = charts(read(cases_by_gap=by_gap))
    assert chart.sentence == f"Cases: {said}"


def test_only_some_of_many_channels_are_named() -> None:
    teams = [Team(channel_id=f"C{number}", name=f"team {number}") for number in range(7)]
    assert "team 4 and 2 more · " in plain(trends(MANY, teams))


def test_nobody_is_named_and_nothing_is_counted_per_person() -> None:
    for name, message in MESSAGES.items():
        if name.startswith("trends"):
            said = message.model_dump_json()
            assert '"mention"' not in said
            assert not [person.name for person in PEOPLE.values() if person.name in said], name
