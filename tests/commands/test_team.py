"""A team's settings, its status, and what Amends says of itself."""

import os
from pathlib import Path

import pytest

from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.jobs import team as team_jobs
from bot.messages.parts import plain, pressable
from tests.desk import ANA, AT, BEN, CLEO, SUPPORT, Desk, words
from tests.session import open_work, queue_of

SETTINGS = {
    "lead": "U1",
    "zone": "Asia/Tokyo",
    "days": "0,1,2,3",
    "starts": "08:30",
    "ends": "16:00",
    "days_to_answer": "5",
}


async def test_settings_open_with_what_is_known_and_save_what_is_chosen(desk: Desk) -> None:
    await desk.fail()
    opened = await desk.ask(BEN, "team.settings")
    assert opened.form is not None
    assert {field.label: field.value for field in opened.form.fields} == {
        "Lead": "U1",
        "Time zone": "Europe/Stockholm",
        "Working days": "0,1,2,3,4",
        "Day starts": "09:00",
        "Day ends": "17:00",
        "Days to answer": "3",
        "Days to apologise": "0",
        "Language coach": "yes",
    }
    saved = await desk.ask(BEN, "team.settings", values=SETTINGS)
    assert "Mon–Thu, 08:30–16:00 (Tokyo)" in words(saved)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        team = work.teams.get(SUPPORT.id)
    assert team is not None
    assert (team.zone, team.days, team.days_to_answer) == ("Asia/Tokyo", (0, 1, 2, 3), 5)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"days": ""}, "days"),
        ({"days": "8"}, "days"),
        ({"days": "12"}, "days"),
        ({"zone": "localtime"}, "zone"),
        ({"starts": ""}, "starts"),
        ({"starts": "17:00"}, "ends"),
        ({"ends": "late"}, "ends"),
        ({"days_to_answer": "0"}, "days_to_answer"),
        ({"days_to_answer": "a week"}, "days_to_answer"),
        ({"lead": "U404"}, "lead"),
    ],
)
async def test_settings_that_cannot_be_are_refused_beside_their_field(
    desk: Desk, change: dict[str, str], field: str
) -> None:
    await desk.fail()
    reply = await desk.ask(ANA, "team.settings", values={**SETTINGS, **change})
    assert list(reply.faults) == [field]


async def test_a_team_that_wants_no_lead_keeps_its_settings(desk: Desk) -> None:
    await desk.fail()
    without = {**SETTINGS, "lead": ""}
    for _ in range(2):
        assert words(await desk.ask(ANA, "team.settings", values=without)).startswith("Saved. #support")
    await desk.fail(BEN, "ZD-2 Lost")
    with open_work(desk.database, desk.workspace, writes=False) as work:
        team = work.teams.get(SUPPORT.id)
    assert team is not None
    assert (team.lead, team.zone, team.days_to_answer) == (None, "Asia/Tokyo", 5)


async def test_an_imported_team_is_led_by_the_first_person_who_uses_it(desk: Desk) -> None:
    robot = Person(id="import", name="Import", bot=True)
    await desk.ask(robot, "case.fail", values={"what_happened": "Lost"}, bulk=True)
    desk.meet(ANA)
    await desk.fail(BEN, "ZD-2 Late")
    saved = words(await desk.ask(BEN, "team.settings", values=SETTINGS))
    assert saved.startswith("Saved. #support works ")
    await desk.fail(ANA, "ZD-3 Broken")
    with open_work(desk.database, desk.workspace, writes=False) as work:
        team = work.teams.get(SUPPORT.id)
    assert team is not None
    assert (team.lead, team.zone) == ("U1", "Asia/Tokyo")


async def test_the_lead_of_before_and_of_now_hear_who_changed_the_settings(desk: Desk) -> None:
    await desk.fail(ANA)
    for person in (ANA, BEN, CLEO):
        desk.meet(person)
    desk.say_all()
    await desk.ask(CLEO, "team.settings", values={**SETTINGS, "lead": BEN.id})
    said = desk.say_all()
    told = {key: plain(message) for key, message in said.items() if key.startswith("settings:")}
    assert [key.rpartition(":")[2] for key in sorted(told)] == [ANA.id, BEN.id]
    for heard in told.values():
        assert heard.startswith("Cleo changed the settings of #support.\nLead: Ben. ")


async def test_who_changes_the_settings_of_their_own_team_tells_nobody(desk: Desk) -> None:
    await desk.fail(ANA)
    desk.meet(ANA)
    desk.say_all()
    await desk.ask(ANA, "team.settings", values={**SETTINGS, "lead": ANA.id})
    assert not [key for key in desk.say_all() if key.startswith("settings:")]


