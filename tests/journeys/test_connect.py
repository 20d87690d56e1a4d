"""A lead connects a helpdesk, which then tells of a failed case: over HTTP, from the first click on."""

import asyncio
import hmac
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, CookieJar

from bot import bootstrap
from bot.messages.connection import NO_SUCH_CHANNEL
from bot.settings import Settings
from handlers.helpdesks.proof import NOT_PROVEN
from tests.fakes import FakeSlack, FormErrors
from tests.handlers.test_web_lead_forms import address, get, hidden, post, press, standing
from tests.journeys.slack_app import said
from tests.journeys.test_lead_pages import signed_in, world
from tests.web_app import Markup, Visitor, dialog, new_key

KEY = "a key of some length"
TOKEN = "ana@example.com/token:shhh-5b1c"
FORM = {"product": "generic", "rating": "2", "action": "propose", "a_day": "5"}
TICKET = {"reference": "ZD-4711", "what_happened": "Nobody came, twice.", "rating": 1}


@asynccontextmanager
async def connected_to(url: str) -> AsyncIterator[Visitor]:
    """The web workspace behind the very server that `serve` opens, which can be connected."""
    settings = Settings(
        _env_file=None,
        amends_database_url=url,
        amends_port=0,
        amends_pace=0,
        amends_url="http://127.0.0.1:3000",
        amends_secret_key=KEY,
    )
    async with (
        bootstrap.open_app(settings) as built,
        bootstrap.adapters(built) as opened,
        bootstrap.server(built, opened) as at,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as session,
    ):
        clock = asyncio.create_task(opened.worker.run())
        yield Visitor(session, at)
        await opened.worker.stop()
        await clock


async def deliver(visitor: Visitor, path: str, secret: str, body: dict[str, object]) -> int:
    """What a signed delivery is answered with."""
    sent = json.dumps(body).encode()
    signature = "sha256=" + hmac.new(secret.encode(), sent, "sha256").hexdigest()
    headers = {"X-Amends-Signature": signature, "Content-Type": "application/json"}
    async with visitor.session.post(visitor.url + path, data=sent, headers=headers) as response:
        return response.status


async def shown(visitor: Visitor, path: str, words: str) -> Markup:
    """A page, once these words are on it."""
    async with asyncio.timeout(10):
        while words not in (page := await visitor.see(path)).text:
            pass  # each look goes over the wire, which leaves the server its turn
        return page


def about(drawn: Markup, command_name: str) -> str:
    """What the button of a command is about."""
    found, wanted = "", f"/verb/{command_name}"
    for one in drawn.elements:
        if one.name == "form":
            here = one.attributes.get("action") == wanted
        elif one.name == "input" and one.attributes.get("name") == "about" and here:
            found = one.attributes["value"]
    return found


def pasted(page: Markup) -> list[str]:
    """What is to be copied elsewhere."""
    return [one.text for one in page.all("pre")]


async def test_a_lead_connects_tests_and_hears_of_a_failed_case_in_the_web_workspace(
    database_url: str,
) -> None:
    async with connected_to(database_url) as visitor:
        await visitor.introduce("Ana")
        listed = await visitor.say("/amends connect")
        form = await visitor.press("connection.add", about=about(listed, "connection.add"))
        made = await visitor.fill(form, **FORM)
        endpoint, header, *_ = pasted(made)
        path, secret = urlsplit(endpoint).path, header.removeprefix("X-Amends-Secret: ")
        assert await deliver(visitor, path, "another", TICKET) == 401
        listed = await visitor.say("/amends connect")
        assert secret not in listed.text
        assert "the last one was refused" in listed.text
        one = about(listed, "connection.test")
        await visitor.press("connection.test", about=one)
        assert await deliver(visitor, path, "another", TICKET) == 401
        told = await shown(visitor, "/dm", "arrived for your test (your own tool), and I refused it")
        assert NOT_PROVEN in told.text
        assert await deliver(visitor, path, secret, {**TICKET, "reference": "ZD-1"}) == 200
        await shown(visitor, "/dm", "It meets your rules, so it would have been proposed in")
        assert "Nobody came" not in (await visitor.see("/p/support")).text
        assert await deliver(visitor, path, secret, TICKET) == 200
        await shown(visitor, "/p/support", "Nobody came, twice.")
        arrived = await visitor.press("connection.show_deliveries", about=one)
        assert "was a test, only shown" in arrived.text
        assert "was proposed" in arrived.text
        asked = await visitor.press("connection.remove", about=one)
        assert "1 case that it proposed is waved off as well" in asked.text
        await visitor.fill(asked)
        assert await deliver(visitor, path, secret, {**TICKET, "reference": "ZD-2"}) == 404


