"""Who gets in to the leads' pages from Slack, and what they see there, over real HTTP."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar
from sqlalchemy import select, update

from bot import bootstrap
from bot.access import NO_ANSWER_NOW
from bot.commands.sign_in import NO_ADDRESS
from bot.domain.person import Person
from handlers.slack import directory
from handlers.web.leads import NOT_HERE, USED, WRONG_FORM
from storage.tables import people, sign_ins
from tests.fake_teams import FakeTeams
from tests.fakes import FakeSlack, SlackChannel, SlackPerson
from tests.journeys.slack_app import open_slack_app, said
from tests.journeys.teams_app import open_teams_app
from tests.journeys.teams_app import said as teams_said
from tests.web_app import Markup, read

URL = "http://amends.example.com"
"""By http, so that the browser of a test sends its cookie to this machine."""
SECRET_WORDS = "Parcel missed in the den"
PATHS = ("/cases/C-1", "/cases/C-1/customer", "/items/AI-1")
LOOKED_FOR = (
    "/find?q=parcel",
    "/find?q=C-1",
    "/find?q=AI-1",
    "/board?show=customer",
    "/board?owner=Ana",
)


class Seen(NamedTuple):
    """What came back."""

    status: int
    path: str
    page: Markup
    headers: dict[str, str]


class Browser:
    """Somebody's browser, without scripts, which reaches Amends by its own machine's address."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self.session, self.url = session, url

    async def see(self, path: str, **how: str) -> Seen:
        """What a page shows."""
        async with self.session.get(self.url + path, headers=how) as response:
            return await self._seen(response)

    async def send(self, path: str, data: dict[str, str] | None = None, **how: str) -> Seen:
        """What comes back from a form of a page of ours, unless `how` says that it is another's."""
        headers = {"Origin": self.url, **how}
        async with self.session.post(self.url + path, data=data or {}, headers=headers) as response:
            return await self._seen(response)

    async def sign_in(self, link: str) -> Seen:
        """Opens a link from chat, and presses its button."""
        assert (await self.see(link)).status == 200
        return await self.send(link)

    def cookie(self) -> str:
        """What the browser keeps of its session."""
        return next((one.value for one in self.session.cookie_jar if "session" in one.key), "")

    async def _seen(self, response: ClientResponse) -> Seen:
        page = read(await response.text())
        return Seen(response.status, response.url.path_qs, page, dict(response.headers))


@asynccontextmanager
async def browsing(url: str) -> AsyncIterator[Browser]:
    """A browser of its own."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        yield Browser(session, url)


class World(NamedTuple):
    """A private channel of Ana's and Ben's with a case and an item, and one of Olga's."""

    slack: FakeSlack
    built: bootstrap.App
    den: SlackChannel
    ana: SlackPerson
    ben: SlackPerson
    olga: SlackPerson
    url: str

    async def link(self, person: SlackPerson, words: str = "browser") -> str:
        """The path of a new link from chat."""
        before = links_of(self.slack, person)
        await person.command(words, self.den if person in (self.ana, self.ben) else person.direct)
        told = await self.slack.until(
            lambda: [one for one in links_of(self.slack, person) if one not in before]
        )
        return told[-1]

    def change(self, **values: object) -> None:
        """Changes what is stored of links and sessions, as time would."""
        with self.built.database.transaction(writes=True) as connection:
            connection.execute(update(sign_ins).values(**values))
            connection.commit()

    def stored(self) -> str:
        """All that is stored of links and sessions."""
        with self.built.database.transaction(writes=False) as connection:
            return str([tuple(row) for row in connection.execute(select(sign_ins))])


def links_of(slack: FakeSlack, person: SlackPerson) -> list[str]:
    """The paths of the links that somebody alone was given."""
    shown = [str(one.blocks) for one in person.whispers]
    shown += [str(one.blocks) for one in person.direct.roots()]
    found = re.findall(
        r"https?://amends.example.com(/open/[^\s'|>]+)", " ".join(shown).replace("\\\\u0026", "&")
    )
    return list(dict.fromkeys(found))


