"""A case is marked failed, and its retro opens."""

import asyncio
from datetime import datetime, timedelta

import pytest

from bot.command import SourceMessage
from bot.commands import export
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.domain.reference import missing
from bot.messages.export import as_data
from bot.messages.parts import Button, plain, pressable
from tests.desk import ANA, ASKED, AT, BEN, ROBOT, SUPPORT, Desk, opening, words
from tests.session import open_work, queue_of

DIRECT = Channel(id="D1", name="Ana", kind="direct")


async def test_typed_words_open_a_retro_at_once_with_the_first_word_as_reference(desk: Desk) -> None:
    reply = await desk.ask(ANA, "case.fail", typed="ZD-4711 Parcel promised twice, missed twice")
    assert "C-1 is marked failed" in words(reply)
    said = desk.say_all()
    assert said["retro:1"].title == "Retro: Parcel promised twice, missed twice"
    assert [key for key in said if key.startswith(("retro:", "prompt:"))] == opening()
    for prompt in ASKED:
        assert prompt.question in plain(said[f"prompt:1:{prompt.key}"])


async def taken_in(
    desk: Desk,
    reference: str = "ZD-1",
    at: datetime = AT,
    channel: Channel = SUPPORT,
    **values: str,
) -> None:
    """A case that an import takes in quietly."""
    given = {"what_happened": "Lost in May", "reference": reference, **values}
    await desk.ask(
        ROBOT, "case.fail", values=given, bulk=True, quiet=True, at=at, channel=channel, here=channel.id
    )


def without_retro(desk: Desk) -> int:
    """How many cases wait for somebody to open them."""
    with open_work(desk.database, desk.workspace, writes=False) as work:
        return work.cases.count_without_retro("C1")


async def test_a_case_that_is_taken_in_quietly_is_one_word_and_counted_nowhere(desk: Desk) -> None:
    await taken_in(desk, customer="Maria", date="2026-01-05")
    await taken_in(desk, "ZD-2")
    await taken_in(desk, "zd-2")
    assert without_retro(desk) == 2
    said = desk.say_all()
    assert list(said) == ["backlog:C1:2026-03-05"]
    assert "2 older cases were taken in here" in plain(said["backlog:C1:2026-03-05"])
    for day in range(1, 40):
        assert await desk.tick(AT + timedelta(days=day)) == {}
    assert words(await desk.ask(ANA, "board.status")).endswith("Nothing needs you right now.")
    assert "no open action items" in words(await desk.ask(ANA, "action_item.mine"))
    # Looking begins nothing, and it is in an export.
    shown = await desk.ask(ANA, "recovery.open", typed="ZD-1")
    assert "nobody is asked about it until somebody opens its retro" in words(shown)
    assert without_retro(desk) == 2
    with open_work(desk.database, desk.workspace, writes=False) as work:
        data = as_data(export.one("C-1", work))
    assert (data["reference"], data["retro_state"], data["answers"]) == ("ZD-1", "not opened yet", [])


async def test_what_was_taken_in_quietly_has_nobody_to_look_after_before_its_retro(desk: Desk) -> None:
    await taken_in(desk)
    refused = await desk.ask(ANA, "recovery.begin", "C-1")
    assert words(refused) == missing("C-1")
    assert refused.refused


async def test_a_quiet_case_is_marked_failed_when_its_retro_is_opened(desk: Desk) -> None:
    await taken_in(desk)
    later = AT + timedelta(days=3)
    assert (await desk.ask(ANA, "case.open", "C-1", at=later)).done
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert work.cases.require(1).failed_at == later


async def test_an_import_that_runs_again_looks_at_no_retro_that_is_there(desk: Desk) -> None:
    given = {"what_happened": "Lost in May", "reference": "ZD-1"}
    for said in (True, False):
        await desk.ask(ROBOT, "case.fail", values=given, bulk=True)
        assert ("retro:1" in desk.say_all()) == said


