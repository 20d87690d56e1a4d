"""A small failure, where a team's policy lets it: no retro, only making it right for the customer."""

from datetime import timedelta

import pytest

from bot.domain.recovery import next_step
from bot.domain.retro import ONLY_RIGHT
from bot.messages.page_file import as_markdown
from bot.messages.parts import plain, pressable
from tests.commands.test_page import show
from tests.commands.test_policy import SAME
from tests.desk import ANA, AT, BEN, Desk, opening, words
from tests.session import open_work

ALLOWED = {**SAME, "small_failures": "yes"}
SMALL = {"what_happened": "The wrong colour was sent", "small": "yes"}


async def _small(desk: Desk) -> None:
    """C-1, a normal case; the policy; and C-2, a small failure that Ben marked."""
    await desk.fail()
    desk.meet(ANA)
    await desk.ask(ANA, "team.policy", values=ALLOWED)
    desk.say_all()
    reply = await desk.ask(BEN, "case.fail", values=SMALL)
    assert words(reply) == "C-2 is marked failed. What is owed to its customer stands in support."


async def test_the_tick_is_there_only_where_the_team_allows_it(desk: Desk) -> None:
    await desk.fail()
    desk.meet(ANA)
    for policy, is_there in ((SAME, False), (ALLOWED, True), (SAME, False)):
        await desk.ask(ANA, "team.policy", values=policy)
        for command_name in ("case.fail", "case.fail_message"):
            form = (await desk.ask(BEN, command_name)).form
            assert form is not None
            assert ("small" in [field.name for field in form.fields]) == is_there
    refused = await desk.ask(BEN, "case.fail", values=SMALL)
    assert refused.faults == {"small": "In this team every failure has a retro: take the tick out."}
    elsewhere = await desk.ask(BEN, "case.fail", values={**SMALL, "place": "C9"}, channel=None)
    assert list(elsewhere.faults) == ["small"]


@pytest.mark.parametrize("small", ["", None])
async def test_without_the_tick_a_failure_has_its_retro(desk: Desk, small: str | None) -> None:
    await desk.fail()
    desk.meet(ANA)
    await desk.ask(ANA, "team.policy", values=ALLOWED)
    values = {"what_happened": "Lost"} | ({} if small is None else {"small": small})
    await desk.ask(BEN, "case.fail", values=values)
    assert desk.retro("C-2").state == "open"
    assert set(opening(2)) <= desk.say_all().keys()


async def test_a_small_failure_is_said_with_its_customers_card_and_asks_nobody_anything(
    desk: Desk,
) -> None:
    await _small(desk)
    said = desk.say_all()
    assert set(said) == {"retro:2", "recovery:2", "customer:2:U2"}
    told = plain(said["retro:2"])
    assert told.startswith("Small failure: The wrong colour was sent\n")
    assert "No retro: what is left is to make it right for the customer." in told
    assert "blameless" not in told
    assert "answers" not in told.lower()
    assert "Hear the customer" in plain(said["recovery:2"])
    assert "Reopen" in [button.label for button in pressable(said["retro:2"])]
    for day in range(1, 15):
        later = await desk.tick(AT + timedelta(days=day))
        assert not [key for key in later if key.startswith("remind:C-2:retro")], day


async def test_its_customer_gets_everything_but_news_of_a_change_that_nobody_makes(desk: Desk) -> None:
    await _small(desk)
    steps = {
        "hear": {"words": "It was blue."},
        "apologise": {"how": "A call"},
        "ask_wish": {"words": "A red one"},
        "promise": {"words": "A red one", "how": "A call", "due": "2026-03-06"},
        "keep": {"words": "Sent"},
        "check_back": {"words": "It fits."},
    }
    for step, values in steps.items():
        with open_work(desk.database, desk.workspace, writes=False) as work:
            recovery = work.recoveries.get(2)
        assert recovery is not None
        assert next_step(recovery) == step
        assert recovery.step("tell_changed").words == ONLY_RIGHT
        assert not (await desk.ask(BEN, f"recovery.{step}", "C-2", values)).faults, step
    with open_work(desk.database, desk.workspace, writes=False) as work:
        recovery = work.recoveries.get(2)
    assert recovery is not None
    assert next_step(recovery) == "verdict"
    # The promise was made, so it was no apology alone that was enough.
    assert recovery.enough == ""


