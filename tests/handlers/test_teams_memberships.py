"""Who is in which channel, as Teams' rosters say: asked once for many, and never believed for long."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.ports import MembershipUnknown
from handlers.teams import connector as connector_module
from handlers.teams import memberships as memberships_module
from handlers.teams.connector import ROSTER_WINDOWS, Connector, ConnectorError, Limits
from handlers.teams.memberships import HOLDS_SECONDS, MAX_PAGES, Member, TeamsMemberships, Theirs
from handlers.teams.token import Tokens, fetch_with
from storage.database import Database
from tests.fake_teams import FakeTeams, TeamsChannel, TeamsPerson
from tests.journeys.teams_app import settings_for
from tests.session import open_work

WORKSPACE, ELSEWHERE = "teams:t1", "teams:t2"
CHANNEL = "19:support@thread.tacv2"


class Clock:
    """Seconds, as a test says them."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Pages:
    """A connector whose rosters a test writes itself, as real ones would not answer."""

    def __init__(self, *pages: Mapping[str, Any] | Exception) -> None:
        self.pages = pages
        self.asked: list[tuple[str, str]] = []

    async def roster(
        self, _: Mapping[str, Any], conversation: str, after: str = ""
    ) -> Mapping[str, Any]:
        self.asked.append((conversation, after))
        page = self.pages[min(len(self.asked), len(self.pages)) - 1]
        if isinstance(page, Exception):
            raise page
        return page


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    """A tenant."""
    async with FakeTeams() as fake:
        yield fake


@pytest.fixture
async def memberships(
    teams: FakeTeams, sqlite: Database, clock: Clock
) -> AsyncIterator[TeamsMemberships]:
    """What is asked of the fake."""
    tokens = Tokens(fetch_with(settings_for(teams)))
    connector = Connector(tokens, lambda _: True)
    asked = TeamsMemberships(connector, sqlite, clock)
    yield asked
    await asked.close()
    tokens.close()
    await connector.close()


def scripted(
    database: Database, *pages: Mapping[str, Any] | Exception
) -> tuple[TeamsMemberships, Pages]:
    """Memberships before a connector that answers these pages."""
    connector = Pages(*pages)
    return TeamsMemberships(connector, database), connector  # type: ignore[arg-type]


def page(*ids: str, **more: Any) -> dict[str, Any]:
    return {"members": [{"id": id, "aadObjectId": f"aad-{id}", "name": id} for id in ids], **more}


def meet(database: Database, workspace: str, *channels: Channel) -> None:
    """The bot was there once."""
    with open_work(database, workspace, writes=True) as work:
        for place in channels:
            work.channels.remember(place)
        work.commit()


def channel(teams: FakeTeams, place: TeamsChannel) -> Channel:
    """A channel as the bot keeps it."""
    way = {"service_url": teams.service_url, "tenant_id": teams.tenant, "conversation_id": place.id}
    return Channel(id=place.id, name=place.name, reference=way)


def support(**reference: str) -> Channel:
    return Channel(id=CHANNEL, name="support", reference={"service_url": "http://x/", **reference})


def person(someone: TeamsPerson | str) -> Person:
    id = someone if isinstance(someone, str) else someone.id
    return Person(id=id, name="Somebody")


async def is_in(
    memberships: TeamsMemberships,
    place: TeamsChannel | str,
    someone: TeamsPerson | str,
    workspace: str = WORKSPACE,
    *,
    unnamed: bool = False,
) -> bool:
    id = place if isinstance(place, str) else place.id
    return await memberships.includes(workspace, id, person(someone), unnamed=unnamed)


async def test_who_is_on_the_roster_is_in_and_nobody_else(
    teams: FakeTeams, sqlite: Database, memberships: TeamsMemberships
) -> None:
    ana, gus, eve = teams.person("Ana"), teams.person("Gus", guest=True), teams.person("Eve")
    desk = teams.channel("desk", [ana, gus])
    vault = teams.channel("vault", [ana], team=desk.team, private=True)
    meet(sqlite, WORKSPACE, channel(teams, desk), channel(teams, vault))
    asked = [await is_in(memberships, desk, one) for one in (ana, gus, eve, ana.aad)]
    assert asked == [True, True, False, True], "a guest who is in it is; either id will do"
    # A private channel has a roster of its own, not its team's.
    assert [await is_in(memberships, vault, one) for one in (ana, gus)] == [True, False]
    assert await memberships.people_in(WORKSPACE, desk.id) == 2
    assert await memberships.people_in(WORKSPACE, vault.id) == 1


