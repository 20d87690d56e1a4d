"""The web adapter in a real server on loopback, with the real bot, memory and clock behind it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot import bootstrap
from bot.bot import Bot
from bot.domain.person import Person
from bot.settings import Settings, for_demo
from handlers.web import cookies, pages
from handlers.web.app import WebAdapter
from handlers.web.outgoing import WORKSPACE
from handlers.worker import Worker
from storage.database import Database
from tests.conftest import DemoMonths
from tests.connected import KEY
from tests.desk import IN_THREAD

OPENED = f"{IN_THREAD} replies"
"""What a new retro shows once all of its thread is there."""
VOID = {"input", "img", "br", "meta", "link", "hr"}


YOU = Person(id="u_you", name="You", zone="UTC")
"""Somebody who said who they are."""


def known_at(url: str, person: Person = YOU) -> dict[str, str]:
    """What the browser of somebody who said who they are sends there with every request."""
    return {cookies.name_at(urlsplit(url).netloc, pages.YOU): person.id}


@dataclass(frozen=True)
class WebHouse:
    """`url` has no slash at its end."""

    url: str
    adapter: WebAdapter
    database: Database


@asynccontextmanager
async def open_web_app(database: Database) -> AsyncIterator[WebHouse]:
    """Serves the web workspace from `database` until the block ends."""
    settings = Settings(_env_file=None, amends_port=0, slack_bot_token=None)
    woken = asyncio.Event()
    bot = Bot(database, committed=woken.set)
    adapter = WebAdapter(settings, bot, database)
    bot.memberships["web"] = adapter.memberships
    await adapter.prepare()
    await database.write(WORKSPACE, lambda work: work.people.remember(YOU))
    worker = Worker(bot, database, {"web": adapter.messenger}, woken)
    app = web.Application(client_max_size=1024 * 1024)
    adapter.mount(app)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    clock = asyncio.create_task(worker.run())
    try:
        yield WebHouse(f"http://127.0.0.1:{server.port}", adapter, database)
    finally:
        await worker.stop()
        await clock
        await worker.stop()  # what it claimed at the last moment is said as well
        await server.close()


@asynccontextmanager
async def open_demo(months: DemoMonths, folder: Path) -> AsyncIterator[str]:
    """Serves the demo from a copy of its months in this folder, where helpdesks can be connected."""
    file = shutil.copy(months.file, folder / "demo.db")
    reached = Settings(
        _env_file=None,
        amends_port=0,
        amends_url="https://amends.example.com",
        amends_secret_key=SecretStr(KEY),
    )
    settings = for_demo(reached, f"sqlite:///{file}")
    async with (
        bootstrap.open_app(settings) as built,
        bootstrap.adapters(built, months.tour) as opened,
        bootstrap.server(built, opened) as url,
    ):
        yield url


@dataclass
class Element:
    """One element of a page, with its own text and attributes."""

    name: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Markup(HTMLParser):
    """A page taken apart, the way a browser would: every element, and all the text."""

    elements: list[Element] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element."""
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        """Closes the innermost element of that name."""
        while self._open and self._open.pop().name != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Adds text to everything that is open."""
        self.text += data
        for element in self._open:
            element.text += data

    def all(self, tag: str, /, **attributes: str) -> list[Element]:
        """The elements of that kind with these attributes."""
        return [
            element
            for element in self.elements
            if element.name == tag
            and all(element.attributes.get(key) == value for key, value in attributes.items())
        ]


def read(html: str) -> Markup:
    """Takes a page apart."""
    markup = Markup()
    markup.feed(html)
    markup.close()
    return markup


@dataclass(frozen=True)
class Visitor:
    """Somebody without scripts: sees pages, presses buttons and fills in dialogs over plain HTTP."""

    session: ClientSession
    url: str

    async def see(self, path: str) -> Markup:
        """The page at this path."""
        async with self.session.get(self.url + path) as response:
            assert response.status == 200, await response.text()
            return read(await response.text())

    async def introduce(self, name: str, zone: str = "UTC") -> str:
        """Says who they are, and returns the id that they have from now on."""
        await self.send("/who", {"back": "/", "v.name": name, "v.zone": zone})
        (you,) = known_at(self.url)
        (cookie,) = (one for one in self.session.cookie_jar if one.key == you)
        return cookie.value

    async def send(self, path: str, data: Mapping[str, str], status: int = 200) -> Markup:
        """What comes back from a form, as a script would get it."""
        headers = {"HX-Request": "true", "Origin": self.url}
        async with self.session.post(self.url + path, data=data, headers=headers) as response:
            assert response.status == status, await response.text()
            return read(await response.text())

    async def press(self, command_name: str, **data: str) -> Markup:
        """What comes back from pressing a button in the first channel."""
        return await self.send(f"/verb/{command_name}", {"place": "support", "key": new_key(), **data})

    async def say(self, text: str, channel_id: str = "support", thread: str = "") -> Markup:
        """What comes back from sending this with the composer."""
        data = {"place": channel_id, "thread": thread, "key": new_key(), "text": text}
        return await self.send("/say", data)

    async def fill(self, drawn: Markup, **values: str) -> Markup:
        """Fills in the dialog that was drawn, and sends it in."""
        path, data = dialog(drawn, **values)
        return await self.send(path, data)


def dialog(drawn: Markup, **values: str) -> tuple[str, dict[str, str]]:
    """Where the dialog that was drawn is sent, and what with these values."""
    hidden = {
        element.attributes["name"]: element.attributes["value"]
        for element in drawn.all("input", type="hidden")
    }
    (form,) = drawn.all("form", id="dialog-form")
    return form.attributes["action"], {**hidden, **{f"v.{key}": text for key, text in values.items()}}


_keys = iter(range(10**9))


def new_key() -> str:
    """A key that no other press has."""
    return f"test-key-{next(_keys)}"
