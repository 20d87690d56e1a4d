"""A form with several faults names all of them at once, and a time alone is one that has passed."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import Refused, check_all, together
from tests.desk import ANA, AT, BEN, Desk, words
from tests.session import open_work


@pytest.mark.parametrize(
    ("command_name", "values", "faults"),
    [
        (
            "case.fail",
            {"place": "C1", "what_happened": "", "date": "soon", "time": "25:00", "public_post": "me"},
            ("what_happened", "date", "time", "public_post"),
        ),
        (
            "case.edit",
            {"what_happened": "x", "public_post": "me", "link": "it"},
            ("public_post", "link"),
        ),
        ("case.fail", {"what_happened": "", "date": "1-1-1"}, ("what_happened", "date", "place")),
        ("action_item.add", {"what": "", "due": "31.11."}, ("what", "due")),
        ("recovery.promise", {"words": "", "due": "x", "how": ""}, ("words", "due", "how")),
        ("retro.close", {"outcome": "", "why": "y" * 40_001}, ("outcome", "why")),
        (
            "team.settings",
            {"zone": "Mars", "days": "", "starts": "9", "ends": "", "days_to_answer": "99"},
            ("zone", "days", "starts", "ends", "days_to_answer"),
        ),
        ("retro.answer", {"training": "x" * 40_001, "else": "y" * 40_001}, ("training", "else")),
    ],
)
async def test_every_bad_field_of_a_form_is_named_at_once(
    desk: Desk, command_name: str, values: dict[str, str], faults: tuple[str, ...]
) -> None:
    await desk.fail()
    asks_where = command_name == "case.fail" and not values.get("place")
    placed = {"channel": None} if asks_where else {}
    reply = await desk.ask(ANA, command_name, "C-1", values, **placed)
    assert tuple(reply.faults) == faults
    assert all(sentence.endswith(".") for sentence in reply.faults.values())


@pytest.mark.parametrize(
    ("command_name", "values", "faults"),
    [
        ("action_item.add", {"what": "x", "owner": "U404", "due": "2026-03-01"}, ("owner", "due")),
        (
            "recovery.promise",
            {"words": "x", "how": "A call", "keeper": "U404", "due": "2026-03-01"},
            ("keeper", "due"),
        ),
        (
            "case.edit",
            {"what_happened": "x", "reference": "ZD-2", "date": "2030-01-01"},
            ("reference", "date"),
        ),
        ("recovery.apologise", {"how": "A call", "who": "U404", "date": "2026-03-09"}, ("who", "date")),
        ("retro.close", {"outcome": "nothing we could have changed", "why": ""}, ("why", "outcome")),
        (
            "team.settings",
            {
                "lead": "U404",
                "zone": "UTC",
                "days": "0",
                "starts": "17:00",
                "ends": "09:00",
                "days_to_answer": "3",
            },
            ("lead", "ends"),
        ),
    ],
)
async def test_what_only_the_rules_know_is_named_at_once_as_well(
    desk: Desk, command_name: str, values: dict[str, str], faults: tuple[str, ...]
) -> None:
    await desk.fail()
    await desk.fail(typed="ZD-2 Sent to the wrong door")
    reply = await desk.ask(ANA, command_name, "C-1", values)
    assert tuple(reply.faults) == faults


@pytest.mark.parametrize("command_name", ["case.fail", "case.edit"])
@pytest.mark.parametrize("day", ["2026-03-06", "2030-01-01"])
async def test_a_moment_to_come_is_named_with_what_is_wrong_besides(
    desk: Desk, command_name: str, day: str
) -> None:
    await desk.fail()
    wrong = {"what_happened": " ", "public_post": "me", "date": day}
    reply = await desk.ask(ANA, command_name, "C-1", wrong)
    assert set(reply.faults) == {"what_happened", "public_post", "date"}
    assert reply.faults["date"] == "This is in the future; say when it happened."
    passed = await desk.ask(ANA, command_name, "C-1", {**wrong, "date": "2026-03-05"})
    assert set(passed.faults) == {"what_happened", "public_post"}


@pytest.mark.parametrize(
    ("command_name", "values", "faults"),
    [
        (
            "action_item.add",
            {"what": "", "owner": "U404", "due": "2026-03-01"},
            ("what", "owner", "due"),
        ),
        ("recovery.apologise", {"how": "", "who": "U404", "date": "2026-03-09"}, ("how", "who", "date")),
        ("recovery.apologise", {"how": "", "date": "2026-03-05", "time": "23:00"}, ("how", "time")),
        ("recovery.apologise", {"how": "", "date": "soon", "time": "9:30"}, ("how", "date", "time")),
        (
            "recovery.promise",
            {"words": "", "how": "A call", "keeper": "U404", "due": "2026-03-01"},
            ("words", "keeper", "due"),
        ),
        (
            "case.edit",
            {"what_happened": "", "reference": "ZD-2", "date": "2030-01-01", "link": "/m"},
            ("what_happened", "link", "date", "reference"),
        ),
        (
            "team.settings",
            {"lead": "U404", "zone": "UTC", "days": "", "starts": "17:00", "ends": "09:00"},
            ("days", "days_to_answer", "lead", "ends"),
        ),
    ],
)
async def test_what_only_the_rules_know_is_named_with_what_is_missing(
    desk: Desk, command_name: str, values: dict[str, str], faults: tuple[str, ...]
) -> None:
    await desk.fail()
    await desk.fail(typed="ZD-2 Sent to the wrong door")
    reply = await desk.ask(ANA, command_name, "C-1", values)
    assert set(reply.faults) == set(faults)


async def test_of_a_form_with_one_fault_nothing_else_is_refused(desk: Desk) -> None:
    await desk.fail()
    right = {"how": "", "who": ANA.id, "date": "2026-03-05", "time": "09:00"}
    assert list((await desk.ask(ANA, "recovery.apologise", "C-1", right)).faults) == ["how"]
    due = {"what": "", "due": "2026-03-05"}
    assert list((await desk.ask(ANA, "action_item.add", "C-1", due)).faults) == ["what"]


async def test_what_is_to_come_is_decided_where_the_team_is_also_of_a_chosen_channel(desk: Desk) -> None:
    await desk.fail()  # Ana's: from now on the team is in Stockholm
    late = datetime(2026, 3, 5, 23, 30, tzinfo=UTC)  # the 6th in Stockholm, the 5th in New York
    wrong = {"place": "C1", "what_happened": "", "date": "2026-03-06"}
    reply = await desk.ask(BEN, "case.fail", values=wrong, at=late, channel=None)
    assert set(reply.faults) == {"what_happened"}
    unknown = await desk.ask(BEN, "case.fail", values={**wrong, "place": ""}, at=late, channel=None)
    assert set(unknown.faults) == {"what_happened", "date", "place"}


async def test_a_public_apology_without_its_link_and_its_text_is_told_both(desk: Desk) -> None:
    values = {"what_happened": "x", "public_post": "https://example.com/post/1"}
    await desk.ask(ANA, "case.fail", values=values)
    wrong = {"link": "ftp://x", "words": ""}
    reply = await desk.ask(ANA, "recovery.apologise_publicly", "C-1", wrong)
    assert tuple(reply.faults) == ("link", "words")


async def test_what_is_refused_as_a_whole_is_refused_alone(desk: Desk) -> None:
    await desk.fail()
    await desk.ask(ANA, "retro.close", "C-1", {"outcome": "an apology was enough", "why": "It was."})
    values = {"outcome": "nothing we could have changed", "why": ""}
    reply = await desk.ask(ANA, "retro.close", "C-1", values)
    assert list(reply.faults) == [""]


def test_refusals_together_name_each_field_once() -> None:
    first, other = Refused("Too long.", "what"), Refused("A number, please.", "what")
    whole = together([first, other, Refused("It got lost."), Refused("No date.", "due")])
    assert whole.sentence == "Too long."
    assert whole.faults == {"what": "Too long.", "": "It got lost.", "due": "No date."}


def test_what_is_right_is_checked_and_refuses_nothing() -> None:
    seen: list[int] = []
    check_all(lambda: seen.append(1), lambda: seen.append(2))
    assert seen == [1, 2]


async def test_typed_words_are_refused_with_every_sentence(desk: Desk) -> None:
    await desk.fail()
    typed = f"{'1' * 201} {'x' * 40_001}"
    reply = await desk.ask(ANA, "case.fail", typed=typed)
    assert "201 characters" in words(reply)
    assert "40,001 characters" in words(reply)


@pytest.mark.parametrize(
    ("at_time", "happened_at"),
    [
        ("15:30", datetime(2026, 3, 5, 14, 30, tzinfo=UTC)),  # now, in Stockholm
        ("15:31", datetime(2026, 3, 4, 14, 31, tzinfo=UTC)),
        ("23:59", datetime(2026, 3, 4, 22, 59, tzinfo=UTC)),
        ("00:00", datetime(2026, 3, 4, 23, tzinfo=UTC)),
    ],
)
async def test_a_time_without_a_date_that_is_still_to_come_was_yesterday(
    desk: Desk, at_time: str, happened_at: datetime
) -> None:
    reply = await desk.ask(ANA, "case.fail", values={"what_happened": "x", "time": at_time})
    assert not reply.faults
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert work.cases.require(1).happened_at == happened_at


async def test_yesterday_is_the_teams_whoever_asks(desk: Desk) -> None:
    await desk.fail()  # Ana's: from now on the team is in Stockholm
    # In New York it is half past eight in the evening, in Stockholm half past one of the next day.
    late = datetime(2026, 3, 6, 0, 30, tzinfo=UTC)
    values = {"what_happened": "x", "time": "20:00"}
    await desk.ask(BEN, "case.fail", values=values, at=late)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert work.cases.require(2).happened_at == datetime(2026, 3, 5, 19, tzinfo=UTC)


async def test_a_date_and_a_time_that_are_still_to_come_are_refused(desk: Desk) -> None:
    values = {"what_happened": "x", "date": "2026-03-05", "time": "23:59"}
    reply = await desk.ask(ANA, "case.fail", values=values)
    assert reply.faults == {"time": "This is in the future; say when it happened."}


async def test_an_apology_at_a_time_still_to_come_was_made_yesterday(desk: Desk) -> None:
    await desk.fail()
    await desk.ask(ANA, "recovery.apologise", "C-1", {"how": "A call", "time": "18:00"})
    with open_work(desk.database, desk.workspace, writes=False) as work:
        recovery = work.recoveries.get(1)
    assert recovery is not None
    assert recovery.step("apologise").at == AT.replace(hour=17, minute=0) - timedelta(days=1)