async def test_a_roster_names_nobody_so_unnamed_is_answered_like_any_other(
    teams: FakeTeams, sqlite: Database, memberships: TeamsMemberships
) -> None:
    ana, desk = teams.person("Ana"), teams.channel("desk")
    meet(sqlite, WORKSPACE, channel(teams, desk))
    assert not await is_in(memberships, desk, ana, unnamed=True)
    desk.members.add(ana.id)
    memberships.forget(WORKSPACE)
    assert await is_in(memberships, desk, ana, unnamed=True)
    assert (teams.calls["members"], teams.calls["member"]) == (2, 0)


async def test_every_page_is_read(
    teams: FakeTeams, sqlite: Database, memberships: TeamsMemberships
) -> None:
    people = [teams.person(f"P{number}") for number in range(7)]
    desk = teams.channel("desk", people)
    teams.page = 3
    meet(sqlite, WORKSPACE, channel(teams, desk))
    assert all([await is_in(memberships, desk, one) for one in people])
    assert await memberships.people_in(WORKSPACE, desk.id) == 7
    assert teams.calls["members"] == 3


async def test_a_roster_is_kept_for_five_minutes_and_not_longer(
    teams: FakeTeams, sqlite: Database, memberships: TeamsMemberships, clock: Clock
) -> None:
    ana = teams.person("Ana")
    desk = teams.channel("desk", [ana])
    meet(sqlite, WORKSPACE, channel(teams, desk))
    assert await is_in(memberships, desk, ana)
    desk.members.discard(ana.id)
    clock.now += HOLDS_SECONDS - 1
    assert await is_in(memberships, desk, ana)
    clock.now += 1
    assert not await is_in(memberships, desk, ana)
    assert teams.calls["members"] == 2


async def test_what_is_forgotten_is_asked_again_and_other_tenants_rosters_are_kept(
    teams: FakeTeams, sqlite: Database, memberships: TeamsMemberships
) -> None:
    ana = teams.person("Ana")
    desk = teams.channel("desk", [ana])
    for workspace in (WORKSPACE, ELSEWHERE):
        meet(sqlite, workspace, channel(teams, desk))
        assert await is_in(memberships, desk, ana, workspace)
    desk.members.discard(ana.id)
    memberships.forget(WORKSPACE)
    assert not await is_in(memberships, desk, ana)
    assert await is_in(memberships, desk, ana, ELSEWHERE)


async def test_what_was_asked_before_somebody_left_is_not_kept_after_it(
    teams: FakeTeams, sqlite: Database, memberships: TeamsMemberships
) -> None:
    ana = teams.person("Ana")
    desk = teams.channel("desk", [ana])
    teams.latency["members"] = 0.1
    meet(sqlite, WORKSPACE, channel(teams, desk))
    asked_before = asyncio.create_task(is_in(memberships, desk, ana))
    await asyncio.sleep(0)
    memberships.forget(WORKSPACE)
    await asked_before
    desk.members.discard(ana.id)
    assert not await is_in(memberships, desk, ana)
    assert teams.calls["members"] == 2


async def test_many_questions_at_once_are_one_call(
    teams: FakeTeams, sqlite: Database, memberships: TeamsMemberships
) -> None:
    people = [teams.person(f"P{number}") for number in range(20)]
    desk = teams.channel("desk", people[:10])
    teams.latency["members"] = 0.05
    meet(sqlite, WORKSPACE, channel(teams, desk))
    answers = await asyncio.gather(*(is_in(memberships, desk, one) for one in people))
    assert answers == [True] * 10 + [False] * 10
    assert teams.calls["members"] == 1