@asynccontextmanager
async def world(slack: FakeSlack, database_url: str, **more: Any) -> AsyncIterator[World]:
    """Amends at work in it."""
    ana, ben, olga = slack.person("Ana"), slack.person("Ben"), slack.person("Olga")
    den = slack.channel("den", [ana, ben], private=True)
    sales = slack.channel("sales", [olga], private=True)
    async with open_slack_app(slack, database_url, **{"amends_url": URL, **more}) as built:
        form = await ana.opens("failed", den)
        await ana.submit(form, {"What happened": SECRET_WORDS, "Customer": "Mrs. Ólafs"})
        retro = await said(slack, f"Retro: {SECRET_WORDS}")
        form = await ana.press(retro, "Add action item")
        await ana.submit(form, {"What will change": "Print the notes", "Owner": ana})
        await said(slack, "agreed · AI-1", where=den.id)
        form = await olga.opens("failed", sales)
        await olga.submit(form, {"What happened": "Sold twice"})
        await said(slack, "Retro: Sold twice")
        yield World(
            slack, built, den, ana, ben, olga, str(slack.events_url).removesuffix("/slack/events")
        )


async def test_a_link_from_chat_lets_its_person_in_once(slack: FakeSlack, database_url: str) -> None:
    async with world(slack, database_url) as here, browsing(here.url) as browser:
        link = await here.link(here.ana)
        before = here.stored()
        for _ in range(3):  # as a preview does
            looked = await browser.see(link)
            assert looked.status == 200
            assert "Go on as Ana" in looked.page.text
        assert here.stored() == before
        assert browser.cookie() == ""
        opened = await browser.send(link)
        assert opened.status == 200
        assert opened.path == "/board"
        assert SECRET_WORDS in opened.page.text
        assert "Sold twice" not in opened.page.text
        async with browsing(here.url) as thief:
            for again in (await thief.see(link), await thief.send(link)):
                assert again.status == 410
                assert USED in again.page.text
            assert thief.cookie() == ""
        # Whoever goes back to it, or presses it in chat once more, is signed in already.
        for again in (await browser.see(f"{link}?to=cases"), await browser.send(f"{link}?to=cases")):
            assert (again.status, again.path) == (200, "/cases")
        never = await browser.see(f"/open/slack%3AT0OTHER/{link.rpartition('/')[2]}")
        assert never.status == 410