async def test_what_is_pressed_beside_a_secret_leaves_it_where_it_stands(sqlite_url: str) -> None:
    async def sent(path: str, data: dict[str, str]) -> dict[str, str]:
        """What a page with scripts puts where."""
        headers = {"HX-Request": "true"}
        async with visitor.session.post(visitor.url + path, data=data, headers=headers) as response:
            drawn = await response.text()
        return dict(re.findall(r'hx-target="#([\w-]+)"[^>]*>(.*?)</hx-partial>', drawn, re.DOTALL))

    async with connected_to(sqlite_url) as visitor:
        await visitor.introduce("Ana")
        listed = await visitor.say("/amends connect")
        form = await visitor.press("connection.add", about=about(listed, "connection.add"))
        made = await sent(*dialog(form, **FORM))
        assert "X-Amends-Secret: " in made["place-stays"]
        assert made["place-note"].strip() == ""  # the list of before, in which it is not
        [one] = set(re.findall(r'value="(connection:\w+)"', made["place-stays"]))
        pressed = {"about": one, "place": "support", "key": new_key()}
        tested = await sent("/verb/connection.test", {**pressed, "note": "yes"})
        assert "What arrives next, within the hour" in tested["place-note"]
        assert "place-stays" not in tested
        page = await visitor.see("/p/support")
        rooms = [one.attributes["id"] for one in page.all("div", **{"class": "note-room"})]
        assert {"place-stays", "place-note"} <= set(rooms)