async def test_whoever_opens_one_looks_after_its_customer_from_then_on(desk: Desk) -> None:
    await taken_in(desk, customer="Maria", date="2026-01-05")
    desk.say_all()
    later = AT + timedelta(days=20)
    reply = await desk.ask(BEN, "case.open", "C-1", at=later)
    assert "C-1 is marked failed" in words(reply)
    said = desk.say_all(later)
    assert {*opening(), "recovery:1", "customer:1:U2"} <= set(said)
    assert "is open" in plain(said["backlog:C1:2026-03-05"])
    assert desk.retro("C-1").opened_by == "U2"
    with open_work(desk.database, desk.workspace, writes=False) as work:
        recovery = work.recoveries.get(1)
    # The aim to apologise counts from now, not from January.
    assert recovery is not None
    assert recovery.apologise_by >= later.date()
    # Its buttons belong to it, and the old one says where it is.
    assert (await desk.ask(ANA, "retro.answer", desk.ref("C-1"))).form is not None
    again = await desk.ask(ANA, "case.open", "C-1", at=later)
    assert (again.already, "already has a retro" in words(again)) == (True, True)
    assert "C-1" in words(await desk.ask(ANA, "board.status", at=later))


async def test_the_form_to_edit_one_is_good_also_once_its_retro_was_opened(desk: Desk) -> None:
    await taken_in(desk)
    form = (await desk.ask(BEN, "case.edit", "C-1")).form
    assert form is not None
    assert not (await desk.ask(ANA, "case.open", "C-1", at=AT + timedelta(days=1))).refused
    values = {field.name: field.value or "" for field in form.fields} | {"customer": "Maria"}
    saved = await desk.ask(BEN, "case.edit", form.about, values, at=AT + timedelta(days=1))
    assert not saved.faults
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert work.cases.require(1).customer == "Maria"


async def test_two_who_open_one_at_once_open_one_retro(desk: Desk) -> None:
    await taken_in(desk)
    replies = await asyncio.gather(
        *(desk.ask(person, "case.open", "C-1") for person in (ANA, BEN)),
        desk.ask(ANA, "case.fail", typed="ZD-1 Once more"),
    )
    assert sorted(reply.already for reply in replies) == [False, True, True]
    assert [key for key in desk.say_all() if key.startswith("retro:")] == ["retro:1"]


async def test_who_is_not_in_the_channel_can_neither_see_nor_open_one(desk: Desk) -> None:
    await taken_in(desk)
    desk.memberships.channels[BEN.id] = set()
    elsewhere = Channel(id="C2", name="other")
    for name in ("case.open", "recovery.open"):
        refused = await desk.ask(BEN, name, "C-1", channel=elsewhere, here="C2")
        never = await desk.ask(BEN, name, "C-99", channel=elsewhere, here="C2")
        assert words(refused).replace("C-1", "C-99") == words(never)
    assert without_retro(desk) == 1


async def test_only_a_reference_fills_the_form_with_what_was_taken_in(desk: Desk) -> None:
    await taken_in(desk, customer="Maria")
    form = (await desk.ask(ANA, "case.fail", typed="zd-1")).form
    assert form is not None
    values = {field.name: field.value for field in form.fields}
    assert (values["what_happened"], values["customer"]) == ("Lost in May", "Maria")
    await desk.ask(ANA, "case.fail", values=values)
    assert without_retro(desk) == 0
    assert desk.retro("C-1").opened_by == "U1"


async def test_a_forgotten_customer_leaves_the_list_of_older_cases(desk: Desk) -> None:
    await taken_in(desk, customer="Maria Santos", what_happened="Maria Santos waited")
    assert "Maria" in plain(desk.say_all()["backlog:C1:2026-03-05"])
    assert await desk.bot.forget(desk.workspace, 1, AT)
    said = desk.say_all()
    assert "Maria" not in plain(said["backlog:C1:2026-03-05"])
    assert "ZD-1" not in plain(said["backlog:C1:2026-03-05"])


async def two_days_of_older_cases(desk: Desk) -> None:
    """Two messages about the same list, because the second case came a day later."""
    desk.meet(BEN)
    await taken_in(desk, customer="Maria Santos", what_happened="Maria Santos waited")
    desk.say_all()
    await taken_in(desk, "ZD-2", what_happened="Another thing", at=AT + timedelta(days=1))
    desk.say_all()


BACKLOGS = ("backlog:C1:2026-03-05", "backlog:C1:2026-03-06")