async def test_nothing_that_lets_in_is_stored_and_the_cookie_is_kept_from_scripts(
    slack: FakeSlack, sqlite_url: str
) -> None:
    https = {"amends_url": "https://amends.example.com/"}
    async with world(slack, sqlite_url, **https) as here, browsing(here.url) as browser:
        link = await here.link(here.ana)
        assert link.rpartition("/")[2] not in here.stored()
        headers = {"Origin": here.url}
        async with browser.session.post(here.url + link, headers=headers, allow_redirects=False) as way:
            [cookie] = way.headers.getall("Set-Cookie")
            assert way.status == 303
        secret = cookie.partition("|")[2].partition(";")[0]
        assert len(secret) > 40
        assert secret not in here.stored()
        flags = {flag.strip() for flag in cookie.split(";")[1:]}
        assert flags == {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"}


@asynccontextmanager
async def signed_in(here: World, person: SlackPerson) -> AsyncIterator[Browser]:
    """Somebody's browser, signed in."""
    async with browsing(here.url) as browser:
        assert (await browser.sign_in(await here.link(person))).status == 200
        yield browser


async def test_a_thing_of_another_channel_is_the_page_of_a_number_never_given(
    slack: FakeSlack, sqlite_url: str
) -> None:
    async with world(slack, sqlite_url) as here, signed_in(here, here.olga) as olga:
        for path in PATHS:
            theirs, never = await olga.see(path), await olga.see(path.replace("-1", "-99"))
            assert (theirs.status, theirs.page.text) == (404, never.page.text)
            assert never.status == 404
            assert NOT_HERE in theirs.page.text
            assert "workspace" not in theirs.page.text  # with Slack there is none in the browser
        for path in ("/board", "/cases", "/trends", "/settings", "/cases?gap=training", *LOOKED_FOR):
            for way in ("", "md", "csv", "json"):
                shown = await olga.see(path + (f"{'&' if '?' in path else '?'}as={way}" if way else ""))
                assert shown.status == 200
                assert SECRET_WORDS not in shown.page.text
                assert "den" not in shown.page.text.split()
        strange = await olga.see(f"/cases?team={here.den.id}")
        unknown = await olga.see("/cases?team=C0NOTHING")
        assert (strange.status, strange.page.text) == (400, unknown.page.text)


async def test_a_thing_of_another_channel_takes_as_many_questions_as_none(
    slack: FakeSlack, sqlite_url: str
) -> None:
    async with world(slack, sqlite_url) as here, signed_in(here, here.olga) as olga:
        asked = []
        for path in ("/cases/C-1", "/cases/C-99", "/items/AI-1", "/items/AI-99"):
            await slack.converts(here.den, private=True)  # forgets what was known
            slack.calls.clear()
            assert (await olga.see(path)).status == 404
            asks = {name: n for name, n in slack.calls.items() if name.startswith("conversations.")}
            asked.append(asks)
        assert asked[0]
        assert asked.count(asked[0]) == 4


async def test_whoever_belongs_there_sees_what_it_is(slack: FakeSlack, sqlite_url: str) -> None:
    async with world(slack, sqlite_url) as here, signed_in(here, here.ben) as ben:
        case, customer, item = [await ben.see(path) for path in PATHS]
        assert SECRET_WORDS in case.page.text
        assert "Print the notes" in case.page.text
        assert "Mrs. Ólafs" in customer.page.text
        assert "Print the notes" in item.page.text
        titles = [one.page.all("title")[0].text for one in (case, customer, item)]
        assert titles == [f"{SECRET_WORDS} · Amends", "Mrs. Ólafs · Amends", "Print the notes · Amends"]
        for one in (case, customer, item):
            [thread] = [a for a in one.page.all("a") if a.text == "The thread in chat"]
            assert thread.attributes["href"].startswith(f"{slack.url}archives/{here.den.id}/")


async def test_a_session_ends_by_signing_out_wherever_its_cookie_is(
    slack: FakeSlack, sqlite_url: str
) -> None:
    async with world(slack, sqlite_url) as here, signed_in(here, here.ben) as ben:
        board = await ben.see("/board")
        [field] = board.page.all("input", name="form")
        for wrong in ({}, {"form": "0" * 64}, {"form": field.attributes["value"][:-1]}, {"form": "é"}):
            refused = await ben.send("/sign-out", wrong)
            assert refused.status == 403
            assert WRONG_FORM in refused.page.text
        foreign = await ben.send(
            "/sign-out", {"form": field.attributes["value"]}, Origin="https://evil.example"
        )
        assert foreign.status == 403
        assert (await ben.see("/board")).status == 200
        kept = {one.key: one.value for one in ben.session.cookie_jar}
        out = await ben.send("/sign-out", {"form": field.attributes["value"]})
        assert out.status == 200
        ben.session.cookie_jar.update_cookies(kept)
        again = await ben.see("/board")
        assert again.status == 401
        assert SECRET_WORDS not in again.page.text


async def test_a_link_and_a_session_end_by_time(slack: FakeSlack, sqlite_url: str) -> None:
    async with world(slack, sqlite_url) as here, browsing(here.url) as browser:
        link = await here.link(here.ana)
        here.change(expires_at=datetime.now(UTC) - timedelta(seconds=1))
        for late in (await browser.see(link), await browser.send(link)):
            assert late.status == 410
        async with signed_in(here, here.ben) as ben:
            here.change(expires_at=datetime.now(UTC) + timedelta(hours=1))
            assert (await ben.see("/board")).status == 200
            assert "datetime" in here.stored()
            with here.built.database.transaction(writes=False) as connection:
                [ends] = connection.execute(select(sign_ins.c.expires_at)).scalars()
            assert timedelta(hours=11, minutes=49) < ends - datetime.now(UTC) <= timedelta(hours=12)
            here.change(expires_at=datetime.now(UTC) - timedelta(seconds=1))
            assert (await ben.see("/board")).status == 401


@pytest.mark.parametrize("gone", ["in Slack", "from the channel"])
async def test_who_left_sees_nothing_from_the_next_look_on(
    slack: FakeSlack, sqlite_url: str, gone: str
) -> None:
    async with world(slack, sqlite_url) as here, signed_in(here, here.ben) as ben:
        assert SECRET_WORDS in (await ben.see("/cases")).page.text
        if gone == "from the channel":
            await slack.leaves(here.ben, here.den)
        else:
            with here.built.database.transaction(writes=True) as connection:
                connection.execute(update(people).where(people.c.id == here.ben.id).values(gone=True))
                connection.commit()
        for path in ("/cases", "/board", *PATHS):
            left = await ben.see(path)
            assert SECRET_WORDS not in left.page.text
            assert "Print the notes" not in left.page.text
            if gone == "in Slack":
                assert left.status == 401


async def test_a_link_of_somebody_else_is_not_used_up_in_a_browser_that_is_somebodys(
    slack: FakeSlack, sqlite_url: str
) -> None:
    async with world(slack, sqlite_url) as here, signed_in(here, here.olga) as olga:
        link = await here.link(here.ana)
        for refused in (await olga.see(link), await olga.send(link)):
            assert refused.status == 409
            assert "Olga is signed in" in refused.page.text
        assert SECRET_WORDS not in (await olga.see("/cases")).page.text
        async with browsing(here.url) as browser:
            assert (await browser.sign_in(link)).status == 200


async def test_what_nobody_gave_lets_nobody_in(slack: FakeSlack, sqlite_url: str) -> None:
    async with world(slack, sqlite_url) as here, browsing(here.url) as browser:
        link = await here.link(here.ana)
        workspace, secret = link.split("/")[2:]
        for path in (
            f"/open/{workspace.replace('T0FAKE', 'T0OTHER')}/{secret}",
            f"/open/web/{secret}",
            f"/open/teams%3A1/{secret}",
            f"/open/{workspace}/{secret[:-1]}",
            f"/open/{workspace}/{'x' * 5000}",
        ):
            for got in (await browser.see(path), await browser.send(path)):
                assert got.status in (400, 410), path
        foreign = await browser.send(link, Origin="https://evil.example")
        assert foreign.status == 403
        port = urlsplit(here.url).port
        for value in ("", "|", f"{workspace}|", f"slack:T0FAKE|{secret}", "web|u_you", "slack:T0FAKE|x"):
            browser.session.cookie_jar.clear()
            for name in (f"session-{port}", "session", f"you-{port}"):
                browser.session.cookie_jar.update_cookies({name: value})
            for path in ("/", "/board", "/cases", "/cases/C-1", "/items/AI-1", "/settings", "/trends"):
                refused = await browser.see(path)
                assert refused.status == 401, (value, path)
                assert SECRET_WORDS not in refused.page.text
        browser.session.cookie_jar.clear()
        assert (await browser.sign_in(link)).status == 200  # none of it used the link up


async def test_a_cookie_that_no_database_can_look_up_lets_nobody_in(
    slack: FakeSlack, database_url: str
) -> None:
    async with world(slack, database_url) as here, browsing(here.url) as browser:
        name = f"session-{urlsplit(here.url).port}"
        browser.session.cookie_jar.update_cookies({name: "slack:T0FAKE%00|x"})
        assert (await browser.see("/board")).status == 401


async def test_when_slack_is_silent_pages_say_so_and_show_nothing(
    slack: FakeSlack, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "ASK_SECONDS", 0.1)
    async with world(slack, sqlite_url) as here, signed_in(here, here.ben) as ben:
        await slack.converts(here.den, private=True)  # forgets what was known
        slack.latency["conversations.info"] = 30.0
        for path in ("/board", "/cases", "/trends", "/settings", "/cases/C-99", *PATHS):
            silent = await ben.see(path)
            assert silent.status == 503, path
            assert NO_ANSWER_NOW in silent.page.text
            assert SECRET_WORDS not in silent.page.text


async def test_every_answer_has_strict_headers_and_no_script(slack: FakeSlack, sqlite_url: str) -> None:
    async with world(slack, sqlite_url) as here, signed_in(here, here.ben) as ben:
        for path in ("/", "/board", "/cases", "/nowhere", "/open/slack%3AT0FAKE/x", "/static/lead.css"):
            shown = await ben.see(path)
            assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
            assert shown.headers["X-Frame-Options"] == "DENY"
            assert not shown.page.all("script")
            assert not [one for one in shown.page.elements if "style" in one.attributes]
        rebound = await ben.see("/board", Host="evil.example")
        assert rebound.status == 403
        public = await ben.see("/static/lead.css", Host="amends.example.com")
        assert public.status == 200


async def test_an_answer_in_chat_leads_to_its_page(slack: FakeSlack, sqlite_url: str) -> None:
    async with world(slack, sqlite_url) as here, browsing(here.url) as browser:
        answer = await here.ana.command("trends", here.den)
        assert answer is not None
        before = len(links_of(slack, here.ana))
        await here.ana.click(answer, "Open in browser")
        [link] = await slack.until(lambda: links_of(slack, here.ana)[before:])
        opened = await browser.sign_in(link)
        assert opened.path == "/trends"
        assert "Trends: den" in opened.page.text


async def test_home_as_an_event_publishes_it_leads_to_the_board(
    slack: FakeSlack, sqlite_url: str
) -> None:
    async with world(slack, sqlite_url) as here, browsing(here.url) as browser:
        home = await here.ana.opens_home()
        way = await here.ana.press(home, "Open in browser")
        [link] = set(re.findall(rf"{URL}(/open/[^\s'\"|>]+)", json.dumps(way.shown())))
        opened = await browser.sign_in(link)
        assert opened.path == "/board"
        assert SECRET_WORDS in opened.page.text


async def test_a_link_from_teams_lets_its_person_in(teams: FakeTeams, sqlite_url: str) -> None:
    ana, ben, olga = (teams.person(name) for name in ("Ana", "Ben", "Olga"))
    den = teams.channel("den", members=[ana, ben])
    async with open_teams_app(teams, sqlite_url, amends_url=URL):
        await ana.says(f"failed {SECRET_WORDS}", den, mention=True)
        await teams_said(teams, f"Retro: {SECRET_WORDS}", where=den)
        url = str(teams.endpoint).removesuffix("/api/messages")
        for person, sees in ((ben, True), (olga, False)):
            await person.says("browser", person.chat)
            told = await teams_said(teams, "Amends in your browser", where=person.chat)
            [link] = set(re.findall(rf"{URL}(/open/[^)\"'\s]+)", json.dumps(told.activity)))
            async with browsing(url) as browser:
                assert (await browser.sign_in(link)).status == 200
                shown = await browser.see("/cases")
                assert (SECRET_WORDS in shown.page.text) is sees
                assert (await browser.see("/cases/C-1")).status == (200 if sees else 404)


async def test_the_tab_in_teams_shows_the_way_and_no_other_page_is_shown_inside_another(
    teams: FakeTeams, sqlite_url: str
) -> None:
    https = "https://amends.example.com"
    async with open_teams_app(teams, sqlite_url, amends_url=https):
        url = str(teams.endpoint).removesuffix("/api/messages")
        async with browsing(url) as browser:
            tab = await browser.see("/tab", **{"Sec-Fetch-Dest": "iframe"})
            assert tab.status == 200
            assert "type browser" in tab.page.text
            assert not tab.page.all("form")
            assert not tab.page.all("script")
            assert "Set-Cookie" not in tab.headers
            assert "X-Frame-Options" not in tab.headers
            policy = tab.headers["Content-Security-Policy"]
            assert policy.endswith(
                "frame-ancestors https://teams.microsoft.com https://*.teams.microsoft.com "
                "https://*.cloud.microsoft"
            )
            assert "default-src 'none'" in policy
            [way] = tab.page.all("a")
            assert (way.attributes["href"], way.attributes["target"]) == ("/board", "_blank")
            for path in (
                "/board",
                "/settings",
                "/tab/",
                "/nowhere",
                "/open/teams%3A1/x",
                "/static/app.css",
            ):
                other = await browser.see(path)
                assert other.headers["X-Frame-Options"] == "DENY", path
                assert "frame-ancestors 'none'" in other.headers["Content-Security-Policy"], path
            rebound = await browser.see("/tab", Host="evil.example")
            assert rebound.status == 403


async def test_without_https_and_without_teams_there_is_no_tab(
    slack: FakeSlack, teams: FakeTeams, sqlite_url: str, tmp_path: Path
) -> None:
    async with (
        open_teams_app(teams, sqlite_url, amends_url=URL),
        browsing(str(teams.endpoint).removesuffix("/api/messages")) as browser,
    ):
        missing = await browser.see("/tab")
        assert missing.status == 404
        assert missing.headers["X-Frame-Options"] == "DENY"
    database_url = f"sqlite:///{tmp_path}/slack.db"
    async with (
        open_slack_app(slack, database_url, amends_url="https://amends.example.com"),
        browsing(str(slack.events_url).removesuffix("/slack/events")) as browser,
    ):
        assert (await browser.see("/tab")).status == 404


async def test_without_an_address_there_are_no_pages_and_no_button(
    slack: FakeSlack, sqlite_url: str
) -> None:
    async with world(slack, sqlite_url, amends_url="") as here, browsing(here.url) as browser:
        told = await here.ana.command("browser", here.den)
        assert told is not None
        assert told.words() == NO_ADDRESS
        answer = await here.ana.command("trends", here.den)
        assert answer is not None
        assert "Open in browser" not in answer.words()
        assert (await browser.see("/board")).status == 404


async def test_somebody_who_is_forgotten_is_signed_out(slack: FakeSlack, database_url: str) -> None:
    async with world(slack, database_url) as here, signed_in(here, here.ben) as ben:
        assert here.ben.id in here.stored()
        former = Person(id="former-1", name="A former colleague")
        await here.built.database.write(
            f"slack:{slack.team}",
            lambda work: work.people.forget(
                Person(id=here.ben.id, name="Ben"), former, lambda text: text, waits=False
            ),
        )
        assert here.ben.id not in here.stored()
        assert (await ben.see("/board")).status == 401
