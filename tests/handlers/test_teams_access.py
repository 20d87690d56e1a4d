"""Who may do what in Teams, at the real adapter: members, people elsewhere, and forged data."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select, text

from bot.bootstrap import App
from bot.domain.channel import Channel
from bot.domain.job import Job
from bot.routes import COMMANDS
from handlers.teams import memberships as memberships_module
from storage.database import Database
from storage.tables import Row, jobs
from tests.desk import IN_THREAD
from tests.fake_teams import Dialog, FakeTeams, Posted, TeamsChannel, TeamsPerson, Told
from tests.fake_teams_forged import WAYS, forge, told
from tests.handlers.slack_adapter import Script
from tests.handlers.test_teams_auth import OTHER_TENANT, serving
from tests.journeys.teams_app import in_thread, open_teams_app, said
from tests.session import open_work, queue_of

NEVER_GIVEN = "Check the number, or press Status"
UNSEEN = ("requests", "people", "places")
"""Tables that say who was met, and which events were seen."""
SETTINGS: Mapping[str, str] = {
    "zone": "UTC",
    "days": "0,1,2",
    "starts": "09:00",
    "ends": "17:00",
    "days_to_answer": "3",
}


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    """A tenant."""
    async with FakeTeams() as fake:
        yield fake


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database of its own."""
    return f"sqlite:///{tmp_path / 'amends.db'}"


