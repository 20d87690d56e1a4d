"""The month of the demo, told to the program: who hears of what, when, and what they may press then.

It goes through every state there is, so whoever is told too much, too late or not at all shows here.
`python -m tests.test_month` writes the golden file anew; read the difference before you commit.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bot.command import Reply, Request
from bot.demo import month
from bot.demo.story import SAYS
from bot.domain.channel import Channel
from bot.domain.connection import Connection
from bot.domain.person import Person
from bot.messages.parts import Form, Message, pressable
from storage.database import Database
from tests.desk import Desk
from tests.session import open_work

HEARD = Path(__file__).with_name("month.txt")
NOW = datetime(2026, 11, 29, 16, 30, tzinfo=UTC)
ZONE = "Europe/Lisbon"


class Played:
    """month.House: the program at a desk, and a line for each message that is new or changed."""

    def __init__(self, database: Database) -> None:
        self.lines: list[str] = []
        self._desk = Desk(database, month.WORKSPACE)
        self._said: dict[str, Message] = {}
        self._names: dict[str, str] = {}

    async def turn(self, at: datetime) -> None:
        """Says what is due, in the order of the keys: many are due at once."""
        gone = len(self._desk.deleted)
        said = await self._desk.tick(at)
        named = {self._name(key): message for key, message in said.items()}
        for key, message in sorted(named.items()):
            if message != self._said.get(key):
                what = "edited" if key in self._said else "said"
                self._note(
                    at, what, key, *dict.fromkeys(each.command_name for each in pressable(message))
                )
        for key in sorted(map(self._name, self._desk.deleted[gone:])):
            self._note(at, "deleted", key)
        self._said.update(named)

    async def meet(self, channel: Channel, *people: Person) -> None:
        """Lets the bot know them."""
        for person in people:
            self._desk.meet(person)

    async def connect(self, connection: Connection) -> None:
        """Straight into the storage: what is told later comes by the bot."""
        with open_work(self._desk.database, month.WORKSPACE, writes=True) as work:
            work.connections.add(connection)
            work.commit()

    async def ask(self, request: Request) -> Reply:
        """What the bot replies."""
        return await self._desk.bot.answer(request)

    async def write(
        self, request: Request, channel: Channel, case_number: int | None, text: str
    ) -> None:
        """Notes where it was written: nobody hears of it from the bot."""
        self._note(request.at, "written", f"C-{case_number}" if case_number else channel.id)

    def _note(self, at: datetime, *words: str) -> None:
        self.lines.append(" ".join((f"{at:%m-%d %H:%M}", *words)))

    def _name(self, key: str) -> str:
        """The key of a message; an answer, whose id is random, gets a number."""
        if not key.startswith("answer:"):
            return key
        return self._names.setdefault(key, f"answer:{len(self._names) + 1}")


async def heard(database: Database) -> Sequence[str]:
    """What everybody heard in that month, a line each."""
    house = Played(database)
    cases = await month.tell(house, NOW, ZONE)
    assert set(cases) == {story.name for story in month.STORIES if story.name}
    return house.lines


async def test_everybody_hears_of_everything_when_the_golden_file_says(sqlite: Database) -> None:
    assert await heard(sqlite) == HEARD.read_text().splitlines()


class Agreeable:
    """month.House: says to everything that it is done, and keeps when it was asked."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.asked: list[Request] = []
        self.turned: list[datetime] = []

    async def turn(self, at: datetime) -> None:
        """Keeps the moment."""
        self.turned.append(at)

    async def meet(self, channel: Channel, *people: Person) -> None:
        """Nothing: it asks nobody who they are."""

    async def connect(self, connection: Connection) -> None:
        """Nothing: whatever is told it is done."""

    async def ask(self, request: Request) -> Reply:
        """The next of its replies, and then that all is well."""
        self.asked.append(request)
        return self.replies.pop(0) if self.replies else Reply()

    async def write(self, request: Request, *_: object) -> None:
        """Keeps the request."""
        self.asked.append(request)


@pytest.mark.parametrize(
    ("now", "last"),
    [
        (datetime(2026, 11, 27, 9, 59, tzinfo=UTC), date(2026, 11, 26)),
        (datetime(2026, 11, 27, 10, 0, tzinfo=UTC), date(2026, 11, 27)),
        (datetime(2026, 11, 30, 8, 0, tzinfo=UTC), date(2026, 11, 27)),
    ],
)
async def test_the_last_day_is_a_working_day_that_is_far_enough_on(now: datetime, last: date) -> None:
    house = Agreeable()
    await month.tell(house, now, ZONE)
    assert max(request.at for request in house.asked).date() == last
    assert house.turned == sorted(house.turned)
    assert house.turned[-1] == now
    assert all(request.at <= now for request in house.asked)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(refused=True), "None"),
        (Reply(refused=True, message=Message(parts=(), summary="No way.")), "No way."),
        (Reply(faults={"why": "Say why."}), "Say why."),
        (Reply(form=Form(command_name="case.fail", title="Unasked", submit="Send")), "Unasked"),
        (Reply(saved=False), "None"),
    ],
)
async def test_what_the_program_does_not_do_ends_the_month_there(reply: Reply, told: str) -> None:
    house = Agreeable(Reply(), reply)
    with pytest.raises(month.WentWrong, match=told):
        await month.tell(house, NOW, ZONE)
    assert house.replies == []


async def test_what_the_coach_remarks_on_is_posted_as_it_is_with_a_key_of_its_own() -> None:
    read = Form(
        command_name="case.fail", title="Form", submit="Send", parts=(), hidden={"coached": "yes"}
    )
    house = Agreeable(Reply(form=read))
    await month.tell(house, NOW, ZONE)
    asks = [request for request in house.asked if request.command_name != SAYS]
    first, again = asks[:2]
    assert again.values == {**(first.values or {}), "coached": "yes"}
    assert (again.command_name, again.at) == (first.command_name, first.at)
    assert again.key != first.key
    assert len({request.key for request in house.asked}) == len(house.asked)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        new = Database(f"sqlite:///{folder}/month.db")
        new.migrate()
        HEARD.write_text("\n".join(asyncio.run(heard(new))) + "\n")
        new.close()
