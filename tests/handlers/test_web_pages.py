"""What a page of the web workspace asks the storage, however many channels and people there are."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import Request

from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.ports import ReadOnlyWork, UnitOfWork
from bot.repositories import Post
from handlers.web import additions, pages
from storage import unit_of_work as units
from storage.database import Database
from storage.row import several
from tests.session import open_work
from tests.storage.made import AT
from tests.test_statements import counted
from tests.web_app import YOU

BASE = "http://localhost"
SUPPORT = Channel(id="support", name="support")
ROOT = Post(channel_id="support", author="u_0", text="Root", posted_at=AT)


@pytest.fixture
def web(sqlite: Database) -> Database:
    with open_work(sqlite, "web", writes=True) as work:
        additions.begin(work)
        work.people.remember(YOU)
        work.commit()
    return sqlite


def changed(web: Database, change: Callable[[UnitOfWork], object]) -> None:
    with open_work(web, "web", writes=True) as work:
        change(work)
        work.commit()


def asked(path: str) -> Request:
    return make_mocked_request("GET", path, headers={"Cookie": f"{pages.YOU}={YOU.id}"})


def page(path: str, work: ReadOnlyWork) -> str:
    root = re.search(r"/t/(\d+)", path)
    thread = pages.root_of(work, SUPPORT, root[1]) if root else None
    return pages.page(asked(path), work, BASE, "1", SUPPORT, thread)[0]


def lists(path: str, work: ReadOnlyWork) -> str:
    return pages.lists(asked(path), work)


def posts(path: str, work: ReadOnlyWork) -> str:
    return pages.posts(asked(path), work, BASE)[0]


LOOKS = (
    (page, "/p/support"),
    (page, "/p/support/t/1"),
    (lists, "/f/lists?place=support"),
    (posts, "/f/posts?place=support"),
    (posts, "/f/posts?place=support&thread=1"),
)


def crowd(work: UnitOfWork) -> None:
    for number in range(40):
        person = Person(id=f"u_{number}", name=f"Person {number}")
        channel = Channel(id=f"place-{number}", name=f"place-{number}")
        work.people.remember(person)
        work.channels.remember(channel)
        for where, thread in ((channel.id, None), ("support", None), ("support", 1)):
            said = Post(channel_id=where, thread=thread, author=person.id, text="Hi", posted_at=AT)
            work.posts.add(said)


@pytest.mark.parametrize(("look", "path"), LOOKS)
def test_a_page_asks_as_much_with_many_channels_people_and_posts(
    web: Database, look: Callable[[str, ReadOnlyWork], str], path: str
) -> None:
    changed(web, lambda work: work.posts.add(ROOT))
    costs = []
    for _ in range(2):
        with counted(web) as ran, web.transaction(writes=False) as connection:
            look(path, units.ReadOnlyWork(connection, "web"))
        costs.append(len(ran))
        changed(web, crowd)
    assert costs[0] == costs[1] <= 11


def test_a_channel_with_something_new_has_a_dot_until_it_was_seen(web: Database) -> None:
    with open_work(web, "web", writes=False) as work:
        assert "something new" not in page("/p/support", work)
    changed(web, crowd)
    with open_work(web, "web", writes=False) as work:
        html = page("/p/support", work)
        assert html.count("something new") == 40
        assert html.count("Person 39") >= 2  # among those one can be, and as an author
        assert lists("/f/lists?place=place-7", work).count("something new") == 40


def _earlier(html: str) -> str | None:
    match = re.search(r'<a href="([^"#]+)[^"]*">Show earlier</a>', html)
    return unescape(match[1]) if match else None


@pytest.mark.parametrize("where", ["/p/support", "/p/support/t/1"])
def test_every_post_is_reached_and_no_page_holds_them_all(web: Database, where: str) -> None:
    def talk(work: UnitOfWork) -> None:
        for number in range(501):
            thread = None if number == 0 or where == "/p/support" else 1
            text = f"Post number {number}."
            work.posts.add(Post(channel_id="support", thread=thread, text=text, posted_at=AT))

    changed(web, talk)
    seen: set[str] = set()
    path: str | None = where
    with open_work(web, "web", writes=False) as work:
        while path is not None:
            html = page(path, work)
            told = re.findall(r"Post number \d+", html)
            assert len(told) <= pages.MAX_POSTS + pages.NEWEST + 2
            assert ("Show the newest" in html) == ("before=" in path)
            seen |= set(told)
            path = _earlier(html)
    assert len(seen) == 501


def test_a_thread_is_read_no_further_than_it_is_shown(
    web: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(web, lambda work: work.posts.add(ROOT))
    for _ in range(5):
        changed(web, crowd)
    read: list[int] = []

    def note(*given: Any) -> Any:
        rows = several(*given)
        read.append(len(rows))
        return rows

    monkeypatch.setattr("storage.repositories.post.several", note)
    with open_work(web, "web", writes=False) as work:
        html = page("/p/support/t/1", work)
        posts("/f/posts?place=support&thread=1", work)
    assert _earlier(html) == "/p/support/t/1?most=100"
    assert max(read) == pages.NEWEST + 1


def test_an_address_before_everything_says_where_the_newest_are(web: Database) -> None:
    with open_work(web, "web", writes=False) as work:
        html = page("/p/support?before=1", work)
        assert "Show the newest" in html
        assert "before" not in page("/p/support?before=x", work)
