"""A team's policy: when an item is due, who verifies it and when somebody is asked to."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest

from bot.command import Reply
from bot.domain.policy import Policy
from bot.domain.team import Team
from bot.domain.working_hours import WorkingHours
from bot.messages.parts import Message, plain, pressable
from tests.commands.test_reminder import labels, opened, reminders, stockholm
from tests.commands.test_team import SETTINGS
from tests.desk import ANA, BEN, CLEO, SUPPORT, Desk, words
from tests.session import open_work

SAME = {"days_to_verify": "2", "verifies": "anybody else", "small_failures": ""}
BY_GAP = {**SAME, "due_training": "10", "due_process": "2", "due_other": "15"}
BY_LEAD = {**SAME, "verifies": "the lead"}
ONLY_ANA = "In this team the lead verifies: ask Ana to look at AI-1."


def _team(desk: Desk) -> Team:
    with open_work(desk.database, desk.workspace, writes=False) as work:
        team = work.teams.get(SUPPORT.id)
    assert team is not None
    return team


async def _done(desk: Desk, policy: dict[str, str], asker: str = "U1") -> None:
    """An item that Ben has done, in a team with this policy that Ana leads; `asker` asked for it."""
    await opened(desk)
    await desk.ask(ANA, "team.policy", values=policy)
    await desk.add_item({"U1": ANA, "U3": CLEO}[asker], owner="U2")
    await desk.ask(BEN, "action_item.accept", "AI-1")
    await desk.ask(BEN, "action_item.done", "AI-1", {"changed": "The notes are shown."})
    desk.say_all()


def test_whoever_never_said_anything_has_the_policy_of_everybody() -> None:
    assert Team(channel_id="C1", name="support").policy == Policy()
    assert Policy().due("training", WorkingHours(), date(2026, 3, 5)) is None
    assert Policy().days_to_verify == 2
    assert not Policy().lead_verifies
    assert not Policy().small_failures


async def test_the_lead_saves_a_policy_and_reads_it_again(desk: Desk) -> None:
    await desk.fail()
    desk.meet(ANA)
    chosen = {**BY_GAP, "days_to_verify": "5", "verifies": "the lead", "small_failures": "yes"}
    saved = await desk.ask(ANA, "team.policy", values=chosen)
    assert words(saved) == (
        "Saved. This is the policy of #support now.\n"
        "Due without a date: after working days: training 10, process 2, any other gap 15\n"
        "Reminded to verify: after 5 working days\n"
        "Who verifies: the lead\n"
        "Small failures: may go without a retro"
    )
    form = (await desk.ask(ANA, "team.settings", typed="policy")).form
    assert form is not None
    assert {field.name: field.value for field in form.fields if field.value} == chosen
    assert _team(desk).policy == Policy(
        due_by_gap={"training": 10, "process": 2, "": 15},
        days_to_verify=5,
        lead_verifies=True,
        small_failures=True,
    )
    await desk.ask(ANA, "team.policy", values=SAME)
    assert _team(desk).policy == Policy()


async def test_team_settings_and_policy_leave_each_other_alone(desk: Desk) -> None:
    await desk.fail()
    desk.meet(ANA)
    await desk.ask(ANA, "team.settings", values=SETTINGS)
    await desk.ask(ANA, "team.days_off", values={"days_off": "2026-12-24", "country": "SE"})
    await desk.ask(ANA, "team.policy", values=BY_LEAD)
    before = _team(desk)
    await desk.ask(ANA, "team.settings", values=SETTINGS)
    assert _team(desk) == before.model_copy(update={"version": before.version + 1})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"due_training": "0"}, "due_training"),
        ({"due_process": "two"}, "due_process"),
        ({"due_other": "261"}, "due_other"),
        ({"days_to_verify": ""}, "days_to_verify"),
        ({"days_to_verify": "31"}, "days_to_verify"),
        ({"verifies": ""}, "verifies"),
        ({"verifies": "the owner"}, "verifies"),
    ],
)
async def test_a_policy_that_cannot_be_is_refused_beside_its_field(
    desk: Desk, change: dict[str, str], field: str
) -> None:
    await desk.fail()
    reply = await desk.ask(ANA, "team.policy", values={**SAME, **change})
    assert list(reply.faults) == [field]
    assert _team(desk).policy == Policy()


async def test_members_read_the_policy_and_only_the_lead_changes_it(desk: Desk) -> None:
    await desk.fail()
    desk.meet(ANA)
    await desk.ask(ANA, "team.policy", values=BY_LEAD)
    form = (await desk.ask(BEN, "team.policy")).form
    assert form is not None
    assert not form.submit
    assert not form.fields
    shown = form.model_dump_json()
    assert "Ana leads #support and can change this." in shown
    assert "the lead" in shown
    refused = await desk.ask(BEN, "team.policy", values=SAME)
    assert refused.faults[""] == (
        "Only the team's lead changes its policy: ask Ana, or name another lead in Team settings."
    )
    assert _team(desk).policy.lead_verifies


@pytest.mark.parametrize(
    ("values", "due"),
    [
        # Thursday 5 March, in Stockholm.
        ({"gap": "training"}, date(2026, 3, 19)),
        ({"gap": "process"}, date(2026, 3, 9)),
        ({"gap": "tools"}, date(2026, 3, 26)),
        ({}, date(2026, 3, 26)),
        ({"gap": "process", "due": "2026-05-01"}, date(2026, 5, 1)),
    ],
)
async def test_an_item_without_a_date_is_due_by_its_gap(
    desk: Desk, values: dict[str, str], due: date
) -> None:
    await desk.fail()
    desk.meet(ANA)
    await desk.ask(ANA, "team.policy", values=BY_GAP)
    label = await desk.add_item(ANA, owner="U2", **values)
    item = desk.item(label)
    # Nobody is late for what they never agreed to, whoever chose the day.
    assert (item.due, item.state) == (due, "proposed")


async def test_the_form_says_when_an_item_is_due_without_a_date_and_the_answer_says_when_it_is(
    desk: Desk,
) -> None:
    await desk.fail()
    desk.meet(ANA)
    plain_form = (await desk.ask(ANA, "action_item.add", "C-1")).form
    await desk.ask(ANA, "team.policy", values=BY_GAP)
    form = (await desk.ask(ANA, "action_item.add", "C-1")).form
    assert plain_form is not None
    assert form is not None
    hints = [next(each.hint for each in one.fields if each.name == "due") for one in (plain_form, form)]
    assert hints == [
        "",
        "Leave empty for your team's policy, in working days from today: training 10, process 2, "
        "any other gap 15.",
    ]
    values = {"what": "Show the notes", "gap": "process"}
    said = words(await desk.ask(ANA, "action_item.add", "C-1", values))
    assert said == (
        "Added as AI-1. Whoever wants it can take it. It is due Mon 9 Mar, as your team's policy says."
    )
    chosen = words(await desk.ask(ANA, "action_item.add", "C-1", {**values, "due": "2026-03-09"}))
    assert chosen == "Added as AI-2. Whoever wants it can take it."


async def test_a_day_by_the_policy_passes_over_days_off_and_counts_from_the_owners_today(
    desk: Desk,
) -> None:
    await desk.fail()
    desk.meet(ANA)
    await desk.ask(ANA, "team.policy", values=BY_GAP)
    await desk.ask(ANA, "team.days_off", values={"days_off": "2026-03-09", "country": "none"})
    # It is Friday already where Cleo is: Monday is off, so Tuesday and Wednesday count.
    evening = datetime(2026, 3, 5, 22, tzinfo=UTC)
    for person in (CLEO, BEN):
        desk.meet(person)
    values = {"what": "Show the notes", "gap": "process"}
    for owner in ("U3", "U2"):
        await desk.ask(ANA, "action_item.add", "C-1", {**values, "owner": owner}, at=evening)
    assert [desk.item(label).due for label in ("AI-1", "AI-2")] == [
        date(2026, 3, 11),
        date(2026, 3, 10),
    ]


async def test_a_done_item_is_brought_up_after_the_days_of_the_policy_and_a_new_number_holds_at_once(
    desk: Desk,
) -> None:
    await _done(desk, {**SAME, "days_to_verify": "5"})
    for day in (6, 9, 10, 11):
        assert "waits for somebody to verify" not in _told(reminders(await desk.tick(stockholm(day))))
    assert "waits for somebody to verify" in _told(reminders(await desk.tick(stockholm(12))))
    await desk.ask(ANA, "team.policy", values={**SAME, "days_to_verify": "7"}, at=stockholm(12, 10))
    assert not reminders(await desk.tick(stockholm(13)))
    assert "waits for somebody to verify" in _told(reminders(await desk.tick(stockholm(16))))


def _told(said: Mapping[str, Message]) -> str:
    return "\n".join(plain(message) for message in said.values())


async def test_a_smaller_number_brings_up_at_once_what_is_done_for_longer(desk: Desk) -> None:
    await _done(desk, {**SAME, "days_to_verify": "20"})
    assert "waits for somebody to verify" not in _told(reminders(await desk.tick(stockholm(12))))
    await desk.ask(ANA, "team.policy", values=SAME, at=stockholm(12, 10))
    assert "waits for somebody to verify" in _told(reminders(await desk.tick(stockholm(12, 11))))


async def test_where_the_lead_verifies_nobody_else_does_and_everybody_reads_who(desk: Desk) -> None:
    await _done(desk, BY_LEAD)
    for person in (BEN, CLEO):
        assert words(await desk.ask(person, "action_item.verify", "AI-1")) == ONLY_ANA
        values = {"saw": "It works."}
        assert words(await desk.ask(person, "action_item.verify", "AI-1", values)) == ONLY_ANA
    assert desk.item("AI-1").state == "done"
    assert not (await desk.ask(ANA, "action_item.verify", "AI-1", {"saw": "It works."})).faults
    assert desk.item("AI-1").state == "verified"


async def test_what_the_lead_did_anybody_else_verifies(desk: Desk) -> None:
    await opened(desk)
    await desk.ask(ANA, "team.policy", values=BY_LEAD)
    await desk.add_item(ANA, owner="U1")
    await desk.ask(ANA, "action_item.done", "AI-1", {"changed": "The notes are shown."})
    own = words(await desk.ask(ANA, "action_item.verify", "AI-1", {"saw": "It works."}))
    assert own == "Nobody verifies their own item: ask somebody else to look at AI-1."
    assert not (await desk.ask(CLEO, "action_item.verify", "AI-1", {"saw": "It works."})).faults
    assert desk.item("AI-1").state == "verified"


async def test_when_the_lead_has_left_anybody_else_verifies(desk: Desk) -> None:
    await _done(desk, BY_LEAD)
    desk.meet(ANA.model_copy(update={"gone": True}))
    assert not (await desk.ask(CLEO, "action_item.verify", "AI-1", {"saw": "It works."})).faults
    assert desk.item("AI-1").state == "verified"


async def test_where_the_lead_verifies_only_they_are_reminded_to(desk: Desk) -> None:
    await _done(desk, BY_LEAD, asker="U3")
    said = reminders(await desk.tick(stockholm(9, 8)))
    said |= reminders(await desk.tick(stockholm(9, 10)))
    [key] = [key for key, message in said.items() if "waits for somebody to verify" in plain(message)]
    assert key.startswith(f"remind:{ANA.id}:")
    assert "Verify AI-1" in labels(said[key])


async def test_where_anybody_else_verifies_the_one_who_asked_is_reminded_as_well(desk: Desk) -> None:
    await _done(desk, SAME, asker="U3")
    # At eight in Stockholm it is four in the afternoon where Cleo is.
    said = reminders(await desk.tick(stockholm(9, 8)))
    said |= reminders(await desk.tick(stockholm(9, 10)))
    keys = [key for key, message in said.items() if "waits for somebody to verify" in plain(message)]
    assert sorted(key.split(":")[1] for key in keys) == [ANA.id, CLEO.id]


@pytest.mark.parametrize("policy", [SAME, BY_LEAD])
async def test_whoever_asked_is_offered_to_verify_only_where_they_may(
    desk: Desk, policy: dict[str, str]
) -> None:
    await opened(desk)
    await desk.ask(ANA, "team.policy", values=policy)
    await desk.add_item(CLEO, owner="U2")
    await desk.ask(BEN, "action_item.accept", "AI-1")
    await desk.ask(BEN, "action_item.done", "AI-1", {"changed": "The notes are shown."})
    said = desk.say_all()
    [news] = [message for key, message in said.items() if key.startswith("asker:")]
    offered = [button.label for button in pressable(news)]
    assert ("Verify" in offered) == (policy is SAME)
    assert "Reopen" in offered


async def test_settings_policy_is_typed(desk: Desk) -> None:
    await desk.fail()
    for typed in ("policy", " Policy "):
        form = (await desk.ask(ANA, "team.settings", typed=typed)).form
        assert form is not None
        assert form.title == "Policy"


def _beside(reply: Reply) -> list[str]:
    """The buttons of a status that are about an item."""
    assert reply.message is not None
    return [one.label for one in pressable(reply.message) if one.command_name.startswith("action_item.")]


async def test_where_the_lead_verifies_a_status_offers_it_to_nobody_else(desk: Desk) -> None:
    await _done(desk, BY_LEAD)
    assert _beside(await desk.ask(ANA, "board.status")) == ["Verify"]
    assert _beside(await desk.ask(CLEO, "board.status")) == ["Details"]
    # Nor does one that is for everybody.
    (share,) = [
        one
        for one in pressable((await desk.ask(ANA, "board.status")).message or Message(summary=""))
        if one.command_name == "board.share"
    ]
    await desk.ask(ANA, share.command_name, share.about)
    (shared,) = [said for key, said in desk.say_all().items() if key.startswith("status_shared:")]
    assert "Done, not verified" in plain(shared)
    assert "Verify" not in [one.label for one in pressable(shared)]
    await desk.ask(ANA, "team.policy", values=SAME)
    assert _beside(await desk.ask(CLEO, "board.status")) == ["Verify"]