async def test_a_small_failure_is_closed_for_lists_and_its_closing_names_nobody(desk: Desk) -> None:
    await _small(desk)
    retro = desk.retro("C-2")
    assert (retro.state, retro.small) == ("closed", True)
    [turn] = retro.history
    assert (turn.by, turn.outcome, turn.why) == ("", "an apology was enough", ONLY_RIGHT)
    listed = words(await desk.ask(BEN, "board.status"))
    owed, _, retros = listed.partition("Open retros")
    assert "The wrong colour was sent" in owed
    assert "The wrong colour was sent" not in retros
    reply = await desk.ask(BEN, "retro.answer", "C-2", {"training": "A list"})
    assert "C-2 is closed; reopen it to answer." in words(reply)


async def test_a_small_failure_counts_as_a_case_and_shortens_no_time_until_a_retro_is_finished(
    desk: Desk,
) -> None:
    await _small(desk)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        failures = work.cases.failures("C1", AT - timedelta(days=1), 10)
    assert {failure.number: failure.closed_at for failure in failures} == {1: None, 2: None}


async def test_a_small_failure_that_is_reopened_is_a_retro_like_any_other(desk: Desk) -> None:
    await _small(desk)
    desk.say_all()
    reply = await desk.ask(ANA, "retro.reopen", "C-2", {"why": "It happened again."})
    assert not reply.faults
    said = desk.say_all()
    retro = desk.retro("C-2")
    assert (retro.state, retro.small, len(retro.history)) == ("open", False, 2)
    assert set(opening(2)) <= said.keys()
    assert plain(said["retro:2"]).startswith("Retro: The wrong colour was sent\n")
    assert "Small failure" not in plain(said["retro:2"])
    with open_work(desk.database, desk.workspace, writes=False) as work:
        recovery = work.recoveries.get(2)
    assert recovery is not None
    assert recovery.step("tell_changed").state == "to do"
    assert recovery.finished_at is None
    assert not (await desk.ask(BEN, "retro.answer", "C-2", {"training": "A list"})).faults
    why = {"outcome": "an apology was enough", "why": "She laughed."}
    assert not (await desk.ask(ANA, "retro.close", "C-2", why)).faults
    assert "Closed: an apology was enough" in plain(desk.say_all()["retro:2"])


async def test_a_customer_who_is_not_put_right_reopens_a_small_failure_too(desk: Desk) -> None:
    await _small(desk)
    verdict = {"verdict": "not recovered", "words": "Blue again."}
    assert not (await desk.ask(BEN, "recovery.verdict", "C-2", verdict)).faults
    retro = desk.retro("C-2")
    assert (retro.state, retro.small) == ("open", False)
    assert set(opening(2)) <= desk.say_all().keys()


async def test_a_small_failure_can_be_cancelled_and_brought_back(desk: Desk) -> None:
    await _small(desk)
    desk.say_all()
    assert not (await desk.ask(ANA, "case.cancel", "C-2", {"why": "A test."})).faults
    assert not (await desk.ask(ANA, "case.restore", "C-2")).refused
    said = desk.say_all()
    assert plain(said["retro:2"]).startswith("Small failure: ")
    assert not [key for key in said if key.startswith("prompt:2:")]


async def test_a_likely_double_keeps_the_tick_and_asks_first(desk: Desk) -> None:
    await _small(desk)
    asked = await desk.ask(ANA, "case.fail", values=SMALL)
    assert asked.form is not None
    assert {field.name: field.value for field in asked.form.fields}["small"] == "yes"
    again = {**SMALL, **(asked.form.other_way.hidden if asked.form.other_way else asked.form.hidden)}
    assert not (await desk.ask(ANA, "case.fail", values=again)).faults


async def test_where_it_is_found_a_small_failure_is_said_to_be_one(desk: Desk) -> None:
    await _small(desk)
    found = words(await desk.ask(BEN, "search.find", typed="colour"))
    assert "C-2 · small failure, no retro · failed" in found
    assert "apology" not in found
    for name, about in (("page.case", "C-2"), ("page.cases", "")):
        page = (await show(desk, name, about)).page
        assert page is not None
        shown = as_markdown(page)
        assert "small failure, no retro" in shown
        assert " ·\n" not in shown
        assert "finished" not in shown