async def test_settings_belong_to_a_teams_channel(desk: Desk) -> None:
    direct = Channel(id="D1", name="Ana", kind="direct")
    submitted = await desk.ask(ANA, "team.settings", values=SETTINGS, channel=direct)
    assert "team's own channel" in submitted.faults[""]


async def test_status_lists_open_retros_and_items_late_ones_first(desk: Desk) -> None:
    await desk.fail(ANA, "ZD-1 First")
    desk.say_all()
    await desk.add_item(ANA, owner="U2", what="Undated")
    await desk.add_item(ANA, what="Dated", due="2026-03-06")
    await desk.add_item(ANA, owner="U1", what="Promised", due="2026-03-09")
    await desk.fail(ANA, "ZD-2 Second")
    told = words(await desk.ask(BEN, "board.status", at=AT.replace(day=20)))
    assert "First\nanswers closed Tue 10 Mar · C-1" in told
    assert told.index("Dated") < told.index("Undated")
    assert "no owner yet" in told
    assert "Dated\nproposed · " in told
    assert "Promised\nagreed · late · " in told


async def test_being_added_says_one_line_once_and_brings_back_what_could_not_be_said(desk: Desk) -> None:
    await desk.fail()
    queue = queue_of(desk.database)
    jobs = {job.key: job for job in queue.claim(None, "clock", 5)}
    queue.give_up(jobs["retro:1"], "I am not in that channel.")
    await desk.ask(ANA, "team.joined")
    said = desk.say_all()
    assert "\n" not in plain(said[f"hello:{SUPPORT.id}"])
    assert "retro:1" in said
    await desk.ask(ANA, "team.joined")
    assert f"hello:{SUPPORT.id}" not in desk.say_all()


async def test_a_database_that_is_gone_is_told_to_the_person(desk: Desk, tmp_path: Path) -> None:
    await desk.fail()
    for ending in ("", "-wal", "-shm"):
        os.unlink(f"{tmp_path}/amends.db{ending}")
    typed = await desk.ask(ANA, "case.fail", typed="ZD-9 Lost")
    assert not typed.saved
    assert "try again" in words(typed)
    form = await desk.ask(ANA, "case.fail", values={"what_happened": "Lost"})
    assert "try again" in form.faults[""]


async def test_a_new_name_is_kept_for_the_channel_and_its_team_and_a_strange_one_is_not(
    desk: Desk,
) -> None:
    await desk.fail()
    for channel in (SUPPORT, Channel(id="C77", name="elsewhere")):
        await desk.ask(ANA, "team.channel_changed", values={"called": "care"}, channel=channel)
    await desk.ask(ANA, "team.channel_changed", values={"called": ""})
    with open_work(desk.database, desk.workspace, writes=False) as work:
        known, team = work.channels.get(SUPPORT.id), work.teams.get(SUPPORT.id)
        assert work.channels.get("C77") is None
    assert known is not None
    assert team is not None
    assert (known.name, team.name) == ("care", "care")


async def test_a_channel_that_can_be_spoken_in_again_gets_what_could_not_be_said(desk: Desk) -> None:
    await desk.fail()
    queue = queue_of(desk.database)
    jobs = {job.key: job for job in queue.claim(None, "clock", 5)}
    queue.give_up(jobs["retro:1"], "That channel is archived.")
    await desk.ask(ANA, "team.channel_changed", values={}, channel=Channel(id="C2", name="other"))
    assert "retro:1" not in desk.say_all()
    await desk.ask(ANA, "team.channel_changed", values={})
    assert "retro:1" in desk.say_all()


@pytest.mark.parametrize(
    ("days", "answer", "apologise", "said"),
    [
        (
            "0,1,2,3,4",
            "3",
            "0",
            "Mon–Fri, 09:00–17:00 (Stockholm). Answers: 3 working days. Apology: same day.",
        ),
        (
            "0,2,3",
            "1",
            "2",
            "Mon, Wed, Thu, 09:00–17:00 (Stockholm). Answers: 1 working day. Apology: 2 working days.",
        ),
    ],
)
async def test_saved_settings_are_said_in_a_few_words(
    desk: Desk, days: str, answer: str, apologise: str, said: str
) -> None:
    await desk.fail()
    values = {
        "lead": ANA.id,
        "zone": "Europe/Stockholm",
        "days": days,
        "starts": "09:00",
        "ends": "17:00",
        "days_to_answer": answer,
        "days_to_apologise": apologise,
    }
    reply = await desk.ask(ANA, "team.settings", values=values)
    assert words(reply) == f"Saved. #support works {said}"


