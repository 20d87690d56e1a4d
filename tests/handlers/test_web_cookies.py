"""Workspaces on one machine: a browser keeps for each what it is to keep, whatever their ports are."""

from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar

from handlers.web import cookies
from storage.database import Database
from tests.web_app import Visitor, WebHouse, open_web_app


async def test_of_two_workspaces_on_one_machine_neither_takes_the_other_ones_reader(
    web_house: WebHouse, tmp_path: Path
) -> None:
    with closing(Database(f"sqlite:///{tmp_path / 'other.db'}")) as database:
        database.migrate()
        async with (
            open_web_app(database) as other,
            ClientSession(cookie_jar=CookieJar(unsafe=True)) as session,
        ):
            here, there = Visitor(session, web_house.url), Visitor(session, other.url)
            await here.introduce("Ana")
            await there.introduce("Ben")
            for visitor, name in ((here, "Ana"), (there, "Ben"), (here, "Ana")):
                await visitor.say(f"{name} was here")
                page = await visitor.see("/p/support")
                assert [one.text for one in page.all("option", selected="")] == [name]
                assert f"{name} was here" in page.text


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1:3000", "you-3000"),
        ("127.0.0.1:3845", "you-3845"),
        ("[::1]:3000", "you-3000"),
        ("[::1]", "you"),
        ("amends.example.com", "you"),
        ("amends.example.com:x;y=z", "you"),
        ("", "you"),
    ],
)
def test_a_cookie_has_the_port_in_its_name_that_the_browser_asked(host: str, name: str) -> None:
    assert cookies.name_at(host, "you") == name
