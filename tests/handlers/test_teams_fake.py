"""The fake Teams is as strict as it says: a bare botbuilder echo speaks to it over the real wire."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests import fake_teams_card as cards
from tests.benchmarks.bare_botbuilder import bare_botbuilder
from tests.fake_teams import FakeTeams, Heard, TeamsChannel

AS_BOT = {"type": "message", "text": "Hello"}


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    """A tenant."""
    async with FakeTeams() as fake:
        yield fake


@asynccontextmanager
async def echoing(teams: FakeTeams) -> AsyncIterator[None]:
    """A bare echo in front of it."""
    login = teams.login
    runner = web.AppRunner(bare_botbuilder(login.app_id, login.password, login.tenant))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    teams.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}/api/messages"
    try:
        yield
    finally:
        await runner.cleanup()


async def call(
    teams: FakeTeams, method: str, path: str, body: object = None, *, token: str | None = None
) -> Heard:
    """What the connector answers a bot with a good token, unless another is given."""
    if token is None:
        params = {
            "grant_type": "client_credentials",
            "client_id": teams.login.app_id,
            "client_secret": teams.login.password,
            "scope": "https://api.botframework.com/.default",
        }
        where = f"{teams.origin}/login.microsoftonline.com/{teams.tenant}/oauth2/v2.0/token"
        async with teams.http.post(where, data=params) as answer:
            token = (await answer.json())["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    async with teams.http.request(
        method, f"{teams.service_url}v3{path}", json=body, headers=headers
    ) as answer:
        return Heard(answer.status, await answer.json(), 0.0)


def code(heard: Heard) -> tuple[int, str]:
    return heard.status, heard.body["error"]["code"]


def carded(card: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message", "attachments": [{"contentType": cards.CARD, "content": card}]}


def card(*body: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "AdaptiveCard", "version": "1.5", "body": [*body], **more}


def activities(place: TeamsChannel) -> str:
    return f"/conversations/{place.id}/activities"


async def test_a_bare_echo_answers_a_message_and_a_button_over_the_real_wire(teams: FakeTeams) -> None:
    ana = teams.person("Ana", tz="Europe/Stockholm")
    support = teams.channel("support", members=[ana])
    async with echoing(teams):
        said = await ana.says("hello", support, mention=True)
        (echo,) = support.thread(said)
        assert "You said" in echo.words()
        execute = {"type": "Action.Execute", "title": "Take it", "verb": "action_item.take", "data": {}}
        execute["fallback"] = {"type": "Action.Submit", "title": "Take it", "data": {}}
        echo.activity = carded(card(actions=[execute]))
        assert (await ana.click(echo, "Take it")).words() == "You pressed action_item.take."
        assert ana.whispers() == ["You pressed action_item.take."]
    assert teams.refusals == []
    assert teams.calls["token"] == 1


async def test_a_bot_without_rsc_hears_only_what_mentions_it(teams: FakeTeams) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana], rsc=False)
    async with echoing(teams):
        said = await ana.says("hello", support, mention=True)
        await ana.says("and more", support, said)
        assert len([p for p in support.thread(said) if p.bot]) == 1


async def test_calls_without_a_good_token_or_to_another_service_url_are_refused(
    teams: FakeTeams,
) -> None:
    support = teams.channel("support")
    assert (await call(teams, "POST", activities(support), AS_BOT, token="made-up")).status == 401
    assert (await call(teams, "POST", activities(support), AS_BOT)).status == 201
    old = teams.service_url
    teams.moves("amer")
    async with teams.http.post(f"{old}v3{activities(support)}", json=AS_BOT) as answer:
        assert answer.status == 404


async def test_unknown_channels_and_people_without_the_app_are_refused(teams: FakeTeams) -> None:
    ana, support = teams.person("Ana"), teams.channel("support")
    elsewhere = "/conversations/19:nowhere@thread.tacv2/activities"
    assert code(await call(teams, "POST", elsewhere, AS_BOT)) == (404, "ConversationNotFound")
    no_thread = f"/conversations/{support.id};messageid=1/activities"
    assert code(await call(teams, "POST", no_thread, AS_BOT)) == (404, "ConversationNotFound")
    wanted = {"members": [{"id": ana.id}], "channelData": {"tenant": {"id": teams.tenant}}}
    assert (await call(teams, "POST", "/conversations", wanted)).body["id"] == ana.chat.id
    ana.installed = False
    blocked = (403, "MessageWritesBlocked")
    assert code(await call(teams, "POST", "/conversations", wanted)) == blocked
    assert code(await call(teams, "POST", activities(ana.chat), AS_BOT)) == blocked
    support.installed = False
    assert (await call(teams, "POST", activities(support), AS_BOT)).status == 403


async def test_messages_that_teams_would_not_show_are_refused(teams: FakeTeams) -> None:
    support = teams.channel("support")
    where = activities(support)
    big = {"type": "message", "text": "x" * 60_000}
    assert code(await call(teams, "POST", where, big)) == (413, "MessageSizeTooBig")
    wrong = [
        carded(card({"type": "TextBlock", "text": "x" * 26_000})),
        carded({"type": "AdaptiveCard", "version": "1.6", "body": []}),
        carded(card({"type": "TextBlock"})),
        carded(card({"type": "Input.Text", "id": "a"})),
        carded(card({"type": "TextBlock", "text": "<at>Ana</at>"})),
        carded(card(actions=[{"type": "Action.Execute", "title": "Take it"}])),
        {"type": "message", "text": ""},
    ]
    for activity in wrong:
        assert code(await call(teams, "POST", where, activity)) == (400, "BadSyntax"), activity
    assert support.messages == {}


@pytest.mark.skipif(not cards.SCHEMA.exists(), reason="the schema is not beside this repository")
async def test_cards_are_held_against_the_published_schema() -> None:
    assert cards.problems(card({"type": "TextBlock", "text": "a", "colour": "red"}))
    assert cards.problems(card({"type": "Marquee", "text": "a"}))
    assert not cards.problems(card({"type": "TextBlock", "text": "a"}))


async def test_only_the_bots_own_messages_can_be_changed(teams: FakeTeams) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    made = await call(teams, "POST", activities(support), AS_BOT)
    own = f"{activities(support)}/{made.body['id']}"
    assert (await call(teams, "PUT", own, {**AS_BOT, "text": "Other"})).status == 200
    assert teams.posted()[0].words() == "Other"
    assert code(await call(teams, "PUT", f"{activities(support)}/1", AS_BOT))[0] == 404
    async with echoing(teams):
        said = await ana.says("hi", support)
    assert code(await call(teams, "PUT", f"{activities(support)}/{said.id}", AS_BOT))[0] == 403
    assert (await call(teams, "DELETE", own)).status == 200
    assert made.body["id"] not in support.messages


async def test_a_conversation_that_is_spoken_to_too_fast_asks_to_wait(teams: FakeTeams) -> None:
    support, other = teams.channel("support"), teams.channel("other")
    teams.throttled = True
    answers = [(await call(teams, "POST", activities(support), AS_BOT)).status for _ in range(8)]
    assert answers == [201] * 7 + [429]
    assert (await call(teams, "POST", activities(other), AS_BOT)).status == 201


async def test_ordered_faults_come_before_or_after_the_effect(teams: FakeTeams) -> None:
    support = teams.channel("support")
    teams.fail_next("send", status=503, retry_after=2)
    assert (await call(teams, "POST", activities(support), AS_BOT)).status == 503
    for drop, there in (("before", 0), ("after", 1)):
        teams.fail_next("send", drop=drop)
        with pytest.raises(aiohttp.ClientError):
            await call(teams, "POST", activities(support), AS_BOT)
        assert len(support.messages) == there


async def test_the_roster_comes_in_pages_and_knows_both_ids(teams: FakeTeams) -> None:
    people = [teams.person(f"Person {n}") for n in range(3)]
    support = teams.channel("support", members=people)
    teams.page = 2
    first = (await call(teams, "GET", f"/conversations/{support.team}/pagedmembers?pageSize=50")).body
    more = f"/conversations/{support.team}/pagedmembers?continuationToken={first['continuationToken']}"
    second = (await call(teams, "GET", more)).body
    assert [member["name"] for member in first["members"] + second["members"]] == [
        "Person 0",
        "Person 1",
        "Person 2",
    ]
    for id in (people[0].id, people[0].aad):
        found = await call(teams, "GET", f"/conversations/{support.id}/members/{id}")
        assert found.body["name"] == "Person 0"
    assert (await call(teams, "GET", f"/conversations/{support.id}/members/29:x")).status == 404


async def test_a_targeted_message_is_one_members_alone(teams: FakeTeams) -> None:
    ana, ben = teams.person("Ana"), teams.person("Ben")
    support = teams.channel("support", members=[ana])
    where = f"{activities(support)}?isTargetedActivity=true"
    assert (await call(teams, "POST", where, {**AS_BOT, "recipient": {"id": ben.id}})).status == 400
    assert (await call(teams, "POST", where, {**AS_BOT, "recipient": {"id": ana.id}})).status == 201
    assert (ana.whispers(), ben.whispers()) == (["Hello"], [])


async def roster(teams: FakeTeams, place: TeamsChannel) -> set[str]:
    """Who is in a channel, as the connector tells it page by page."""
    names: set[str] = set()
    after = "0"
    while after:
        asked = f"/conversations/{place.id}/pagedmembers?pageSize=500&continuationToken={after}"
        page = (await call(teams, "GET", asked)).body
        names |= {member["name"] for member in page["members"]}
        after = page.get("continuationToken", "")
    return names


async def test_a_standard_channel_has_its_teams_people_and_a_private_one_its_own(
    teams: FakeTeams,
) -> None:
    ana, ben, gus = teams.person("Ana"), teams.person("Ben"), teams.person("Gus", guest=True)
    desk = teams.channel("desk", [ana, gus])
    night = teams.channel("night", [ben], team=desk.team)
    vault = teams.channel("vault", [ana], team=desk.team, private=True)
    teams.page = 2
    assert await roster(teams, desk) == await roster(teams, night) == {"Ana", "Ben", "Gus"}
    assert await roster(teams, vault) == {"Ana"}
    told = (await call(teams, "GET", f"/conversations/{desk.id}/members/{gus.id}")).body
    assert told["userRole"] == "guest"


async def test_a_host_may_know_members_by_their_own_ids_only(teams: FakeTeams) -> None:
    ana = teams.person("Ana")
    desk = teams.channel("desk", [ana])
    assert (await call(teams, "GET", f"/conversations/{desk.id}/members/{ana.aad}")).status == 200
    teams.knows_aad = False
    asked = f"/conversations/{desk.id}/members"
    assert code(await call(teams, "GET", f"{asked}/{ana.aad}")) == (404, "MemberNotFoundInConversation")
    assert (await call(teams, "GET", f"{asked}/{ana.id}")).body["aadObjectId"] == ana.aad


async def test_a_chat_begins_in_ones_own_tenant_and_a_channel_may_have_people_of_several(
    teams: FakeTeams,
) -> None:
    other = "99999999-aaaa-4bbb-8ccc-000000000009"
    eve = teams.person("Eve", tenant=other)
    wanted = {"members": [{"id": eve.id}], "channelData": {"tenant": {"id": teams.tenant}}}
    assert code(await call(teams, "POST", "/conversations", wanted)) == (400, "BadSyntax")
    wanted["channelData"] = {"tenant": {"id": other}}
    assert (await call(teams, "POST", "/conversations", wanted)).status == 201
    shared = teams.channel("shared", [eve], tenant=teams.tenant)
    assert eve.activity("message", shared, None)["channelData"]["tenant"]["id"] == teams.tenant
    assert eve.activity("message", eve.chat, None)["channelData"]["tenant"]["id"] == other