async def test_a_message_that_somebody_deleted_is_posted_again(desk: Desk) -> None:
    await desk.fail()
    desk.say_all()
    await desk.ask(ANA, "team.message_deleted", values={"id": "m-retro:1"})
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert work.sent_messages.get("retro:1") is None
        assert work.sent_messages.get("recovery:1") is not None


async def test_the_new_name_of_somebody_is_kept_when_they_are_known(desk: Desk) -> None:
    desk.meet(ANA)
    for person in (ANA, BEN):
        renamed = person.model_copy(update={"name": f"{person.name} Lind"})
        await desk.ask(renamed, "team.person_changed", introduced=False)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        known, stranger = work.people.get(ANA.id), work.people.get(BEN.id)
    assert known is not None
    assert known.name == "Ana Lind"
    assert stranger is None


@pytest.mark.parametrize("is_known", [True, False])
def test_a_greeting_to_somebody_reads_as_their_home(desk: Desk, is_known: bool) -> None:
    if is_known:
        desk.meet(ANA)
    hello = team_jobs.Hello(channel_id=ANA.id).job(ANA.id, "hello:U1", AT, direct=True)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        message = desk.bot.speak(hello, work)
        home = team_jobs.home_of(ANA if is_known else Person(id=ANA.id, name=""), AT, work, greets=True)
    assert message == home


def test_a_greeting_leads_to_the_board_where_there_are_pages_and_only_to_somebody_alone(
    desk: Desk,
) -> None:
    desk.bot.pages_at["test"] = "https://amends.example.com"
    alone = team_jobs.Hello(channel_id=ANA.id).job(ANA.id, "hello:U1", AT, direct=True)
    to_all = team_jobs.Hello(channel_id=SUPPORT.id).job(SUPPORT.id, "hello:C1", AT)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        messages = [desk.bot.speak(job, work) for job in (alone, to_all)]
    ways = [
        [(one.command_name, one.about) for one in pressable(message) if one.label == "Open in browser"]
        for message in messages
        if message is not None
    ]
    assert ways == [[("sign_in.open", "board")], []]


async def test_a_channel_that_amends_joins_is_known_and_a_conversation_with_it_is_none(
    desk: Desk,
) -> None:
    for channel in (SUPPORT, Channel(id="D1", name="Ana", kind="direct"), None):
        assert (await desk.ask(ANA, "team.joined", channel=channel)).message is None
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert work.channels.get(SUPPORT.id) == SUPPORT
        assert work.channels.get("D1") is None
    assert set(desk.say_all()) == {f"hello:{SUPPORT.id}", "hello:D1"}


async def test_a_channel_without_a_team_gets_its_new_name_and_no_team(desk: Desk) -> None:
    await desk.ask(ANA, "team.joined")
    await desk.ask(ANA, "team.channel_changed", values={"called": "care"})
    with open_work(desk.database, desk.workspace, writes=False) as work:
        known = work.channels.get(SUPPORT.id)
        assert work.teams.get(SUPPORT.id) is None
    assert known is not None
    assert known.name == "care"


@pytest.mark.parametrize(
    ("zone", "is_late"), [("Asia/Tokyo", True), ("America/New_York", False), (None, False)]
)
async def test_at_home_a_thing_is_late_when_the_day_is_over_where_somebody_is(
    desk: Desk, zone: str | None, is_late: bool
) -> None:
    await desk.fail()
    await desk.add_item(ANA, owner=ANA.id, due=AT.date().isoformat())
    # 22:00 in UTC: the next day has begun in Tokyo alone.
    home = await desk.ask(
        ANA.model_copy(update={"zone": zone}), "team.home", channel=None, at=AT.replace(hour=22)
    )
    assert ("late" in words(home)) == is_late


async def test_a_lead_reads_which_items_and_customers_a_colleague_left(desk: Desk) -> None:
    await desk.fail(typed="ZD-1 Parcel missed")
    await desk.fail(typed="ZD-2 Nobody called")
    await desk.add_item(ANA, "C-1", what="Show the notes")
    left = team_jobs.ColleagueLeft(channel_id=SUPPORT.id, labels="AI-1 C-2")
    elsewhere = team_jobs.ColleagueLeft(channel_id="C77", labels="AI-1 C-2")
    with open_work(desk.database, desk.workspace, writes=False) as work:
        message = desk.bot.speak(left.job(ANA.id, "left:C1:1", AT, direct=True), work)
        assert desk.bot.speak(elsewhere.job(ANA.id, "left:C77:1", AT, direct=True), work) is None
    assert message is not None
    told = plain(message)
    assert "Show the notes" in told
    assert "Nobody called" in told
    assert "Parcel missed" not in told