class World(NamedTuple):
    """A private channel with a retro of Ana's and an item of Ben's; Olga is in its team, not in it."""

    house: App
    ana: TeamsPerson
    ben: TeamsPerson
    olga: TeamsPerson
    vault: TeamsChannel
    sales: TeamsChannel
    retro: Posted

    @property
    def workspace(self) -> str:
        """Their tenant's."""
        return f"teams:{self.ana.teams.tenant}"

    async def stored(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything there is, but who was seen, which events were, and what the clock has looked at."""
        with self.house.database.transaction(writes=False) as connection:
            return {
                name: [
                    tuple(row)
                    for row in connection.execute(
                        select(*(column for column in table.c if column.name != "look_at"))
                    )
                ]
                for name, table in Row.metadata.tables.items()
                if name not in UNSEEN
            }


async def all_put_away(database: Database) -> None:
    """Waits until all that is owed was said, and stored as said."""
    async with asyncio.timeout(10):
        while True:
            with database.transaction(writes=False) as connection:
                if connection.scalar(select(jobs.c.key).where(jobs.c.state != "done").limit(1)) is None:
                    return
            await asyncio.sleep(0.01)


@pytest.fixture
async def world(teams: FakeTeams, url: str) -> AsyncIterator[World]:
    """The house at work, with everything that it owes said."""
    ana, ben, olga = teams.person("Ana"), teams.person("Ben"), teams.person("Olga")
    desk = teams.channel("desk", [ana, ben, olga])
    vault = teams.channel("vault", [ana, ben], team=desk.team, private=True)
    sales = teams.channel("sales", [olga])
    async with open_teams_app(teams, url, teams_tenants=f"{teams.tenant},{OTHER_TENANT}") as house:
        await ana.says("failed ZD-1 Parcel lost", vault, mention=True)
        retro = await said(teams, "Retro: Parcel lost", where=vault)
        await teams.until(lambda: len(in_thread(vault, retro)) >= IN_THREAD)
        item = {"What will change": "A checklist", "Owner": ben}
        assert isinstance(await ana.submit(await ana.press(retro, "Add action item"), item), Told)
        await said(teams, "asks you to take this on", where=ben.chat)
        await teams.until(lambda: "1 action item" in retro.words())
        await olga.says("help", sales, mention=True)
        await said(teams, "What you can type", where=sales)
        await all_put_away(house.database)
        yield World(house, ana, ben, olga, vault, sales, retro)


def owed(person: TeamsPerson, due_at: datetime) -> Job:
    """A message that somebody is owed."""
    return Job(name="team.hello", about="", channel_id=person.id, key="x", direct=True, due_at=due_at)


# What only Teams itself can cause


@pytest.mark.parametrize("way", WAYS)
async def test_what_happens_by_itself_cannot_be_sent_as_a_card(world: World, way: str) -> None:
    given_up = owed(world.ana, due_at=datetime.now(UTC) + timedelta(days=1))
    with open_work(world.house.database, world.workspace, writes=True) as work:
        work.jobs.schedule(given_up)
        work.commit()
    with world.house.database.transaction(writes=True) as connection:
        connection.execute(text("UPDATE jobs SET state = 'dead' WHERE key = 'x'"))
        connection.commit()
    before = await world.stored()
    values = {"text": "I never said this", "id": "17"}
    for command_name in [name for name in COMMANDS if COMMANDS[name].command.access == "platform"]:
        for at in (world.ana.chat, world.vault):
            heard = await forge(
                world.ana, way, command_name, world.retro.id, values, at=at, claims=world.vault
            )
            assert heard.status == 200
            assert way == "an old client's click" or "Nobody can ask for this" in told(heard)
    assert await world.stored() == before


# A channel that is not theirs

THINGS = {
    "retro.close": "C-1",
    "retro.answer": "C-1",
    "case.read": "C-1",
    "recovery.open": "C-1",
    "recovery.begin": "C-1",
    "recovery.verdict": "C-1",
    "action_item.read": "AI-1",
    "action_item.accept": "AI-1",
}


@pytest.mark.parametrize("way", WAYS)
async def test_another_channels_things_and_settings_are_not_there_for_a_forged_card(
    world: World, way: str
) -> None:
    before = await world.stored()
    values = {"outcome": "an apology was enough", "why": "Because.", "training": "Words"}
    lead = {**SETTINGS, "lead": world.olga.id}
    for at in (world.sales, world.olga.chat):
        for command_name, about in THINGS.items():
            heard = await forge(world.olga, way, command_name, about, values, at=at, claims=world.vault)
            assert heard.status == 200
            shown = told(heard)
            assert "Parcel" not in shown
            assert "checklist" not in shown
            if way not in ("an old client's click", "an action of the app"):
                # An action of the app names nothing that it is about: it brings a message instead.
                assert f"{about}. {NEVER_GIVEN}" in shown
        heard = await forge(world.olga, way, "team.settings", "", lead, at=at, claims=world.vault)
        if way not in ("an old client's click", "an action of the app"):
            assert "choose one that you're in" in told(heard)
    assert await world.stored() == before


async def test_another_tenant_knows_neither_the_channel_nor_its_things(
    teams: FakeTeams, world: World
) -> None:
    mallory = teams.person("Mallory", tenant=OTHER_TENANT)
    before = await world.stored()
    for way in WAYS:
        heard = await forge(mallory, way, "retro.close", "C-1", {"why": "x"}, claims=world.vault)
        assert heard.status == 200
        assert "Parcel" not in told(heard)
    values = {**SETTINGS, "lead": mallory.id}
    heard = await forge(mallory, "a submitted dialog", "team.settings", "", values, claims=world.vault)
    assert heard.status == 200
    assert await world.stored() == before


async def test_a_member_may_do_it_from_their_own_chat_until_they_leave(
    teams: FakeTeams, world: World
) -> None:
    close, chat = {"outcome": "an apology was enough", "why": "They were reached."}, world.ben.chat
    opened = await forge(world.ben, "a button that opens a dialog", "retro.close", "C-1", at=chat)
    assert "Outcome" in str(opened.body)
    await world.ben.leaves(world.vault)
    again = await forge(world.ben, "a submitted dialog", "retro.close", "C-1", close, at=chat)
    assert NEVER_GIVEN in told(again)
    # The item is still theirs, whichever channels they are in.
    kept = await forge(world.ben, "a click", "action_item.accept", "AI-1", at=chat)
    assert NEVER_GIVEN not in told(kept)
    await said(teams, "agreed · AI-1", where=world.vault)
    await world.ben.joins(world.vault)
    shut = await forge(world.ben, "a submitted dialog", "retro.close", "C-1", close, at=chat)
    assert NEVER_GIVEN not in told(shut)
    await teams.until(lambda: "closed" in world.retro.words())


async def test_while_teams_does_not_say_who_is_in_a_channel_nothing_is_shown(
    teams: FakeTeams, world: World
) -> None:
    world.house.bot.memberships["teams"].forget(world.workspace)  # type: ignore[attr-defined]
    before = await world.stored()
    teams.fail_next("members", status=403, code="BotNotInConversationRoster", times=20)
    heard = await forge(world.olga, "a click", "case.read", "C-1")
    assert "I cannot check just now" in told(heard)
    assert await world.stored() == before


async def test_a_dialog_cannot_claim_somebody_elses_chat_or_a_channel_never_met(
    teams: FakeTeams, sqlite: Database
) -> None:
    ana, ben, bot = teams.person("Ana"), teams.person("Ben"), Script()
    desk, unmet = teams.channel("desk", [ana]), teams.channel("unmet", [ana])
    async with serving(teams, sqlite, bot):
        await ben.says("help")
        bens_chat = TeamsChannel(ben.id, "")
        for claims in (bens_chat, unmet):
            await forge(ana, "a submitted dialog", "case.fail", at=desk, claims=claims)
            await forge(ana, "a submitted dialog", "case.fail", claims=claims)
    asked = [(request.channel and request.channel.id, request.here) for request in bot.asked[1:]]
    assert asked == [(desk.id, desk.id), (None, None)] * 2


# Choosing a channel


MISSING = "Some channels could not be checked just now"


async def choices(person: TeamsPerson) -> dict[str, str]:
    """What this person's form offers in their own chat, which one is filled in, and if some miss."""
    heard = await forge(person, "a button that opens a dialog", "case.fail")
    (field,) = [
        element
        for element in heard.body["task"]["value"]["card"]["content"]["body"]
        if element.get("id") == "place"
    ]
    offered = {choice["title"]: choice["value"] for choice in field["choices"] if choice["value"]}
    missing = {"missing": "some"} if MISSING in told(heard) else {}
    return {**offered, "filled in": field.get("value", ""), **missing}


async def test_a_form_offers_only_the_channels_that_one_is_in_and_names_no_other(
    teams: FakeTeams, world: World
) -> None:
    vault, sales = world.vault, world.sales
    assert await choices(world.olga) == {"sales": sales.id, "filled in": sales.id}
    assert await choices(world.ana) == {"vault": vault.id, "filled in": vault.id}
    await world.ana.joins(sales)
    both = {"sales": sales.id, "vault": vault.id, "filled in": ""}
    assert await choices(world.ana) == both
    nobody = teams.person("Noa")
    assert await choices(nobody) == {"filled in": ""}


async def test_a_channel_whose_people_nobody_tells_in_time_is_left_out_and_the_form_says_so(
    teams: FakeTeams, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.ana.joins(world.sales)
    monkeypatch.setattr(memberships_module, "ASK_SECONDS", 0.2)
    teams.fail_next("members", status=503)
    offered = await choices(world.ana)
    assert offered.pop("missing") == "some"
    assert len(offered) == 2, "one is told, and one is not"
    both = {"sales": world.sales.id, "vault": world.vault.id, "filled in": ""}
    assert await choices(world.ana) == both, "opened again, it has them"
    await world.ana.joins(world.sales)
    teams.latency["members"] = 2.0
    assert await choices(world.ana) == {"filled in": "", "missing": "some"}


async def test_a_chosen_channel_must_be_ones_own(world: World) -> None:
    before = await world.stored()
    values = {"what_happened": "Planted", "place": world.vault.id}
    heard = await forge(world.olga, "a submitted dialog", "case.fail", "", values, channels=["place"])
    assert "choose one that you're in" in told(heard)
    assert await world.stored() == before


# Choosing a person


async def test_an_owner_is_found_on_the_roster_where_members_are_known_by_one_id_only(
    teams: FakeTeams, world: World
) -> None:
    cleo = teams.person("Cleo")
    teams.knows_aad = False
    await cleo.joins(world.vault)
    form = await world.ana.press(world.retro, "Add action item")
    assert isinstance(await world.ana.submit(form, {"What will change": "A rota", "Owner": cleo}), Told)
    assert await said(teams, "asks you to take this on", where=cleo.chat)


async def test_an_owner_whom_we_know_is_found_without_asking_teams(
    teams: FakeTeams, world: World
) -> None:
    form = await world.ana.press(world.retro, "Add action item")
    await teams.person("Noa").joins(world.sales)  # no roster is at hand any more
    asked = teams.calls["members"], teams.calls["member"]
    assert isinstance(
        await world.ana.submit(form, {"What will change": "A rota", "Owner": world.ben}), Told
    )
    assert await said(teams, "asks you to take this on", where=world.ben.chat)
    assert (teams.calls["members"], teams.calls["member"]) == asked


async def test_an_owner_is_asked_for_alone_where_the_roster_is_not_told(
    teams: FakeTeams, world: World
) -> None:
    cleo = teams.person("Cleo")
    await cleo.joins(world.vault)
    teams.fail_next("members", status=403)
    form = await world.ana.press(world.retro, "Add action item")
    assert isinstance(await world.ana.submit(form, {"What will change": "A rota", "Owner": cleo}), Told)
    assert await said(teams, "asks you to take this on", where=cleo.chat)


async def test_who_is_not_in_the_team_stays_a_fault_beside_the_field(
    teams: FakeTeams, world: World
) -> None:
    noa = teams.person("Noa")
    form = await world.ana.press(world.retro, "Add action item")
    again = await world.ana.submit(form, {"What will change": "A rota", "Owner": noa})
    assert isinstance(again, Dialog)
    assert "not in the team in Teams" in again.words()


async def test_a_forged_form_does_not_tell_who_is_in_another_channel(
    teams: FakeTeams, world: World
) -> None:
    cleo = teams.person("Cleo")
    await cleo.joins(world.vault)
    answers = []
    for id in (cleo.aad, teams.person("Noa").aad):
        heard = await forge(
            world.olga,
            "a submitted dialog",
            "action_item.add",
            "C-1",
            {"what": "Spy", "owner": id},
            at=world.sales,
            claims=world.vault,
            persons=["owner"],
        )
        answers.append(told(heard).replace(id, "…"))
    assert answers[0] == answers[1]
    with open_work(world.house.database, world.workspace, writes=False) as work:
        assert work.channels.get(cleo.id) is None


# Nobody's name


async def test_an_unnamed_answer_from_ones_own_chat_is_let_in_by_the_roster_and_leaves_no_trace(
    teams: FakeTeams, world: World
) -> None:
    cleo = teams.person("Cleo")
    await cleo.joins(world.vault)
    teams.calls.clear()
    values = {"training": "Nobody showed us", "unnamed": "yes"}
    heard = await forge(cleo, "a submitted dialog", "retro.answer", "C-1", values, claims=world.vault)
    assert told(heard) == "Posted under Training, without your name. Thank you."
    await said(teams, "Training · someone on the team", where=world.vault)
    assert (teams.calls["members"], teams.calls["member"]) == (1, 0)
    with world.house.database.transaction(writes=False) as connection:
        for name in Row.metadata.tables:
            rows = str([tuple(row) for row in connection.execute(text(f"SELECT * FROM {name}"))])
            for id in (cleo.id, cleo.aad, "Cleo"):
                assert id not in rows, name


async def test_an_unnamed_answer_of_somebody_elsewhere_is_refused(world: World) -> None:
    before = await world.stored()
    values = {"training": "Nobody showed us", "unnamed": "yes"}
    heard = await forge(
        world.olga, "a submitted dialog", "retro.answer", "C-1", values, claims=world.vault
    )
    assert NEVER_GIVEN in told(heard)
    assert await world.stored() == before


# What was given up


async def test_who_adds_the_app_wakes_the_clock_for_what_they_could_not_be_told(
    teams: FakeTeams, sqlite: Database
) -> None:
    ana, woken = teams.person("Ana"), []
    workspace = f"teams:{teams.tenant}"
    with open_work(sqlite, workspace, writes=True) as work:
        work.channels.remember(Channel(id=ana.id, name="Ana", kind="direct"))
        work.jobs.schedule(owed(ana, datetime.now(UTC)))
        work.commit()
    async with serving(teams, sqlite, Script(), committed=lambda: woken.append(True)):
        await ana.installs()
        assert woken == [], "nothing was given up"
        queue = queue_of(sqlite)
        (job,) = queue.claim(None, "test", 1)
        queue.give_up(job, "not installed")
        await ana.installs()
        assert woken
    assert queue_of(sqlite).claim(None, "test", 1)