async def test_every_list_of_older_cases_loses_a_forgotten_customer(desk: Desk) -> None:
    await two_days_of_older_cases(desk)
    assert await desk.bot.forget(desk.workspace, 1, AT + timedelta(days=2))
    said = desk.say_all()
    for key in BACKLOGS:
        assert "Another thing" in plain(said[key])
        assert "Maria" not in plain(said[key])


async def test_every_list_of_older_cases_follows_an_edit_and_an_opened_retro(desk: Desk) -> None:
    await two_days_of_older_cases(desk)
    edited = {"what_happened": "She waited", "reference": "ZD-1"}
    assert not (await desk.ask(BEN, "case.edit", "C-1", edited)).faults
    said = desk.say_all()
    assert ["She waited" in plain(said[key]) for key in BACKLOGS] == [True, True]
    await desk.ask(BEN, "case.open", "C-1", at=AT + timedelta(days=2))
    said = desk.say_all()
    for key in BACKLOGS:
        assert "1 older case was taken in here" in plain(said[key])
        assert "She waited" not in plain(said[key])


async def test_a_list_of_older_cases_that_was_never_said_is_not_said_by_an_edit(desk: Desk) -> None:
    await two_days_of_older_cases(desk)
    await taken_in(desk, "ZD-3", channel=Channel(id="C2", name="other"))
    desk.say_all()
    edited = {"what_happened": "Somewhere else", "reference": "ZD-3"}
    assert not (await desk.ask(BEN, "case.edit", "C-3", edited)).faults
    assert [key for key in desk.say_all() if key.startswith("backlog:")] == ["backlog:C2:2026-03-05"]


async def test_a_first_word_without_a_digit_belongs_to_what_happened(desk: Desk) -> None:
    await desk.ask(ANA, "case.fail", typed="Parcel missed twice")
    with open_work(desk.database, desk.workspace, writes=False) as work:
        case = work.cases.get(1)
    assert case is not None
    assert (case.reference, case.what_happened) == (None, "Parcel missed twice")


async def test_no_words_or_only_a_reference_open_the_form(desk: Desk) -> None:
    empty = await desk.ask(ANA, "case.fail")
    assert empty.form is not None
    assert [field.label for field in empty.form.fields] == [
        "What happened",
        "Case reference",
        "Customer",
        "Date",
        "Time",
        "Public post",
    ]
    assert empty.form.submit == "Open the retro"
    only_reference = await desk.ask(ANA, "case.fail", typed="ZD-4711")
    assert only_reference.form is not None
    assert {field.name: field.value for field in only_reference.form.fields}["reference"] == "ZD-4711"
    assert desk.say_all() == {}


async def test_the_first_use_makes_the_channel_a_team_led_by_that_person_in_their_zone(
    desk: Desk,
) -> None:
    await desk.fail(ANA)
    await desk.fail(BEN, "ZD-2 Another one")
    with open_work(desk.database, desk.workspace, writes=False) as work:
        team = work.teams.get(SUPPORT.id)
    assert team is not None
    assert (team.lead, team.zone) == ("U1", "Europe/Stockholm")


async def test_the_same_reference_opens_no_second_retro_and_says_where_the_first_is(desk: Desk) -> None:
    await desk.fail()
    desk.say_all()
    reply = await desk.ask(BEN, "case.fail", values={"what_happened": "Again!", "reference": "zd-4711"})
    assert reply.already
    assert "already has a retro" in words(reply)
    assert "https://example.com/retro:1" in (reply.message.model_dump_json() if reply.message else "")
    # The retro is looked at again, because somebody may have deleted it, and nothing else is said.
    assert set(desk.say_all()) == {"retro:1"}


async def test_asking_again_for_a_retro_that_could_not_be_said_tries_again(desk: Desk) -> None:
    await desk.fail()
    queue = queue_of(desk.database)
    jobs = {job.key: job for job in queue.claim(None, "clock", 5)}
    assert set(jobs) == {"retro:1"}
    queue.give_up(jobs["retro:1"], "The workspace was closed.")
    assert desk.say_all() == {}
    reply = await desk.ask(BEN, "case.fail", typed="ZD-4711 Parcel missed twice")
    assert "already has a retro" in words(reply)
    assert "retro:1" in desk.say_all()