async def test_on_the_page_of_settings_the_same_forms_stand_and_nothing_secret_comes_back(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected_to(sqlite_url) as visitor:
        await visitor.introduce("Ana")
        await visitor.say("/amends failed Parcel missed")
        settings = (await get(visitor, "/settings")).page
        listed = (await get(visitor, address(settings, "Helpdesks"))).page
        path = f"/settings/connection.add?about={about_in(listed, 'connection.add')}"
        form = (await get(visitor, path)).page
        rules = {f"v.{name}": value for name, value in {**FORM, "product": "zendesk"}.items()}
        made = (await post(visitor, "/settings/connection.add", {**hidden(form), **rules})).page
        assert pasted(made)[0].startswith("http://127.0.0.1:3000/hooks/")
        one = about_in(made, "connection.give_token")
        token = (await get(visitor, f"/settings/connection.give_token?about={one}")).page
        [field] = token.all("input", type="password")
        assert "value" not in field.attributes
        filled = {**hidden(token), "v.origin": "https://example.com", "v.token": TOKEN}
        refused = (await post(visitor, "/settings/connection.give_token", filled)).page
        assert "That is no address of Zendesk" in refused.text
        assert standing(refused)["v.origin"] == "https://example.com"
        stale = {**filled, "form": "of another session"}
        out_of_date = (await post(visitor, "/settings/connection.give_token", stale)).page
        good = {**filled, "key": new_key(), "v.origin": "acme.zendesk.com"}
        saved = (await post(visitor, "/settings/connection.give_token", good)).page
        assert "Saved: I leave notes at https://acme.zendesk.com." in saved.text
        for page in (refused, out_of_date, saved):
            assert TOKEN not in page.text
            assert TOKEN not in str([each.attributes for each in page.elements])
        renewal = (await get(visitor, f"/settings/connection.renew_secret?about={one}")).page
        assert "makes its secret itself" in renewal.text
        removal = (await get(visitor, f"/settings/connection.remove?about={one}")).page
        for drawn in (form, made, token, refused, saved, renewal, removal):
            assert address(drawn, "Helpdesks") == address(settings, "Helpdesks")
        assert [one.text for one in renewal.all("h1")] == ["New secret"]
        gone = (await post(visitor, "/settings/connection.remove", hidden(removal))).page
        assert "Not connected any more: Zendesk (acme.zendesk.com)." in gone.text
        again = (await get(visitor, f"/settings/connection.edit?about={one}")).page
        assert "I can't find that connection. It may have been removed." in again.text
        # What a page without scripts shows once stays in its tab; nothing is shown once of Zendesk.
        assert made.all("form", target="_blank") == []
        rules = {**rules, "v.product": "generic", "key": new_key()}
        once = (await post(visitor, "/settings/connection.add", {**hidden(form), **rules})).page
        assert "X-Amends-Secret: " in once.text
        assert "What you press here opens in a new tab" in once.text
        apart = [one.attributes["action"] for one in once.all("form", target="_blank")]
        assert apart == ["/settings/connection.test"]
        assert [one.text for one in once.all("a", target="_blank")] == ["Helpdesks", "All settings"]
        tested = (await press(visitor, once, "Send me a test")).page
        assert [one.text for one in tested.all("h1")] == ["Send me a test"]
        assert "What arrives next, within the hour" in tested.text
        assert address(tested, "Helpdesks") == address(settings, "Helpdesks")
    assert TOKEN not in caplog.text


def about_in(page: Markup, command_name: str) -> str:
    """What a button of a page of settings is about."""
    here = False
    for one in page.elements:
        if one.name == "form":
            here = one.attributes.get("action") == f"/settings/{command_name}"
        if one.name == "input" and one.attributes.get("name") == "about" and here:
            return one.attributes["value"]
    raise AssertionError(f"{command_name} is not here")


async def test_from_slack_a_lead_connects_in_a_form_and_a_member_reads_who_can(
    slack: FakeSlack, sqlite_url: str
) -> None:
    more = {"amends_secret_key": KEY}
    async with world(slack, sqlite_url, **more) as here:
        refused = await here.ben.command("connect", here.den)
        assert refused
        assert "Only the team's lead changes which helpdesks" in refused.words()
        assert "ask Ana" in refused.words()
        listed = await here.ana.command("connect", here.den)
        assert listed
        assert "Helpdesks of #den" in listed.words()
        form = await here.ana.press(listed, "Connect a helpdesk")
        made = await here.ana.submit(form, {"Helpdesk": "Anything else"})
        assert made
        [secret] = re.findall(r"X-Amends-Secret: (\S+)", made.words())
        [id] = re.findall(r"/hooks/(\w+)", made.words())
        # The answer lies on top: closing it leads back to the secret.
        tested = await here.ana.press(made, "Send me a test")
        assert "What arrives next, within the hour" in tested.words()
        assert made.open
        assert secret in made.words()
        async with ClientSession() as session:
            for reference in ("ZD-1", "ZD-4711"):  # the first is the test
                ticket = {**TICKET, "reference": reference}
                sent = await deliver(Visitor(session, here.url), f"/hooks/{id}", secret, ticket)
                assert sent == 200
        await said(slack, "A test arrived")
        await said(slack, "Nobody came, twice.", where=here.den.id)
        assert all(secret not in posted.words() for posted in slack.posted())
        async with signed_in(here, here.ben) as ben:
            page = (await ben.see("/settings")).page
            seen = await ben.see(address(page, "Helpdesks"))
            assert "Only the team's lead changes which helpdesks" in seen.page.text
        async with signed_in(here, here.olga) as olga:
            theirs = await olga.see(f"/settings/connection.edit?about=connection:{id}")
            never = await olga.see(f"/settings/connection.edit?about=connection:{'0' * 40}")
            assert (theirs.status, never.status) == (404, 404)
            assert theirs.page.text == never.page.text


async def test_from_slack_a_lead_lets_it_lead_to_another_of_their_channels_and_to_no_archived_one(
    slack: FakeSlack, sqlite_url: str
) -> None:
    async with world(slack, sqlite_url, amends_secret_key=KEY) as here:
        depot, old = (slack.channel(name, [here.ana], private=True) for name in ("depot", "old"))
        for number, place in enumerate((depot, old), 1):
            await here.ana.command(f"failed X-{number} Parcel lost", place)
        listed = await here.ana.command("connect", here.den)
        assert listed
        form = await here.ana.press(listed, "Connect a helpdesk")
        made = await here.ana.submit(form, {"Helpdesk": "Anything else"})
        assert made
        [secret] = re.findall(r"X-Amends-Secret: (\S+)", made.words())
        [id] = re.findall(r"/hooks/(\w+)", made.words())
        listed = await here.ana.command("connect", here.den)
        assert listed
        rules = await here.ana.press(listed, "Rules")
        await slack.archives(old)
        with pytest.raises(FormErrors) as wrong:
            await here.ana.submit(rules, {"Channel": "#old"})
        assert wrong.value.sentences == {"Channel": NO_SUCH_CHANNEL}
        await here.ana.submit(rules, {"Channel": "#depot"})
        async with ClientSession() as session:
            visitor = Visitor(session, here.url)
            assert await deliver(visitor, f"/hooks/{id}", secret, TICKET) == 200
        await said(slack, "Nobody came, twice.", where=depot.id)
