"""The main job in Teams, from a failed case to its verified fixes, over the real wire."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from bot.bootstrap import App
from storage.tables import Row
from tests.desk import ASKED
from tests.fake_teams import Dialog, FakeTeams, Posted, TeamsChannel, TeamsPerson, Told
from tests.journeys.teams_app import answered, in_thread, offered, open_teams_app, said, told
from tests.session import open_work

NEXT_WEEK = date.today() + timedelta(days=7)  # noqa: DTZ011 - any day that has not passed anywhere
YESTERDAY = date.today() - timedelta(days=2)  # noqa: DTZ011 - a day that has passed everywhere
FAILED = "failed ZD-4711 Parcel promised twice, missed twice"


async def test_a_failed_case_goes_all_the_way_to_finished(teams: FakeTeams, database_url: str) -> None:
    ana, ben = teams.person("Ana", tz="Europe/Stockholm"), teams.person("Ben", tz="America/New_York")
    support = teams.channel("support", members=[ana, ben])
    async with open_teams_app(teams, database_url):
        # Marked failed by a typed command: a new post, its prompts in its thread.
        await ana.says(FAILED, support, mention=True)
        await answered(teams, ana, "C-1 is marked failed")
        retro = await said(teams, "Retro: Parcel promised twice, missed twice", where=support)
        assert retro.root == retro.id
        for prompt in ASKED:
            assert (await said(teams, prompt.question, where=support)).root == retro.id
        assert {"Answer", "Add action item", "Close retro"} <= set(retro.buttons())

        # Answered, once with a name and once without.
        form = await ana.press(await said(teams, "know or practise"), "Answer")
        assert form.labels()[-1] == "Post without my name"
        assert isinstance(
            await ana.submit(form, {"Training": "Reading courier notes", ASKED[1].label: "A call"}), Told
        )
        named = await said(teams, "Training · Ana")
        assert "Reading courier notes" in named.words()
        form = await ben.press(retro, "Answer")
        secret = {ASKED[-1].label: "Nobody answers at night", "Post without my name": True}
        assert isinstance(await ben.submit(form, secret), Told)
        unnamed = await said(teams, f"{ASKED[-1].label} · someone on the team")
        await teams.until(lambda: "3 answers" in retro.words())

        # An item out of an answer, handed to Ben, who agrees, does it, and Ana verifies it.
        form = await ana.press(unnamed, "Add action item")
        assert "Nobody answers at night" in str(form.standing())
        filled = {"What will change": "A night number on every order", "Owner": ben, "Due": NEXT_WEEK}
        assert isinstance(await ana.submit(form, filled), Told)
        item = await said(teams, "proposed · AI-1", where=support)
        own = await said(teams, "Ana asks you to take this on", where=ben.chat)
        await ana.click(item, "Accept")
        await told(teams, ana, "Only the person")
        assert not any("Only the person" in posted.words() for posted in support.messages.values())
        await ben.click(own, "Accept")
        await teams.until(lambda: "agreed · AI-1" in item.words() and "is yours" in own.words())
        await ben.submit(await ben.press(own, "Mark done"), {"What changed": "It is printed."})
        await teams.until(lambda: "done · AI-1" in item.words())
        refused = await ben.asks(item, "Verify")
        assert refused is not None
        assert "Nobody verifies" in refused.words()
        await ana.submit(await ana.press(item, "Verify"), {"What I saw": "Ten orders have them."})
        await teams.until(lambda: "verified · AI-1" in item.words())

        # Closed, summed up, finished.
        await ana.submit(await ana.press(retro, "Close retro"), {"Outcome": "fixes agreed"})
        summary = await said(teams, "What we heard and what will change")
        assert summary.root == retro.id
        for part in (
            "Reading courier notes",
            "Nobody answers at night",
            "A night number on every order",
        ):
            assert part in summary.words()
        assert "verified" in summary.words()
        assert "Ten orders have them." in summary.words()
        await teams.until(lambda: "finished · 3 answers · 1 action item" in retro.words())
        await ana.says("mine", support, mention=True)
        await told(teams, ana, "no open action items")

    assert [posted.id for posted in support.roots() if posted.bot] == [retro.id]
    assert teams.refusals == []


async def test_hand_over_waits_for_the_new_owners_yes(teams: FakeTeams, database_url: str) -> None:
    ana, ben, eve = (teams.person(name) for name in ("Ana", "Ben", "Eve"))
    support = teams.channel("support", members=[ana, ben, eve])
    async with open_teams_app(teams, database_url):
        retro = await _failed(teams, ana, support)
        await _added(teams, ana, retro, {"What will change": "A checklist", "Owner": ana})
        item = await said(teams, "agreed · AI-1", where=support)
        form = await ana.press(item, "Hand over")
        await ana.submit(form, {"New owner": ben, "Why": "Ben knows it."})
        await teams.until(lambda: "proposed · AI-1" in item.words())
        own = await said(teams, "AI-1", where=ben.chat)
        await eve.click(item, "Accept")
        await told(teams, eve, "Only the person")
        await ben.submit(await ben.press(own, "Decline"), {"Why": "No time before May."})
        await teams.until(lambda: "no owner yet" in item.words())
        await eve.click(item, "Take it")
        await teams.until(lambda: "agreed · AI-1" in item.words())
        assert await said(teams, "AI-1", where=eve.chat)
    assert teams.refusals == []


async def test_a_message_becomes_a_case_and_a_reply_an_action_item(
    teams: FakeTeams, database_url: str
) -> None:
    ana = teams.person("Ana", tz="Europe/Stockholm")
    support = teams.channel("support", members=[ana])
    async with open_teams_app(teams, database_url):
        complaint = await ana.says("Third broken kettle, customer is furious & <b>loud</b>", support)
        form = await ana.action("case.fail_message", complaint)
        assert "Third broken kettle, customer is furious & <b>loud</b>" in form.standing().values()
        assert isinstance(await ana.submit(form, {"Case reference": "ZD-1"}), Told)
        retro = await said(teams, "Retro: Third broken kettle", where=support)
        assert "· the message" in retro.words()
        assert f"/l/message/{support.id}/{complaint.id}" in str(retro.activity).replace("\\", "")
        await said(teams, ASKED[-1].question)  # the prompts follow once the retro's id is stored
        reply = await ana.says("We could test kettles before sending", support, retro)
        form = await ana.action("action_item.add_message", reply)
        assert "We could test kettles before sending" in form.standing().values()
        assert isinstance(await ana.submit(form, {"Owner": ana}), Told)
        await said(teams, "agreed · AI-1", where=support)
        await ana.says("failed zd-1 Third kettle", support, mention=True)
        await answered(teams, ana, "already has a retro")
    assert teams.refusals == []


async def test_faults_come_back_in_the_dialog_with_everything_still_there(
    teams: FakeTeams, database_url: str
) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    async with open_teams_app(teams, database_url):
        retro = await _failed(teams, ana, support)
        form = await ana.press(retro, "Add action item")
        filled = {
            "What will change": "A checklist",
            "Owner": ana,
            "Due": YESTERDAY,
            "How we will know it worked": "Nothing is missed",
        }
        again = await ana.submit(form, filled)
        assert isinstance(again, Dialog)
        assert "past" in again.words() or "passed" in again.words()
        standing = again.standing()
        for label, value in (("What will change", "A checklist"), ("Due", YESTERDAY.isoformat())):
            assert standing[label] == value
        assert standing["How we will know it worked"] == "Nothing is missed"
        assert standing["Owner"] in (ana.aad, ana.id)
        assert isinstance(await ana.submit(again, {"Due": NEXT_WEEK}), Told)
        await said(teams, "agreed · AI-1", where=support)

        form = await ana.press(retro, "Answer")
        empty = await ana.submit(form, {"Post without my name": True})
        assert isinstance(empty, Dialog)
        assert empty.standing()["Post without my name"] not in ("", "false")
        assert isinstance(await ana.submit(empty, {"Training": "Maps"}), Told)
        await said(teams, "Training · someone on the team")
    assert teams.refusals == []


async def test_no_trace_of_who_answered_without_a_name_is_said_or_stored(
    teams: FakeTeams, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    ana, ben = teams.person("Ana"), teams.person("Benedicta")
    support = teams.channel("support", members=[ana, ben])
    with caplog.at_level("DEBUG"):
        async with open_teams_app(teams, database_url) as built:
            retro = await _failed(teams, ana, support)
            form = await ben.press(retro, "Answer")
            await ben.submit(form, {"Training": "Maps", "Post without my name": True})
            await said(teams, "Training · someone on the team")
            await teams.until(lambda: "1 answer" in retro.words())
            stored = _rows(built)
    assert "Maps" in stored
    spoken = str([posted.activity for posted in teams.posted()])
    logged = "\n".join(record.getMessage() for record in caplog.records)
    for trace in (ben.id, ben.aad, ben.name):
        assert trace not in stored
        assert trace not in spoken
        assert trace not in logged


def _rows(built: App) -> str:
    """Every row of every table."""
    with built.database.transaction(writes=False) as connection:
        tables = [connection.execute(select(table)) for table in Row.metadata.sorted_tables]
        return str([tuple(row) for table in tables for row in table])


async def test_replies_in_the_thread_are_kept_where_the_team_granted_it_and_nothing_breaks_elsewhere(
    teams: FakeTeams, database_url: str
) -> None:
    ana = teams.person("Ana")
    heard, deaf = teams.channel("heard", members=[ana]), teams.channel("deaf", members=[ana], rsc=False)
    async with open_teams_app(teams, database_url) as built:
        for number, place in enumerate((heard, deaf), start=1):
            retro = await _failed(teams, ana, place, f"failed ZD-{number} Case {number}")
            reply = await ana.says("The map was old", place, retro)
            await ana.edits(reply, "The map was very old")
            gone = await ana.says("Never mind", place, retro)
            await ana.deletes(gone)
            await ana.says("Nothing to do with any retro", place)
        with open_work(built.database, f"teams:{teams.tenant}", writes=False) as work:
            assert [kept.text for kept in work.retros.comments(1)] == ["The map was very old"]
            assert work.retros.comments(2) == []
    assert teams.refusals == []


async def test_the_words_work_in_the_personal_chat_and_help_settings_and_status_too(
    teams: FakeTeams, database_url: str
) -> None:
    ana, ben = teams.person("Ana", tz="Europe/Stockholm"), teams.person("Ben")
    support = teams.channel("support", members=[ana, ben])
    async with open_teams_app(teams, database_url):
        await _failed(teams, ana, support)
        for count, text in enumerate(("help", "/amends help"), start=1):
            await ana.says(text)
            await _helped(teams, ana, count)
        await ana.says("faild ZD-1")
        await offered(teams, ana, "Mark a case failed")
        await ana.says("status", support, mention=True)
        await answered(teams, ana, "C-1")
        await ana.says("status")
        await teams.until(lambda: len([one for one in ana.whispers() if "C-1" in one]) == 2)
        await ben.says("settings", support, mention=True)
        form = await ben.press(await offered(teams, ben, "Team settings"), "Team settings")
        assert form.standing()["Time zone"] == "Europe/Stockholm"
        changed = {"Lead": ben, "Working days": ["Monday", "Tuesday"], "Days to answer": 2}
        await ben.submit(form, changed)
        await ben.says("settings", support, mention=True)
        again = await ben.press(await offered(teams, ben, "Team settings"), "Team settings")
        assert again.standing()["Days to answer"] == "2"
        assert again.standing()["Lead"] in (ben.aad, ben.id)
    assert teams.refusals == []


async def test_the_empty_command_offers_the_form(teams: FakeTeams, database_url: str) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    async with open_teams_app(teams, database_url):
        await ana.says("failed", support, mention=True)
        button = "Mark a case failed"
        form = await ana.press(await offered(teams, ana, button), button)
        wrong = await ana.submit(form, {"What happened": "Lost", "Public post": "not a link"})
        assert isinstance(wrong, Dialog)
        assert "https://" in wrong.words()
        assert wrong.standing()["What happened"] == "Lost"
        await ana.submit(wrong, {"Public post": "https://example.com/1"})
        assert (await said(teams, "Retro: Lost")).channel_id == support.id
    assert teams.refusals == []


async def test_old_clients_press_the_fallback_of_a_button(teams: FakeTeams, database_url: str) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    async with open_teams_app(teams, database_url):
        retro = await _failed(teams, ana, support)
        await _added(teams, ana, retro, {"What will change": "A checklist"})
        item = await said(teams, "proposed · AI-1", where=support)
        await ana.click(item, "Take it", old_client=True)
        await teams.until(lambda: "agreed · AI-1" in item.words())
    assert teams.refusals == []


async def test_a_verify_button_from_before_leads_to_the_form(
    teams: FakeTeams, database_url: str
) -> None:
    ana, ben = teams.person("Ana", tz="Europe/Stockholm"), teams.person("Ben", tz="Europe/Stockholm")
    support = teams.channel("support", members=[ana, ben])
    async with open_teams_app(teams, database_url):
        retro = await _failed(teams, ana, support, FAILED)
        await _added(teams, ana, retro, {"What will change": "Call first", "Owner": ana})
        item = await said(teams, "agreed · AI-1", where=support)
        await ana.submit(await ana.press(item, "Mark done"), {"What changed": "We call first."})
        await teams.until(lambda: "done · AI-1" in item.words())
        # It acted at once then.
        data = {"verb": "action_item.verify", "about": item.buttons()["Verify"]["data"]["about"]}
        before = {"type": "Action.Execute", "verb": "action_item.verify", "data": data}
        await ben.invoke("adaptiveCard/action", item, {"action": before, "trigger": "manual"})
        await told(teams, ben, "Press the button, and the form opens.")
        form = await ben.press(item, "Verify")
        assert "We call first." in form.words()
        assert isinstance(await ben.submit(form, {"What I saw": "Ten calls."}), Told)
        await teams.until(lambda: "Ten calls." in item.words())


async def test_the_same_event_twice_changes_nothing(teams: FakeTeams, database_url: str) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    async with open_teams_app(teams, database_url):
        await ana.says("failed Lost without a reference", support, mention=True, id="1700000000001")
        retro = await said(teams, "Retro: Lost without a reference")
        await ana.says("failed Lost without a reference", support, mention=True, id="1700000000001")
        await _prompted(teams, support, retro)
        await ana.says("status", support, mention=True)
        status = await answered(teams, ana, "C-1")
        assert "C-2" not in status
    assert len([p for p in support.roots() if p.bot]) == 1


async def _failed(
    teams: FakeTeams, person: TeamsPerson, place: TeamsChannel, text: str = "failed ZD-1 Lost"
) -> Posted:
    """A retro with all its prompts."""
    await person.says(text, place, mention=True)
    retro = await said(teams, "Retro:", where=place)
    await _prompted(teams, place, retro)
    return retro


async def _prompted(teams: FakeTeams, place: TeamsChannel, retro: Posted) -> None:
    await teams.until(lambda: len(in_thread(place, retro)) >= len(ASKED))


async def _added(
    teams: FakeTeams, person: TeamsPerson, retro: Posted, fields: dict[str, object]
) -> None:
    assert isinstance(await person.submit(await person.press(retro, "Add action item"), fields), Told)


async def _helped(teams: FakeTeams, person: TeamsPerson, times: int) -> None:
    """Waits until the list of commands was said to somebody so many times."""

    def lists() -> list[str]:
        return [
            send_ephemeral for send_ephemeral in person.whispers() if "Amends settings" in send_ephemeral
        ]

    await teams.until(lambda: len(lists()) == times)
