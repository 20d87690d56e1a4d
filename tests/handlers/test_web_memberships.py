"""Everybody is in every channel of the web workspace, and what a page asks says where it was asked."""

from datetime import UTC, datetime

from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.repositories import Post
from handlers.web import incoming
from handlers.web.incoming import Pressed, ResolvedPress
from handlers.web.memberships import Everybody
from handlers.web.outgoing import WORKSPACE
from storage.database import Database
from tests.session import open_work

AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
ANA = Person(id="u_ana", name="Ana")
SUPPORT = Channel(id="support", name="support")


async def test_everybody_is_everywhere_and_bots_and_who_is_gone_are_not_counted(
    sqlite: Database,
) -> None:
    robot, gone = Person(id="u_bot", name="Robot", bot=True), Person(id="u_d", name="Dora", gone=True)
    with open_work(sqlite, WORKSPACE, writes=True) as work:
        work.people.remember(ANA, Person(id="u_ben", name="Ben"), robot, gone)
        work.commit()
    everybody = Everybody(sqlite)
    assert await everybody.includes(WORKSPACE, "support", ANA, unnamed=True)
    assert await everybody.people_in(WORKSPACE, "support") == 2


async def test_nothing_can_be_said_in_a_channel_that_was_removed(sqlite: Database) -> None:
    with open_work(sqlite, WORKSPACE, writes=True) as work:
        work.channels.remember(SUPPORT)
        work.channels.remember(Channel(id="old", name="old", gone=True))
        work.commit()
    everybody = Everybody(sqlite)
    speaks = [await everybody.speaks_in(WORKSPACE, id) for id in ("support", "old", "never")]
    assert speaks == [True, False, False]


def test_a_page_says_where_one_is_and_only_what_was_overheard_is_heard() -> None:
    pressed = Pressed(command_name="retro.close", key="web:12345678", channel_id="support", about="C-1")
    asked = ResolvedPress(pressed, ANA, SUPPORT, AT).request()
    typed = incoming.typed_line(("board.status", ""), ANA, SUPPORT, AT, "web:12345678")
    post = Post(
        id=7, channel_id="support", thread=3, author=ANA.id, text="Hm.", key="web:1", posted_at=AT
    )
    overheard = incoming.overheard(post, ANA, SUPPORT)
    for request in (asked, typed, overheard):
        assert (request.here, request.introduced) == ("support", True)
        assert request.heard == (request is overheard)
    assert (overheard.command_name, overheard.about, overheard.key) == ("retro.discuss", "3", "web:1:d")
    assert overheard.values == {"text": "Hm.", "id": "7"}
    alone = incoming.typed_line(("board.status", ""), ANA, incoming.direct_channel(ANA), AT, "web:1")
    assert alone.here is None
