"""Who people are and what channels are called: asked once, in time, and never instead of an answer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from bot.command import Request
from bot.domain.channel import Channel
from bot.domain.person import Person
from handlers.slack import directory, outgoing
from handlers.slack.directory import Directory, channel_of, profile_of
from handlers.slack.markup import PRIVATE
from handlers.slack.workspace import Workspace
from tests.fakes import FakeSlack, SlackPerson

OURS = Workspace(team="T0FAKE", url="https://fake.slack.com/", bot="U0AMENDS")
ON_GRID = Workspace(team="T0FAKE", url="https://fake.slack.com/", bot="U0AMENDS", enterprise="E0FAKE")


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def people(slack: FakeSlack, clock: Clock) -> AsyncIterator[Directory]:
    async with aiohttp.ClientSession() as session:
        known = Directory(outgoing.client(slack.token, slack.api_url, session), OURS, clock)
        yield known
        await known.close()


def request_of(
    person: SlackPerson, channel: Channel | None = None, *others: SlackPerson, **values: str
) -> Request:
    return Request(
        values=values or None,
        workspace="slack:T0FAKE",
        command_name="retro.answer" if "unnamed" in values else "case.fail",
        person=Person(id=person.id, name="handle"),
        channel=channel,
        people=tuple(Person(id=other.id, name="") for other in others),
        at=datetime(2026, 11, 22, tzinfo=UTC),
    )


async def test_a_person_is_asked_for_once_in_five_minutes(
    slack: FakeSlack, people: Directory, clock: Clock
) -> None:
    ana = slack.person("Ana", tz="Europe/Madrid")
    for now, asked in ((0.0, 1), (299.0, 1), (301.0, 2)):
        clock.now = now
        request = await people.resolve_people(request_of(ana), hurry=False)
        assert (request.person.name, request.person.zone) == ("Ana", "Europe/Madrid")
        assert request.introduced
        assert slack.calls["users.info"] == asked


async def test_in_a_hurry_nothing_is_asked(slack: FakeSlack, people: Directory) -> None:
    ana = slack.person("Ana")
    cold = await people.resolve_people(request_of(ana), hurry=True)
    assert (cold.person.name, slack.calls["users.info"]) == ("handle", 0)
    assert not cold.introduced
    await people.resolve_people(request_of(ana), hurry=False)
    warm = await people.resolve_people(request_of(ana), hurry=True)
    assert (warm.person.name, slack.calls["users.info"]) == ("Ana", 1)
    assert warm.introduced


async def test_nobody_is_asked_about_who_does_not_want_to_be_named(
    slack: FakeSlack, people: Directory
) -> None:
    ana, desk = slack.person("Ana"), slack.channel("desk", private=True)
    channel = Channel(id=desk.id, name="")
    unnamed = await people.resolve_people(request_of(ana, channel, unnamed="yes", text="x"), hurry=False)
    assert (unnamed.person.name, unnamed.introduced) == ("handle", False)
    assert unnamed.channel == Channel(id=desk.id, name="desk")
    assert slack.calls["users.info"] == 0
    await people.resolve_people(request_of(ana, unnamed="", text="x"), hurry=False)
    assert slack.calls["users.info"] == 1
    request = await people.resolve_people(request_of(ana, unnamed="yes", text="x"), hurry=False)
    assert (request.introduced, slack.calls["users.info"]) == (True, 1)


async def test_a_slack_that_does_not_answer_costs_a_name_and_nothing_else(
    slack: FakeSlack, people: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "ASK_SECONDS", 0.05)
    ana = slack.person("Ana")
    slack.latency["users.info"] = 5.0
    request = await people.resolve_people(request_of(ana), hurry=False)
    assert (request.person.name, request.person.zone, request.introduced) == ("handle", None, False)


async def test_an_answer_that_came_too_late_is_there_for_the_next_question(
    slack: FakeSlack, people: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "ASK_SECONDS", 0.05)
    ana = slack.person("Ana")
    slack.latency["users.info"] = 0.3
    assert not (await people.resolve_people(request_of(ana), hurry=False)).introduced
    assert await people.people.ask(ana.id) is not None
    assert (await people.resolve_people(request_of(ana), hurry=False)).introduced
    assert slack.calls["users.info"] == 1


async def test_chosen_people_are_asked_for_afresh(slack: FakeSlack, people: Directory) -> None:
    ana, bo = slack.person("Ana"), slack.person("Bo")
    await people.resolve_people(request_of(bo), hurry=False)
    bo.deleted = True
    request = await people.resolve_people(request_of(ana, None, bo), hurry=False)
    assert [(person.name, person.gone) for person in request.people] == [("Bo", True)]


async def test_a_chosen_person_that_slack_does_not_know_is_left_out(
    slack: FakeSlack, people: Directory
) -> None:
    ana, bo = slack.person("Ana"), slack.person("Bo")
    del slack.people[bo.id]
    assert (await people.resolve_people(request_of(ana, None, bo), hurry=False)).people == ()


async def test_a_channel_without_a_name_gets_its_own(slack: FakeSlack, people: Directory) -> None:
    ana = slack.person("Ana")
    desk = slack.channel("desk", private=True)
    hidden = slack.channel("hidden", private=True, with_bot=False)
    for channel, name in ((desk, "desk"), (desk, "desk"), (hidden, PRIVATE)):
        request = await people.resolve_people(
            request_of(ana, Channel(id=channel.id, name="")), hurry=False
        )
        assert request.channel == Channel(id=channel.id, name=name)
    assert slack.calls["conversations.info"] == 2


async def test_what_is_known_does_not_grow_without_end(
    slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "MAX_KNOWN", 3)
    async with aiohttp.ClientSession() as session:
        people = Directory(outgoing.client(slack.token, slack.api_url, session), OURS)
        for number in range(5):
            people.learn({"id": f"U{number}", "name": "x", "team_id": "T0FAKE"})
    known = [people.people.known(f"U{number}") is not None for number in range(5)]
    assert known == [False] * 2 + [True] * 3


async def test_what_slack_tells_in_another_shape_is_not_believed(
    slack: FakeSlack, people: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, desk = slack.person("Ana"), slack.channel("desk")
    monkeypatch.setattr(ana, "shown", lambda: {"id": 7})
    monkeypatch.setattr(desk, "name", 7)
    request = await people.resolve_people(request_of(ana, Channel(id=desk.id, name="")), hurry=False)
    assert (request.introduced, request.channel) == (False, Channel(id=desk.id, name=PRIVATE))


async def test_many_who_ask_at_once_share_one_question(slack: FakeSlack, people: Directory) -> None:
    ana, desk = slack.person("Ana"), slack.channel("desk", private=True)
    slack.latency["users.info"] = 0.1
    request = request_of(ana, Channel(id=desk.id, name=""))
    known = await asyncio.gather(*(people.resolve_people(request, hurry=False) for _ in range(20)))
    assert {(one.person.name, one.channel and one.channel.name) for one in known} == {("Ana", "desk")}
    assert (slack.calls["users.info"], slack.calls["conversations.info"]) == (1, 1)


async def test_what_was_forgotten_while_it_was_told_is_not_learnt(
    slack: FakeSlack, people: Directory
) -> None:
    desk = slack.channel("desk")
    slack.lingering["conversations.info"] = 0.2
    asking = people.channels.begin(desk.id)
    await slack.until(lambda: slack.calls["conversations.info"])
    people.channels.forget(desk.id)
    assert await asking is not None
    assert people.channels.last(desk.id) is None


USER = {"id": "U1", "team_id": "T0FAKE"}
COLLEAGUE = {"id": "U1", "team_id": "T0SISTER", "enterprise_user": {"enterprise_id": "E0FAKE"}}
OF_BOTH = {"enterprise_id": "E0FAKE", "teams": ["T0SISTER", "T0FAKE"]}


@pytest.mark.parametrize(
    ("user", "workspace", "ours", "full"),
    [
        (USER, OURS, True, True),
        ({**USER, "is_restricted": True}, OURS, True, False),
        ({**USER, "is_ultra_restricted": True}, OURS, True, False),
        ({**USER, "deleted": True}, OURS, True, False),
        ({**USER, "is_stranger": True}, OURS, False, False),
        ({**USER, "team_id": "T0PARTNER"}, OURS, False, False),
        ({"id": "U1"}, OURS, False, False),
        (COLLEAGUE, OURS, False, False),
        (COLLEAGUE, ON_GRID, True, False),
        ({**COLLEAGUE, "is_stranger": True}, ON_GRID, True, False),
        ({**COLLEAGUE, "team_id": "E0FAKE"}, ON_GRID, True, False),
        ({**COLLEAGUE, "enterprise_user": OF_BOTH}, ON_GRID, True, True),
        ({**COLLEAGUE, "enterprise_user": OF_BOTH, "is_restricted": True}, ON_GRID, True, False),
        ({**COLLEAGUE, "enterprise_user": {"enterprise_id": "E0PARTNER"}}, ON_GRID, False, False),
        ({"id": "U1", "team_id": "T0PARTNER"}, ON_GRID, False, False),
    ],
)
def test_whose_people_are_is_what_slack_says_of_them(
    user: dict[str, object], workspace: Workspace, ours: bool, full: bool
) -> None:
    profile = profile_of(user, workspace)
    assert (profile.ours, profile.full) == (ours, full)


@pytest.mark.parametrize(
    ("told", "private", "shared"),
    [
        ({"is_private": False}, False, False),
        ({"is_private": True}, True, False),
        ({}, True, False),
        ({"is_private": False, "is_ext_shared": True}, False, True),
        ({"is_private": False, "is_pending_ext_shared": True}, False, True),
        ({"is_private": False, "is_org_shared": True}, False, False),
    ],
)
def test_what_a_channel_does_not_say_of_itself_is_taken_for_the_stricter(
    told: dict[str, object], private: bool, shared: bool
) -> None:
    channel = channel_of({"name": "desk", **told})
    assert (channel.private, channel.shared, channel.there) == (private, shared, True)


async def test_a_chosen_person_of_another_organisation_is_left_out(
    slack: FakeSlack, people: Directory
) -> None:
    ana, eve = slack.person("Ana"), slack.person("Eve", team="T0PARTNER")
    assert (await people.resolve_people(request_of(ana, None, eve), hurry=False)).people == ()