async def test_a_zone_that_this_machine_does_not_know_is_as_good_as_none(desk: Desk) -> None:
    martian = Person(id="U5", name="Marvin", zone="Mars/Olympus")
    assert martian.zone is None
    assert await desk.fail(martian) == "C-1"


async def test_a_message_arrives_in_the_form_with_its_link_and_stays_linked(desk: Desk) -> None:
    source = SourceMessage(text="They never called back!", link="https://example.com/m/1")
    opened = await desk.ask(ANA, "case.fail_message", source=source)
    assert opened.form is not None
    values = {field.name: field.value for field in opened.form.fields}
    assert values["what_happened"] == "They never called back!"
    submitted = {**values, **opened.form.hidden}
    await desk.ask(ANA, opened.form.command_name, values=submitted)
    assert "https://example.com/m/1" in desk.say_all()["retro:1"].model_dump_json()


async def test_an_apps_message_about_a_ticket_fills_the_link_and_the_reference(desk: Desk) -> None:
    ticket = "https://example.com/tickets/4711"
    source = SourceMessage(
        text="Parcel lost", link="https://example.com/m/1", ticket=ticket, reference="#4711"
    )
    opened = await desk.ask(ANA, "case.fail_message", source=source)
    assert opened.form is not None
    values = {field.name: field.value for field in opened.form.fields}
    assert (values["what_happened"], values["reference"]) == ("Parcel lost", "#4711")
    assert opened.form.hidden["link"] == ticket
    await desk.ask(ANA, opened.form.command_name, values={**values, **opened.form.hidden})
    said = desk.say_all()["retro:1"]
    assert ticket in said.model_dump_json()
    assert " · the ticket" in plain(said)


async def test_outside_the_teams_hours_is_said_when_it_was(desk: Desk) -> None:
    values = {"what_happened": "Nobody answered", "date": "2026-03-04", "time": "21:15"}
    await desk.ask(ANA, "case.fail", values=values)
    inside = {"what_happened": "Wrong answer", "date": "2026-03-04", "time": "10:15"}
    await desk.ask(ANA, "case.fail", values=inside)
    on_sunday = {"what_happened": "Closed", "date": "2026-03-01"}
    await desk.ask(ANA, "case.fail", values=on_sunday)
    said = desk.say_all()
    assert "outside the team's hours" in said["retro:1"].model_dump_json()
    assert "outside the team's hours" not in said["retro:2"].model_dump_json()
    assert "outside the team's hours" in said["retro:3"].model_dump_json()


@pytest.mark.parametrize(
    ("values", "field", "part"),
    [
        ({"what_happened": "  "}, "what_happened", "Say what happened"),
        ({"what_happened": "x" * 40_001}, "what_happened", "40,001 characters"),
        ({"what_happened": "x", "reference": "1" * 201}, "reference", "200 fit"),
        ({"what_happened": "x", "date": "tomorrow"}, "date", "is not a date"),
        ({"what_happened": "x", "date": "2026-03-05", "time": "25:00"}, "time", "is not a time"),
        ({"what_happened": "x", "date": "2026-03-06"}, "date", "in the future"),
        ({"what_happened": "x", "date": "0001-01-01"}, "date", "too long ago"),
        ({"what_happened": "x", "public_post": "javascript:alert(1)"}, "public_post", "https://"),
    ],
)
async def test_bad_input_is_one_sentence_beside_its_field(
    desk: Desk, values: dict[str, str], field: str, part: str
) -> None:
    reply = await desk.ask(ANA, "case.fail", values=values)
    assert list(reply.faults) == [field]
    assert part in reply.faults[field]
    assert desk.say_all() == {}


async def test_a_text_of_30000_characters_is_kept_whole_and_shown_shortened(desk: Desk) -> None:
    story = "The customer waited. " * 1_500
    await desk.ask(ANA, "case.fail", values={"what_happened": story})
    message = desk.say_all()["retro:1"]
    shown = message.model_dump_json()
    assert len(shown) < 5_000
    buttons = list(pressable(message))
    assert (
        Button(label="Show all", command_name="case.read", about=desk.ref("C-1"), opens=True) in buttons
    )
    read = await desk.ask(BEN, "case.read", "C-1")
    assert read.form is not None
    assert story.strip() in read.form.model_dump_json()