async def test_a_slow_roster_is_unknown_for_now_and_is_read_on_for_whoever_asks_next(
    teams: FakeTeams,
    sqlite: Database,
    memberships: TeamsMemberships,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ana = teams.person("Ana")
    desk = teams.channel("desk", [ana])
    teams.latency["members"] = 0.3
    meet(sqlite, WORKSPACE, channel(teams, desk))
    monkeypatch.setattr(memberships_module, "ASK_SECONDS", 0.05)
    with pytest.raises(MembershipUnknown):
        await is_in(memberships, desk, ana)
    assert await memberships.people_in(WORKSPACE, desk.id) is None
    monkeypatch.setattr(memberships_module, "ASK_SECONDS", 5.0)
    assert await is_in(memberships, desk, ana)
    assert teams.calls["members"] == 1


@pytest.mark.parametrize(
    "fault",
    [{"status": 403}, {"status": 404}, {"status": 429}, {"status": 500}, {"drop": "before"}],
    ids=str,
)
async def test_a_roster_that_is_not_told_is_unknown_and_asked_again_the_next_time(
    teams: FakeTeams, sqlite: Database, memberships: TeamsMemberships, fault: dict[str, Any]
) -> None:
    ana = teams.person("Ana")
    desk = teams.channel("desk", [ana])
    meet(sqlite, WORKSPACE, channel(teams, desk))
    # aiohttp itself asks a second time where a connection broke.
    teams.fail_next("members", times=4 if "drop" in fault else 2, **fault)
    with pytest.raises(MembershipUnknown):
        await is_in(memberships, desk, ana)
    assert await memberships.people_in(WORKSPACE, desk.id) is None
    assert await is_in(memberships, desk, ana)


@pytest.mark.parametrize(
    "pages",
    [({},), ({"members": "everybody"},), (page("29:ana", continuationToken="2"), {})],
    ids=["no page", "no list", "no second page"],
)
async def test_half_a_roster_is_none(sqlite: Database, pages: tuple[dict[str, Any], ...]) -> None:
    memberships, _ = scripted(sqlite, *pages)
    meet(sqlite, WORKSPACE, support())
    with pytest.raises(MembershipUnknown):
        await is_in(memberships, CHANNEL, "29:ana")


async def test_a_roster_without_an_end_is_not_read_for_ever(sqlite: Database) -> None:
    memberships, pages = scripted(sqlite, page("29:ana", continuationToken="again"))
    meet(sqlite, WORKSPACE, support())
    with pytest.raises(MembershipUnknown):
        await is_in(memberships, CHANNEL, "29:ana")
    assert len(pages.asked) == MAX_PAGES


async def test_bots_are_no_people_and_who_is_told_twice_is_one(sqlite: Database) -> None:
    # In a shared channel somebody is told once for each team that brings them in.
    odd: list[Any] = [None, {"name": "Nobody"}, {"id": 7}]
    told = page("29:ana", "28:bot", "29:ben", "29:ana")
    memberships, _ = scripted(sqlite, {"members": [*told["members"], *odd]})
    meet(sqlite, WORKSPACE, support())
    assert await memberships.people_in(WORKSPACE, CHANNEL) == 2
    assert not await is_in(memberships, CHANNEL, "28:bot")


async def test_a_roster_is_asked_by_the_channels_own_conversation_without_a_thread(
    sqlite: Database,
) -> None:
    memberships, pages = scripted(sqlite, page("29:ana", continuationToken="2"), page("29:ben"))
    meet(sqlite, WORKSPACE, support(conversation_id=f"{CHANNEL};messageid=17"))
    assert await is_in(memberships, CHANNEL, "29:ben")
    assert pages.asked == [(CHANNEL, ""), (CHANNEL, "2")]


async def test_a_member_is_found_by_either_id(sqlite: Database) -> None:
    memberships, _ = scripted(sqlite, page("29:ana", "29:ben"))
    meet(sqlite, WORKSPACE, support())
    ben = Member("29:ben", "aad-29:ben", "29:ben")
    for id in ("29:ben", "aad-29:ben"):
        assert await memberships.member(WORKSPACE, CHANNEL, id) == ben
    assert await memberships.member(WORKSPACE, CHANNEL, "aad-of-nobody") is None


async def test_ones_own_chat_is_ones_own_and_nobody_elses(sqlite: Database) -> None:
    memberships, pages = scripted(sqlite, page("29:ana", "29:ben"))
    chat = Channel(id="29:ana", name="Ana", kind="direct", reference={"service_url": "http://x/"})
    meet(sqlite, WORKSPACE, chat)
    assert await is_in(memberships, "29:ana", "29:ana")
    assert not await is_in(memberships, "29:ana", "29:ben")
    assert pages.asked == []


async def test_a_channel_that_the_bot_never_met_is_nobodys_until_it_does(sqlite: Database) -> None:
    memberships, pages = scripted(sqlite, page("29:ana"))
    assert not await is_in(memberships, CHANNEL, "29:ana")
    assert await memberships.people_in(WORKSPACE, CHANNEL) is None
    assert pages.asked == []
    meet(sqlite, WORKSPACE, support())
    assert await is_in(memberships, CHANNEL, "29:ana")
    # Another tenant's channel is one that was never met, whoever is in it.
    assert not await is_in(memberships, CHANNEL, "29:ana", ELSEWHERE)


async def test_nothing_can_be_said_in_a_channel_that_we_never_met_or_were_taken_out_of(
    teams: FakeTeams, sqlite: Database, memberships: TeamsMemberships
) -> None:
    mine, left = teams.channel("mine", [teams.person("Ana")]), teams.channel("left")
    left.installed = False
    for place in (mine, left):
        meet(sqlite, WORKSPACE, channel(teams, place))
    ids = (mine.id, left.id, "19:never@thread.tacv2", "29:ana")
    speaks = [await memberships.speaks_in(WORKSPACE, id) for id in ids]
    assert speaks == [True, False, False, False]
    slow = teams.channel("slow")
    meet(sqlite, WORKSPACE, channel(teams, slow))
    teams.fail_next("members", status=503)
    with pytest.raises(MembershipUnknown):
        await memberships.speaks_in(WORKSPACE, slow.id)


async def test_a_channel_without_a_way_to_it_is_unknown(sqlite: Database) -> None:
    memberships, _ = scripted(sqlite, page("29:ana"))
    meet(sqlite, WORKSPACE, Channel(id=CHANNEL, name="imported"))
    with pytest.raises(MembershipUnknown):
        await is_in(memberships, CHANNEL, "29:ana")


async def test_of_many_channels_those_one_is_in_are_theirs_and_the_refused_are_not(
    teams: FakeTeams, sqlite: Database, memberships: TeamsMemberships
) -> None:
    ana = teams.person("Ana")
    mine, other, silent = teams.channel("mine", [ana]), teams.channel("other"), teams.channel("silent")
    silent.installed = False
    channels = [channel(teams, place) for place in (mine, other, silent)]
    unmet = Channel(id="19:imported", name="imported")
    theirs = await memberships.theirs(WORKSPACE, [*channels, unmet], person(ana))
    assert theirs == Theirs(channels[:1], unchecked=False), "to ask once more would not help"
    assert await memberships.theirs(WORKSPACE, [], person(ana)) == Theirs([], unchecked=False)


@pytest.mark.parametrize("fault", [{"status": 429}, {"status": 503}, {"drop": "before"}], ids=str)
async def test_of_channels_that_nobody_tells_about_just_now_it_is_known_that_they_are_missing(
    teams: FakeTeams, sqlite: Database, memberships: TeamsMemberships, fault: dict[str, Any]
) -> None:
    ana = teams.person("Ana")
    mine = channel(teams, teams.channel("mine", [ana]))
    teams.fail_next("members", times=2 if "drop" in fault else 1, **fault)
    assert await memberships.theirs(WORKSPACE, [mine], person(ana)) == Theirs([], unchecked=True)
    assert await memberships.theirs(WORKSPACE, [mine], person(ana)) == Theirs([mine], unchecked=False)


async def test_a_channel_that_was_refused_is_asked_again_the_next_time(
    teams: FakeTeams, sqlite: Database, memberships: TeamsMemberships
) -> None:
    ana = teams.person("Ana")
    mine = channel(teams, teams.channel("mine", [ana]))
    teams.fail_next("members", status=403)
    assert await memberships.theirs(WORKSPACE, [mine], person(ana)) == Theirs([], unchecked=False)
    assert await memberships.theirs(WORKSPACE, [mine], person(ana)) == Theirs([mine], unchecked=False)


async def test_rosters_are_asked_within_teams_own_limits(
    teams: FakeTeams, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    limits = Limits(ROSTER_WINDOWS, clock)
    assert [limits.wait("19:x") for _ in range(14)] == [0.0] * 14
    assert limits.wait("19:x") == 1.0
    monkeypatch.setattr(connector_module, "MAX_WAIT", 0.0)
    tokens = Tokens(fetch_with(settings_for(teams)))
    connector = Connector(tokens, lambda _: True)
    desk = channel(teams, teams.channel("desk"))
    for _ in range(14):
        await connector.roster(desk.reference, desk.id)
    with pytest.raises(ConnectorError):
        await connector.roster(desk.reference, desk.id)
    assert teams.calls["members"] == 14
    tokens.close()
    await connector.close()
