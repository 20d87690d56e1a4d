"""Who people are and what places are called: asked once, in time, and never instead of an answer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from bot.request import Person, Place, Request
from handlers.slack import directory, outgoing
from handlers.slack.directory import Directory
from handlers.slack.incoming import PRIVATE
from tests.fakes import FakeSlack, SlackPerson


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
        yield Directory(outgoing.client(slack.token, slack.api_url, session), clock)


def request_of(person: SlackPerson, place: Place | None = None, *others: SlackPerson) -> Request:
    return Request(
        workspace="slack:T0FAKE",
        verb="case.fail",
        person=Person(id=person.id, name="handle"),
        place=place,
        people=tuple(Person(id=other.id, name="") for other in others),
        at=datetime(2026, 11, 22, tzinfo=UTC),
    )


async def test_a_person_is_asked_for_once_in_ten_minutes(
    slack: FakeSlack, people: Directory, clock: Clock
) -> None:
    ana = slack.person("Ana", tz="Europe/Madrid")
    for now, asked in ((0.0, 1), (599.0, 1), (601.0, 2)):
        clock.now = now
        known = await people.introduce(request_of(ana), hurry=False)
        assert (known.person.name, known.person.zone) == ("Ana", "Europe/Madrid")
        assert slack.calls["users.info"] == asked


async def test_in_a_hurry_nothing_is_asked(slack: FakeSlack, people: Directory) -> None:
    ana = slack.person("Ana")
    cold = await people.introduce(request_of(ana), hurry=True)
    assert (cold.person.name, slack.calls["users.info"]) == ("handle", 0)
    await people.introduce(request_of(ana), hurry=False)
    warm = await people.introduce(request_of(ana), hurry=True)
    assert (warm.person.name, slack.calls["users.info"]) == ("Ana", 1)


async def test_a_slack_that_does_not_answer_costs_a_name_and_nothing_else(
    slack: FakeSlack, people: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "ASK_SECONDS", 0.05)
    ana = slack.person("Ana")
    slack.latency["users.info"] = 5.0
    known = await people.introduce(request_of(ana), hurry=False)
    assert (known.person.name, known.person.zone) == ("handle", None)


async def test_chosen_people_are_asked_for_afresh(slack: FakeSlack, people: Directory) -> None:
    ana, bo = slack.person("Ana"), slack.person("Bo")
    await people.introduce(request_of(bo), hurry=False)
    bo.deleted = True
    known = await people.introduce(request_of(ana, None, bo), hurry=False)
    assert [(person.name, person.gone) for person in known.people] == [("Bo", True)]


async def test_a_chosen_person_that_slack_does_not_know_is_left_out(
    slack: FakeSlack, people: Directory
) -> None:
    ana, bo = slack.person("Ana"), slack.person("Bo")
    del slack.people[bo.id]
    assert (await people.introduce(request_of(ana, None, bo), hurry=False)).people == ()


async def test_a_place_without_a_name_gets_its_own(slack: FakeSlack, people: Directory) -> None:
    ana = slack.person("Ana")
    desk = slack.channel("desk", private=True)
    hidden = slack.channel("hidden", private=True, with_bot=False)
    for channel, name in ((desk, "desk"), (desk, "desk"), (hidden, PRIVATE)):
        known = await people.introduce(request_of(ana, Place(id=channel.id, name="")), hurry=False)
        assert known.place == Place(id=channel.id, name=name)
    assert slack.calls["conversations.info"] == 2


async def test_what_is_known_does_not_grow_without_end(
    slack: FakeSlack, people: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "MOST_KNOWN", 3)
    for number in range(5):
        people.learn(Person(id=f"U{number}", name="x"))
    assert [people.known(f"U{number}") is not None for number in range(5)] == [False] * 2 + [True] * 3
