"""Who counts as in a channel: by what kind of person, by what Slack told, and when it says nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from bot.domain.errors import Refused
from bot.domain.person import Person
from bot.ports import MembershipUnknown
from handlers.slack import directory, memberships, outgoing
from handlers.slack.directory import Directory
from handlers.slack.memberships import CHANGING, GOING, SHARED, SlackMemberships
from handlers.slack.workspace import Workspace
from tests.fakes import FakeSlack, SlackChannel, SlackPerson

OURS = Workspace(team="T0FAKE", url="https://fake.slack.com/", bot="U0AMENDS", enterprise="E0FAKE")
WORKSPACE = "slack:T0FAKE"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class App:
    """Memberships on a fake Slack, whose events reach them."""

    def __init__(self, slack: FakeSlack, session: aiohttp.ClientSession, shared_too: bool) -> None:
        self.slack, self.clock = slack, Clock()
        client = outgoing.client(slack.token, slack.api_url, session)
        self.directory = Directory(client, OURS, self.clock)
        self.memberships = SlackMemberships(
            self.directory, OURS, shared_too=shared_too, clock=self.clock
        )

    async def includes(
        self, channel: SlackChannel | str, person: SlackPerson, *, unnamed: bool = False
    ) -> bool:
        """Whether somebody is in a channel."""
        id = channel if isinstance(channel, str) else channel.id
        known = Person(id=person.id, name="handle")
        return await self.memberships.includes(WORKSPACE, id, known, unnamed=unnamed)

    async def people_in(self, channel: SlackChannel) -> int | None:
        """How many people are in a channel."""
        return await self.memberships.people_in(WORKSPACE, channel.id)

    @property
    def asked(self) -> dict[str, int]:
        """How often each method was called."""
        return {name: count for name, count in self.slack.calls.items() if count}


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(enterprise="E0FAKE") as fake:
        yield fake


@pytest.fixture
async def open_house(slack: FakeSlack) -> AsyncIterator[Callable[..., App]]:
    """Makes memberships; what they still ask ends with the test."""
    houses: list[App] = []
    async with aiohttp.ClientSession() as session:

        def opened(*, shared_too: bool = False) -> App:
            houses.append(App(slack, session, shared_too))
            return houses[-1]

        yield opened
        for house in houses:
            await house.memberships.close()
            await house.directory.close()


@pytest.fixture
def house(open_house: Callable[..., App]) -> App:
    return open_house()


def everybody(slack: FakeSlack) -> dict[str, SlackPerson]:
    """One of each kind of people."""
    people = {
        "member": slack.person("Ana"),
        "guest": slack.person("Gus", guest=True),
        "colleague of a sister workspace": slack.person("Sue", workspaces=["T0SISTER"]),
        "colleague of both workspaces": slack.person("Bo", workspaces=["T0SISTER", "T0FAKE"]),
        "partner": slack.person("Eve", team="T0PARTNER"),
        "leaver": slack.person("Lea"),
    }
    for kind in ("colleague of a sister workspace", "colleague of both workspaces"):
        people[kind].team = "T0SISTER"
    people["leaver"].deleted = True
    return people


# Kind of person → whether they count: in a public channel that they are not in, and that they are in,
# and in a private one that they are not in, and that they are in.
RULE = {
    "member": (True, True, False, True),
    "guest": (False, True, False, True),
    "colleague of a sister workspace": (False, True, False, True),
    "colleague of both workspaces": (True, True, False, True),
    "partner": (False, False, False, False),
    "leaver": (False, False, False, False),
}


@pytest.mark.parametrize("kind", RULE)
async def test_each_kind_of_person_counts_where_the_rule_says(
    slack: FakeSlack, house: App, kind: str
) -> None:
    person = everybody(slack)[kind]
    # Slack takes whoever leaves out of its channels.
    inside = [] if person.deleted else [person]
    channels = [
        slack.channel("plaza"),
        slack.channel("plaza-too", members=inside),
        slack.channel("den", private=True),
        slack.channel("den-too", members=inside, private=True),
    ]
    counted = [await house.includes(channel, person) for channel in channels]
    assert tuple(counted) == RULE[kind]


@pytest.mark.parametrize("kind", RULE)
async def test_for_an_unnamed_person_nothing_is_asked_that_names_them(
    slack: FakeSlack, house: App, kind: str
) -> None:
    person = everybody(slack)[kind]
    den, plaza = slack.channel("den", private=True), slack.channel("plaza")
    assert not await house.includes(den, person, unnamed=True)
    # Of a public channel, a full member is one without being in it: only a name would tell.
    with pytest.raises(MembershipUnknown):
        await house.includes(plaza, person, unnamed=True)
    slack.channels[plaza.id].members.add(person.id)
    house.memberships.hear({"type": "member_joined_channel", "channel": plaza.id, "user": person.id})
    assert await house.includes(plaza, person, unnamed=True)
    assert set(house.asked) == {"conversations.info", "conversations.members"}


async def test_for_an_unnamed_person_what_is_known_of_them_is_used(slack: FakeSlack, house: App) -> None:
    ana, gus = slack.person("Ana"), slack.person("Gus", guest=True)
    plaza = slack.channel("plaza")
    for person, counts in ((ana, True), (gus, False)):
        assert await house.includes(plaza, person) is counts
        assert await house.includes(plaza, person, unnamed=True) is counts
    assert house.asked["users.info"] == 2


async def test_what_slack_told_holds_for_five_minutes(slack: FakeSlack, house: App) -> None:
    ana = slack.person("Ana")
    den = slack.channel("den", members=[ana], private=True)
    for now, asked in ((0.0, 1), (299.0, 1), (301.0, 2)):
        house.clock.now = now
        assert await house.includes(den, ana)
        assert house.asked == {"conversations.info": asked, "conversations.members": asked}


async def test_a_person_who_is_asked_for_by_many_at_once_is_asked_for_once(
    slack: FakeSlack, house: App
) -> None:
    people = [slack.person(f"P{number}") for number in range(10)]
    den = slack.channel("den", members=people[:5], private=True)
    slack.latency = {"conversations.members": 0.1}
    counted = await asyncio.gather(*(house.includes(den, person) for person in people))
    assert counted == [True] * 5 + [False] * 5
    assert house.asked == {"conversations.info": 1, "conversations.members": 1}


async def test_a_large_channel_is_read_page_by_page(slack: FakeSlack, house: App) -> None:
    people = [slack.person(f"P{number}") for number in range(25)]
    den = slack.channel("den", members=people[:24], private=True)
    slack.page = 7
    assert [await house.includes(den, person) for person in people] == [True] * 24 + [False]
    assert house.asked["conversations.members"] == 4


async def test_a_channel_that_takes_longer_than_a_second_is_known_to_the_next(
    slack: FakeSlack, house: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "ASK_SECONDS", 0.1)
    people = [slack.person(f"P{number}") for number in range(10)]
    den = slack.channel("den", members=people, private=True)
    slack.page, slack.latency = 5, {"conversations.members": 0.2}
    with pytest.raises(MembershipUnknown):
        await house.includes(den, people[0])
    await slack.until(lambda: house.asked["conversations.members"] == 3)
    monkeypatch.setattr(directory, "ASK_SECONDS", 1.0)
    assert await house.includes(den, people[0])
    assert house.asked["conversations.members"] == 3


async def test_a_channel_without_end_is_given_up(
    slack: FakeSlack, house: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memberships, "MAX_PAGES", 2)
    people = [slack.person(f"P{number}") for number in range(10)]
    den = slack.channel("den", members=people, private=True)
    slack.page = 3
    with pytest.raises(MembershipUnknown):
        await house.includes(den, people[0])
    monkeypatch.setattr(memberships, "READ_SECONDS", 0.05)
    slack.latency = {"conversations.members": 0.3}
    with pytest.raises(MembershipUnknown):
        await house.includes(den, people[0])


@pytest.mark.parametrize(
    ("method", "private"),
    [("conversations.info", False), ("users.info", False), ("conversations.members", True)],
)
@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 500},
        {"status": 429, "retry_after": 30},
        {"drop": "before"},
        {"error": "missing_scope"},
        {"error": "invalid_auth"},
    ],
)
async def test_when_slack_does_not_tell_nobody_knows(
    slack: FakeSlack, house: App, method: str, private: bool, trouble: dict[str, object]
) -> None:
    ana = slack.person("Ana")
    channel = slack.channel("desk", members=[ana] if private else [], private=private)
    slack.fail_next(method, **trouble)  # type: ignore[arg-type]  # one of them each
    with pytest.raises(MembershipUnknown):
        await house.includes(channel, ana)
    # Nothing of it is kept.
    assert await house.includes(channel, ana)


@pytest.mark.parametrize("method", ["conversations.info", "users.info", "conversations.members"])
async def test_a_silent_slack_is_waited_for_no_longer_than_a_second(
    slack: FakeSlack, house: App, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "ASK_SECONDS", 0.1)
    ana = slack.person("Ana")
    channel = slack.channel("desk", private=method == "conversations.members")
    slack.latency = {method: 30.0}
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(MembershipUnknown):
        await house.includes(channel, ana)
    assert await house.people_in(channel) is None or method == "users.info"
    assert loop.time() - began < 1.0


async def test_a_private_channel_without_the_bot_counts_nobody_from_elsewhere(
    slack: FakeSlack, house: App
) -> None:
    ana = slack.person("Ana")
    den = slack.channel("den", members=[ana], private=True, with_bot=False)
    assert not await house.includes(den, ana)
    assert not await house.includes(den, ana, unnamed=True)
    assert not await house.includes("C404", ana)
    assert await house.people_in(den) is None
    assert await house.memberships.is_closed(den.id) is False
    # Invited, it sees who is there.
    den.members.add(slack.bot)
    house.memberships.hear({"type": "member_joined_channel", "channel": den.id, "user": slack.bot})
    assert await house.includes(den, ana)


async def test_direct_messages_are_nobodys_channel(slack: FakeSlack, house: App) -> None:
    ana = slack.person("Ana")
    assert not await house.includes(ana.direct, ana)
    assert house.asked == {}


async def test_whoever_asked_from_a_channel_is_in_it_for_a_while(slack: FakeSlack, house: App) -> None:
    """So that a dialog that was opened there can be submitted, whatever Slack says of the channel."""
    ana, bo = slack.person("Ana"), slack.person("Bo")
    den = slack.channel("den", private=True, with_bot=False)
    assert await house.memberships.is_closed(den.id) is False
    house.memberships.met(den.id, ana.id)
    slack.fail_next("conversations.info", times=100, status=500)
    house.clock.now = directory.KNOWN_SECONDS - 1
    assert await house.includes(den, ana)
    assert await house.includes(den, ana, unnamed=True)
    assert house.asked == {"conversations.info": 1}
    house.clock.now = memberships.HERE_SECONDS - 1
    assert await house.includes(den, ana)
    with pytest.raises(MembershipUnknown):
        await house.includes(den, bo)
    house.clock.now = memberships.HERE_SECONDS + 1
    with pytest.raises(MembershipUnknown):
        await house.includes(den, ana)


async def test_after_minutes_slack_is_asked_again_of_who_asked_from_a_channel(
    slack: FakeSlack, house: App
) -> None:
    ana = slack.person("Ana")
    den = slack.channel("den", private=True)
    house.memberships.met(den.id, ana.id)
    assert await house.includes(den, ana)
    house.clock.now = directory.KNOWN_SECONDS + 1
    assert not await house.includes(den, ana)


async def test_a_long_answer_without_a_name_is_heard_of_a_full_member_who_never_joined(
    slack: FakeSlack, house: App
) -> None:
    ana, olga = slack.person("Ana"), slack.person("Olga")
    support = slack.channel("support", members=[ana])
    house.memberships.met(support.id, olga.id)
    house.clock.now = 3600.0
    assert await house.includes(support, olga, unnamed=True)
    assert "users.info" not in house.asked


async def test_not_more_is_remembered_of_who_asked_where_than_fits(
    slack: FakeSlack, house: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memberships, "MAX_HERE", 2)
    people = [slack.person(f"P{number}") for number in range(3)]
    den = slack.channel("den", private=True)
    for person in people:
        house.memberships.met(den.id, person.id)
    assert [await house.includes(den, person) for person in people] == [False, True, True]


def leaves(house: App, person: SlackPerson, channel: SlackChannel) -> None:
    channel.members.discard(person.id)
    house.memberships.hear(
        {"type": "member_left_channel", "channel": channel.id, "user": person.id, "team": "T0FAKE"}
    )


async def test_whoever_leaves_is_out_at_once(slack: FakeSlack, house: App) -> None:
    ana, bo = slack.person("Ana"), slack.person("Bo")
    den = slack.channel("den", members=[ana, bo], private=True)
    house.memberships.met(den.id, ana.id)
    house.memberships.met(den.id, bo.id)
    assert await house.includes(den, ana)
    leaves(house, ana, den)
    assert not await house.includes(den, ana)
    slack.fail_next("conversations.members", times=9, status=500)
    assert await house.includes(den, bo), "Bo asked from there, and did not leave"


async def test_whoever_joins_is_in_at_once(slack: FakeSlack, house: App) -> None:
    ana = slack.person("Ana", guest=True)
    plaza = slack.channel("plaza")
    assert not await house.includes(plaza, ana)
    plaza.members.add(ana.id)
    house.memberships.hear({"type": "member_joined_channel", "channel": plaza.id, "user": ana.id})
    assert await house.includes(plaza, ana)


@pytest.mark.parametrize("kind", sorted(CHANGING))
async def test_a_channel_that_changed_is_asked_for_anew(slack: FakeSlack, house: App, kind: str) -> None:
    ana = slack.person("Ana")
    plaza, other = slack.channel("plaza"), slack.channel("other", private=True)
    house.memberships.met(plaza.id, ana.id)
    assert await house.includes(plaza, ana)
    assert not await house.includes(other, ana)
    plaza.private = True
    happened = {"type": "message", "subtype": kind} if "convert" in kind else {"type": kind}
    house.memberships.hear({**happened, "channel": plaza.id, "user": "U0ADMIN"})
    assert not await house.includes(plaza, ana)
    assert not await house.includes(other, ana)
    assert house.asked["conversations.info"] == 3, "nothing was forgotten of the other channel"


async def test_an_event_of_another_kind_forgets_nothing(slack: FakeSlack, house: App) -> None:
    ana = slack.person("Ana")
    den = slack.channel("den", members=[ana], private=True)
    assert await house.includes(den, ana)
    for happened in (
        {"type": "message", "text": "hi"},
        {"type": "channel_topic", "channel": {"id": 7}},
    ):
        house.memberships.hear({"channel": den.id, "user": ana.id, **happened})
    assert await house.includes(den, ana)
    assert house.asked == {"conversations.info": 1, "conversations.members": 1}


async def test_a_person_who_changed_is_as_they_are_now(slack: FakeSlack, house: App) -> None:
    ana = slack.person("Ana")
    plaza = slack.channel("plaza")
    assert await house.includes(plaza, ana)
    ana.guest = True
    house.directory.learn(ana.shown())
    assert not await house.includes(plaza, ana)
    ana.guest, ana.deleted = False, True
    house.directory.learn(ana.shown())
    assert not await house.includes(plaza, ana)
    assert house.asked["users.info"] == 1


async def test_all_events_that_forget_are_in_the_manifest(slack: FakeSlack) -> None:
    by_message = {kind for kind in CHANGING if "convert" in kind}
    assert (GOING | CHANGING) - by_message <= slack.subscribed


@pytest.mark.parametrize("way", ["shared", "pending"])
async def test_a_channel_shared_with_another_organisation_is_refused(
    slack: FakeSlack, house: App, way: str
) -> None:
    ana = slack.person("Ana")
    desk = slack.channel("desk", members=[ana], private=True)
    setattr(desk, way, True)
    house.memberships.met(desk.id, ana.id)
    for unnamed in (False, True):
        with pytest.raises(Refused) as refused:
            await house.includes(desk, ana, unnamed=unnamed)
        assert refused.value.sentence == SHARED
    assert await house.memberships.is_closed(desk.id)
    assert house.memberships.is_known_closed(desk.id, shared=False)


async def test_a_shared_channel_is_like_every_other_when_the_operator_allows_it(
    slack: FakeSlack, open_house: Callable[..., App]
) -> None:
    house = open_house(shared_too=True)
    ana, bo, eve = slack.person("Ana"), slack.person("Bo"), slack.person("Eve", team="T0PARTNER")
    desk = slack.channel("desk", members=[ana, eve], private=True, shared=True)
    counted = [await house.includes(desk, person) for person in (ana, bo, eve)]
    assert counted == [True, False, False]
    assert not house.memberships.is_known_closed(desk.id, shared=True)
    before = house.asked
    assert await house.memberships.is_closed("C404") is False
    assert house.asked == before


async def test_a_channel_that_becomes_shared_closes_at_once_and_opens_again(
    slack: FakeSlack, house: App
) -> None:
    desk = slack.channel("desk")
    assert await house.memberships.is_closed(desk.id) is False
    for shared in (True, False):
        desk.shared = shared
        house.memberships.hear(
            {"type": "channel_shared" if shared else "channel_unshared", "channel": desk.id}
        )
        assert await house.memberships.is_closed(desk.id) is shared


async def test_a_channel_met_before_is_not_waited_for(slack: FakeSlack, house: App) -> None:
    desk = slack.channel("desk")
    assert await house.memberships.is_closed(desk.id) is False
    house.clock.now, desk.shared = 301.0, True
    # What is old is used once more, and asked anew beside it.
    assert await house.memberships.is_closed(desk.id) is False
    await slack.until(lambda: house.asked["conversations.info"] == 2)
    assert await house.directory.channels.ask(desk.id) is not None
    assert await house.memberships.is_closed(desk.id) is True
    slack.fail_next("conversations.info", times=9, status=500)
    house.clock.now = 1000.0
    assert await house.memberships.is_closed(desk.id) is True


async def test_of_a_channel_never_met_nobody_knows_when_slack_is_silent(
    slack: FakeSlack, house: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "ASK_SECONDS", 0.05)
    desk = slack.channel("desk")
    slack.latency["conversations.info"] = 30.0
    assert await house.memberships.is_closed(desk.id) is None
    assert await house.memberships.is_closed(None) is False
    assert not house.memberships.is_known_closed(desk.id, shared=False)
    assert house.memberships.is_known_closed(desk.id, shared=True)


async def test_few_people_are_counted_without_bots_and_all_of_them_are_asked_for_alike(
    slack: FakeSlack, house: App
) -> None:
    ana, bo, robot = slack.person("Ana"), slack.person("Bo"), slack.person("Robot", bot=True)
    den = slack.channel("den", members=[ana, bo, robot], private=True)
    # Bo is known by chance: asking for Ana alone would tell that she is about to write.
    await house.directory.people.ask(bo.id)
    assert await house.people_in(den) == 2
    assert house.asked["users.info"] == 1 + 3
    assert await house.people_in(den) == 2
    assert house.asked["users.info"] == 1 + 3


async def test_many_people_are_counted_by_one_call(slack: FakeSlack, house: App) -> None:
    den = slack.channel("den", [slack.person(f"P{number}") for number in range(11)], private=True)
    assert await house.people_in(den) == 12  # with the bot
    assert house.asked == {"conversations.info": 1}


async def test_whoever_came_or_went_is_counted(slack: FakeSlack, house: App) -> None:
    people = [slack.person(f"P{number}") for number in range(11)]
    den = slack.channel("den", people, private=True)
    assert await house.people_in(den) == 12
    for person in people[2:]:
        leaves(house, person, den)
    assert await house.people_in(den) == 2


@pytest.mark.parametrize("method", ["conversations.info", "conversations.members", "users.info"])
async def test_nobody_counts_when_slack_does_not_tell(slack: FakeSlack, house: App, method: str) -> None:
    den = slack.channel("den", [slack.person("Ana"), slack.person("Bo")], private=True)
    slack.fail_next(method, status=500)
    assert await house.people_in(den) is None
    assert await house.people_in(den) == 2


async def test_people_of_another_organisation_write_nothing_and_are_not_counted(
    slack: FakeSlack, open_house: Callable[..., App]
) -> None:
    house = open_house(shared_too=True)
    eve = slack.person("Eve", team="T0PARTNER")
    den = slack.channel("den", [slack.person("Ana"), eve], private=True, shared=True)
    assert await house.people_in(den) == 1


async def test_nothing_can_be_said_in_a_channel_that_is_archived_or_in_which_we_are_not(
    slack: FakeSlack, house: App
) -> None:
    ana = slack.person("Ana")
    channels = {
        name: slack.channel(name, members=[ana], private=True) for name in ("open", "old", "den")
    }
    channels["old"].archived = True
    channels["den"].members.discard(slack.bot)
    channels["square"] = slack.channel("square", members=[ana])
    channels["square"].members.discard(slack.bot)
    ids = [*(channel.id for channel in channels.values()), "C0NOWHERE", "C1 or ../C2"]
    assert [await house.memberships.speaks_in(WORKSPACE, id) for id in ids] == [True, *[False] * 5]
    silent = slack.channel("silent")
    slack.fail_next("conversations.info", status=500)
    with pytest.raises(MembershipUnknown):
        await house.memberships.speaks_in(WORKSPACE, silent.id)