async def test_in_direct_messages_the_form_asks_for_the_channel(desk: Desk) -> None:
    await desk.fail()
    typed = await desk.ask(ANA, "case.fail", typed="ZD-5 Lost again", channel=DIRECT)
    assert typed.form is not None
    values = {field.name: field.value for field in typed.form.fields}
    # Not even the only team's is filled in: whose channel it is, the platform's own list knows.
    assert (values["place"], values["reference"], values["what_happened"]) == ("", "ZD-5", "Lost again")
    submitted = await desk.ask(ANA, "case.fail", values={**values, "place": "C1"}, channel=DIRECT)
    assert "C-2 is marked failed" in words(submitted)


@pytest.mark.parametrize(("place", "name"), [("C2", "returns"), ("C77", "C77")])
async def test_a_case_for_another_channel_makes_a_team_of_its_name_as_far_as_that_is_known(
    desk: Desk, place: str, name: str
) -> None:
    returns = Channel(id="C2", name="returns")
    await desk.ask(ANA, "team.joined", channel=returns)
    values = {"what_happened": "Lost", "place": place}
    assert "C-1 is marked failed" in words(
        await desk.ask(ANA, "case.fail", values=values, channel=DIRECT)
    )
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert work.teams.require(place).name == name


async def test_a_channel_must_be_chosen_where_nobody_says_which(desk: Desk) -> None:
    await desk.fail()
    for channel in (None, DIRECT):
        reply = await desk.ask(ANA, "case.fail", values={"what_happened": "Lost"}, channel=channel)
        assert list(reply.faults) == ["place"]


async def test_the_same_event_twice_changes_nothing(desk: Desk) -> None:
    first = await desk.ask(ANA, "case.fail", typed="ZD-1 Lost", key="event-1")
    again = await desk.ask(ANA, "case.fail", typed="ZD-1 Lost", key="event-1")
    assert not first.already
    assert again.already
    assert list(desk.say_all()).count("retro:1") == 1


async def test_a_refused_form_can_be_sent_again_under_the_same_key(desk: Desk) -> None:
    refused = await desk.ask(ANA, "case.fail", values={"what_happened": ""}, key="view-1")
    assert refused.faults
    mended = await desk.ask(ANA, "case.fail", values={"what_happened": "Lost"}, key="view-1")
    assert not mended.faults
    assert "retro:1" in desk.say_all()


@pytest.mark.parametrize("time", ["", "08:15"])
async def test_the_retro_says_on_which_day_it_happened_and_when_if_anybody_knows(
    desk: Desk, time: str
) -> None:
    values = {"what_happened": "Lost", "date": "2026-03-03", "time": time}
    await desk.ask(ANA, "case.fail", values=values)
    told = desk.say_all()["retro:1"].model_dump_json()
    assert ('"2026-03-03"' in told) == (not time)
    assert ("2026-03-03T07:15" in told) == bool(time)


async def test_answers_close_after_the_teams_working_days(desk: Desk) -> None:
    friday = AT + timedelta(days=1)
    await desk.ask(ANA, "case.fail", typed="ZD-1 Lost", at=friday)
    assert desk.retro("C-1").answers_close_on.isoformat() == "2026-03-11"


async def test_two_workspaces_never_meet(desk: Desk) -> None:
    await desk.fail()
    elsewhere = Desk(desk.database, "test:2")
    assert "I can't find" in words(await elsewhere.ask(ANA, "case.read", "C-1"))
    assert await elsewhere.fail() == "C-1"


async def test_an_unknown_word_gets_the_list_of_commands(desk: Desk) -> None:
    reply = await desk.ask(ANA, "team.unknown", typed="frobnicate")
    assert 'I don\'t know "frobnicate". This is what I know:' in words(reply)
    assert "/amends failed" in words(reply)


async def test_the_form_names_the_zone_of_a_team_that_is_known(desk: Desk) -> None:
    async def hint() -> str:
        form = (await desk.ask(ANA, "case.fail")).form
        assert form is not None
        return next(field.hint for field in form.fields if field.name == "time")

    assert (await hint()).startswith("In the team's time zone. ")
    await desk.fail()
    assert (await hint()).startswith("In the team's time zone (Europe/Stockholm). ")
