"""Who may speak to the bot as Teams: wrong tokens get 401, malformed bodies 400; nothing happens."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import jwt
import pytest

from bot import settings as all_settings
from bot.domain.channel import Channel
from bot.settings import Misconfigured
from handlers.payload import Malformed, Payload
from handlers.teams.app import TeamsAdapter
from handlers.teams.authentication import Authenticator, Claims, Unauthorised
from storage.database import Database
from tests.fake_teams import APP, FakeTeams, TeamsChannel, TeamsPerson
from tests.fake_teams_login import new_key
from tests.handlers.served import served
from tests.handlers.slack_adapter import Script
from tests.journeys.teams_app import settings_for
from tests.session import open_work

OTHER_TENANT = "99999999-aaaa-4bbb-8ccc-000000000009"
EMULATOR_ISSUER = "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/"


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    """A tenant."""
    async with FakeTeams() as fake:
        yield fake


@asynccontextmanager
async def serving(
    teams: FakeTeams,
    database: Database,
    bot: Script,
    *,
    committed: Callable[[], None] = lambda: None,
    authenticator: Authenticator | None = None,
    **more: Any,
) -> AsyncIterator[TeamsAdapter]:
    """The adapter with a scripted bot behind it, served over HTTP."""
    settings = settings_for(teams, **more)
    if authenticator:
        adapter = TeamsAdapter(settings, bot, database, committed, authenticator)
    else:
        adapter = await TeamsAdapter.open(settings, bot, database, committed)
    try:
        async with served("/api/messages", adapter.handler) as teams.endpoint:
            yield adapter
    finally:
        await adapter.close()


def typed(ana: TeamsPerson, support: TeamsChannel) -> dict[str, Any]:
    """A command, ready to be sent."""
    mention = {"type": "mention", "mentioned": {"id": ana.teams.bot}, "text": "<at>Amends</at>"}
    more = {"text": "<at>Amends</at> help", "entities": [mention]}
    return ana.activity("message", support, "1700000000001", id="1700000000001", **more)


def known(database: Database, teams: FakeTeams, place: TeamsChannel) -> Channel | None:
    """What the bot remembers of a channel."""
    with open_work(database, f"teams:{teams.tenant}", writes=False) as work:
        return work.channels.get(place.id)


def unsigned(teams: FakeTeams) -> str:
    claims = jwt.decode(teams.login.sign(teams.service_url), options={"verify_signature": False})
    return jwt.encode(claims, "", algorithm="none")


def by_secret(teams: FakeTeams) -> str:
    claims = jwt.decode(teams.login.sign(teams.service_url), options={"verify_signature": False})
    return jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": "first"})


def signed(**wrong: Any) -> Callable[[FakeTeams], str]:
    return lambda teams: teams.login.sign(wrong.pop("service_url", teams.service_url), **wrong)


TOKENS: dict[str, Callable[[FakeTeams], str]] = {
    "missing": lambda _: "",
    "garbage": lambda _: "garbage",
    "three parts of garbage": lambda _: "a.b.c",
    "expired": signed(exp=1_600_000_000, nbf=1_599_990_000, iat=1_599_990_000),
    "not yet valid": signed(nbf=4_000_000_000),
    "unsigned": unsigned,
    "signed with a shared secret": by_secret,
    "signed with another key": lambda teams: teams.login.sign(teams.service_url, key=new_key()),
    "of an unknown key": lambda teams: teams.login.sign(
        teams.service_url, key=new_key(), headers={"kid": "unknown"}
    ),
    "without a key's name": lambda teams: teams.login.sign(
        teams.service_url, key=new_key(), headers={"kid": None}
    ),
    "for another app": signed(aud="33333333-aaaa-4bbb-8ccc-000000000003"),
    "for nobody": signed(aud=None),
    "of another issuer": signed(iss="https://sts.windows.net/x/"),
    "of nobody": signed(iss=None),
    "of an emulator": signed(iss=EMULATOR_ISSUER, ver="1.0", appid=APP),
    "of another bot, as a skill's": signed(ver="1.0", appid="33333333-aaaa-4bbb-8ccc-000000000003"),
    "for another service URL": lambda teams: teams.login.sign("https://evil.example/"),
    "for no service URL": signed(serviceurl=None),
}


@pytest.mark.parametrize("kind", TOKENS)
async def test_a_wrong_token_gets_401_and_nothing_happens(
    teams: FakeTeams, sqlite: Database, kind: str
) -> None:
    ana, bot = teams.person("Ana"), Script()
    support = teams.channel("support", members=[ana])
    async with serving(teams, sqlite, bot):
        heard = await teams.send(typed(ana, support), token=TOKENS[kind](teams))
        assert heard.status == 401
        assert bot.asked == []
        assert known(sqlite, teams, support) is None
        assert (await teams.send(typed(ana, support))).status in (200, 201, 202)
        assert [request.command_name for request in bot.asked] == ["team.help"]


async def test_a_token_without_bearer_before_it_gets_401(teams: FakeTeams, sqlite: Database) -> None:
    ana, bot = teams.person("Ana"), Script()
    support = teams.channel("support", members=[ana])
    async with serving(teams, sqlite, bot):
        token = teams.login.sign(teams.service_url)
        for header in (token, f"Basic {token}", "Bearer", "Bearer ", f"Bearer {token} {token}"):
            heard = await teams.post(json.dumps(typed(ana, support)), {"Authorization": header})
            assert heard.status == 401, header[:20]
    assert bot.asked == []


async def test_invokes_need_the_same_token(teams: FakeTeams, sqlite: Database) -> None:
    ana, bot = teams.person("Ana"), Script()
    support = teams.channel("support", members=[ana])
    async with serving(teams, sqlite, bot):
        for name in ("task/fetch", "task/submit", "adaptiveCard/action", "composeExtension/fetchTask"):
            invoke = {**typed(ana, support), "type": "invoke", "name": name, "value": {}}
            assert (await teams.send(invoke, token="garbage")).status == 401
    assert bot.asked == []


class Doorman:
    """An authenticator that knows everybody by name."""

    def __init__(self, **guests: Claims | Exception) -> None:
        self.guests = guests
        self.asked: list[Payload] = []

    async def authenticate(self, header: str, body: Payload) -> Claims:
        self.asked.append(body)
        guest = self.guests[header]
        if isinstance(guest, Exception):
            raise guest
        return guest


async def test_whom_the_authenticator_knows_decides_alone_who_is_heard(
    teams: FakeTeams, sqlite: Database
) -> None:
    ana, bot = teams.person("Ana"), Script()
    doorman = Doorman(
        signed=Claims("msteams", signed=True),
        unsigned=Claims("msteams", signed=False),
        unsigned_emulator=Claims("emulator", signed=False),
        signed_emulator=Claims("emulator", signed=True),
        other=Claims("webchat", signed=True),
        stranger=Unauthorised("no token"),
        odd=Malformed("no activity"),
        broken=RuntimeError("out of order"),
    )
    support = teams.channel("support", members=[ana])
    activity = typed(ana, support)
    async with serving(teams, sqlite, bot, authenticator=doorman):
        for header, status, heard in (
            ("stranger", 401, 0),
            ("odd", 400, 0),
            ("broken", 500, 0),
            ("other", 403, 0),
            ("signed_emulator", 403, 0),
            ("unsigned_emulator", 200, 1),
            ("unsigned", 200, 2),
            ("signed", 200, 3),
        ):
            answer = await teams.post(json.dumps(activity), {"Authorization": header})
            assert (answer.status, len(bot.asked)) == (status, heard), header
    assert doorman.asked == [activity] * 8


async def test_who_is_signed_is_refused_while_no_tenant_may_use_the_app(sqlite: Database) -> None:
    async with FakeTeams(app_id="") as teams:
        ana, bot = teams.person("Ana"), Script()
        support = teams.channel("support", members=[ana])
        doorman = Doorman(ana=Claims("msteams", signed=True))
        async with serving(teams, sqlite, bot, authenticator=doorman):
            heard = await teams.post(json.dumps(typed(ana, support)), {"Authorization": "ana"})
        assert (heard.status, bot.asked) == (403, [])


async def test_the_bots_own_token_is_fetched_before_anybody_asks(
    teams: FakeTeams, sqlite: Database
) -> None:
    async with serving(teams, sqlite, Script()):
        await teams.until(lambda: teams.calls["token"])


async def test_a_new_key_of_teams_is_found_without_a_restart(teams: FakeTeams, sqlite: Database) -> None:
    ana, bot = teams.person("Ana"), Script()
    support = teams.channel("support", members=[ana])
    teams.login.roll()
    async with serving(teams, sqlite, bot):
        assert (await teams.send(typed(ana, support))).status in (200, 201, 202)
    assert len(bot.asked) == 1


MALFORMED: dict[str, str | bytes] = {
    "nothing": "",
    "no JSON": "{",
    "no object": "[]",
    "a word": '"message"',
    "no UTF-8": b'{"type": "\xff"}',
    "nested too deep": "[" * 100_000,
    "a type that is no text": '{"type": {"a": 1}}',
}


@pytest.mark.parametrize("kind", MALFORMED)
async def test_a_malformed_body_is_turned_away_and_nothing_happens(
    teams: FakeTeams, sqlite: Database, kind: str
) -> None:
    bot = Script()
    async with serving(teams, sqlite, bot):
        token = teams.login.sign(teams.service_url)
        heard = await teams.post(MALFORMED[kind], {"Authorization": f"Bearer {token}"})
        assert heard.status == 400
    assert bot.asked == []


@pytest.mark.parametrize(
    "part", ["conversation", "from", "recipient", "channelData", "value", "entities"]
)
async def test_a_signed_activity_of_a_wrong_shape_is_400_and_nothing_happens(
    teams: FakeTeams, sqlite: Database, part: str
) -> None:
    ana, bot = teams.person("Ana"), Script()
    support = teams.channel("support", members=[ana])
    async with serving(teams, sqlite, bot):
        activity = {**typed(ana, support), "type": "invoke", "name": "task/fetch"}
        assert (await teams.send({**activity, "value": {}, part: "a text"})).status == 400
    assert bot.asked == []


@pytest.mark.parametrize("part", ["conversation", "from", "recipient", "id", "name", "serviceUrl"])
async def test_a_wrong_shape_is_400_whether_or_not_anybody_would_read_it(
    teams: FakeTeams, sqlite: Database, part: str
) -> None:
    ana, bot = teams.person("Ana"), Script()
    support = teams.channel("support", members=[ana])
    async with serving(teams, sqlite, bot):
        for kind in ("message", "invoke", "typing"):
            assert (await teams.send({**typed(ana, support), "type": kind, part: 7})).status == 400
    assert bot.asked == []


async def test_a_get_is_405(teams: FakeTeams, sqlite: Database) -> None:
    async with (
        serving(teams, sqlite, Script()),
        teams.http.get(teams.endpoint) as answer,
    ):
        assert answer.status == 405


async def test_a_foreign_tenant_is_refused_and_an_allowed_one_is_not(
    teams: FakeTeams, sqlite: Database
) -> None:
    mallory, bot = teams.person("Mallory", tenant=OTHER_TENANT), Script()
    support = teams.channel("support", members=[mallory])
    async with serving(teams, sqlite, bot):
        assert (await teams.send(typed(mallory, support))).status == 403
        assert bot.asked == []
        assert OTHER_TENANT not in str(sqlite.workspaces())
    async with serving(teams, sqlite, bot, teams_tenants=f"{teams.tenant},{OTHER_TENANT}"):
        assert (await teams.send(typed(mallory, support))).status in (200, 201, 202)
        assert [request.workspace for request in bot.asked] == [f"teams:{OTHER_TENANT}"]


async def test_an_activity_that_claims_two_tenants_is_refused(
    teams: FakeTeams, sqlite: Database
) -> None:
    ana, bot = teams.person("Ana"), Script()
    support = teams.channel("support", members=[ana])
    async with serving(teams, sqlite, bot):
        activity = typed(ana, support)
        activity["channelData"]["tenant"]["id"] = OTHER_TENANT
        assert (await teams.send(activity)).status in (400, 403)
    assert bot.asked == []


@pytest.mark.parametrize("service", ["directline", "webchat", "emulator", "", None])
async def test_what_is_signed_and_not_of_teams_gets_403_and_nothing_happens(
    teams: FakeTeams, sqlite: Database, service: str | None
) -> None:
    ana, bot = teams.person("Ana"), Script()
    support = teams.channel("support", members=[ana])
    async with serving(teams, sqlite, bot):
        heard = await teams.send({**typed(ana, support), "channelId": service})
        invoke = {**typed(ana, support), "type": "invoke", "name": "task/fetch", "channelId": service}
        assert heard.status in (401, 403)
        assert (await teams.send(invoke)).status == heard.status
        assert bot.asked == []
        assert known(sqlite, teams, support) is None
        if service:
            # Its key vouches for that service as well: it is our own rule that turns it away.
            assert heard.status == 403


async def test_a_key_that_does_not_vouch_for_the_service_gets_401(
    teams: FakeTeams, sqlite: Database
) -> None:
    ana, bot = teams.person("Ana"), Script()
    support = teams.channel("support", members=[ana])
    teams.login.endorsed.remove("msteams")
    async with serving(teams, sqlite, bot):
        assert (await teams.send(typed(ana, support))).status == 401
        # It is a good key for others: that they are not for us is another rule.
        assert (await teams.send({**typed(ana, support), "channelId": "webchat"})).status == 403
    assert bot.asked == []


async def test_an_emulator_is_let_in_where_nothing_is_signed_and_other_services_are_not(
    sqlite: Database,
) -> None:
    async with FakeTeams(app_id="") as teams:
        ana, bot = teams.person("Ana"), Script()
        support = teams.channel("support", members=[ana])
        async with serving(teams, sqlite, bot):
            for service, status in (("emulator", 200), ("msteams", 200), ("webchat", 403), ("", 403)):
                heard = await teams.send({**typed(ana, support), "channelId": service})
                assert heard.status == status, service
        assert len(bot.asked) == 2


def test_without_an_app_id_it_only_starts_unauthenticated_on_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("SLACK_BOT_TOKEN", "TEAMS_APP_ID", "TEAMS_APP_PASSWORD", "TEAMS_APP_TENANT_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(all_settings.Settings, "model_config", {"extra": "ignore", "env_file": None})
    monkeypatch.setenv("TEAMS_APP_PASSWORD", "secret")
    with pytest.raises(Misconfigured) as wrong:
        all_settings.read()
    assert "TEAMS_APP_ID" in str(wrong.value)
    assert "secret" not in str(wrong.value)
    monkeypatch.delenv("TEAMS_APP_PASSWORD")
    monkeypatch.setenv("TEAMS_UNAUTHENTICATED", "1")
    assert all_settings.read().teams
    monkeypatch.setenv("AMENDS_HOST", "0.0.0.0")
    with pytest.raises(Misconfigured) as wrong:
        all_settings.read()
    assert "TEAMS_UNAUTHENTICATED" in str(wrong.value)


async def test_unauthenticated_takes_what_has_no_token(sqlite: Database) -> None:
    async with FakeTeams(app_id="") as teams:
        ana, bot = teams.person("Ana"), Script()
        support = teams.channel("support", members=[ana])
        async with serving(teams, sqlite, bot):
            assert (await teams.send(typed(ana, support))).status in (200, 201, 202)
        assert len(bot.asked) == 1


async def test_unauthenticated_answers_nobody_beyond_this_machine(sqlite: Database) -> None:
    async with FakeTeams(app_id="") as teams:
        ana, bot = teams.person("Ana"), Script()
        support = teams.channel("support", members=[ana])
        async with serving(teams, sqlite, bot):
            for url in ("https://evil.example/", "http://127.0.0.1.evil.example/", "localhost", None):
                heard = await teams.send({**typed(ana, support), "serviceUrl": url})
                assert heard.status == 400, url
            assert bot.asked == []
            for url in ("http://localhost:9/", "http://127.0.0.1:9/", "http://[::1]:9/"):
                event = {**typed(ana, support), "type": "typing", "serviceUrl": url}
                assert (await teams.send(event)).status == 200, url
