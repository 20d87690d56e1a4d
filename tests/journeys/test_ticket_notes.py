"""What goes back to a helpdesk: notes on the ticket, in order and once, whatever happens on the way."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot.check import check
from bot.domain import note
from bot.domain.connection import Connection, new_id, without_secrets
from bot.domain.job import MessageRef
from bot.domain.proposal import Proposal
from bot.domain.signal import Signal
from bot.domain.team import Team
from bot.domain.written_day import short_day
from bot.jobs import note as note_jobs
from bot.messages.parts import Message
from bot.ports import Delivery, Messenger
from bot.repositories import NoteTrouble
from bot.settings import Settings
from handlers.helpdesks.incoming import Hooks
from handlers.helpdesks.notes import NoteMessenger
from handlers.helpdesks.outgoing import Outgoing
from handlers.helpdesks.products import PRODUCTS
from handlers.worker import Worker
from storage.database import Database
from tests.deliveries import SECRET, ZENDESK_RATED
from tests.desk import ANA, AT, BEN, CLEO, SUPPORT, Desk
from tests.fake_helpdesks import DESKS, FakeHelpdesk, Fault
from tests.handlers.test_worker import Platform, at_work, until
from tests.session import open_work

pytestmark = pytest.mark.usefixtures("no_patience")

KEYS = ("a-key-of-sixteen-and-more",)
WORKSPACE = "test:1"
NEXT_WEEK = datetime.now(UTC).date() + timedelta(days=7)
TICKETS = dict.fromkeys(DESKS, "4711") | {"jira": "IT-4"}


class Now:
    """The time that the queue goes by; it stands still until a test moves it."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self, _: object) -> datetime:
        return self.at


class Chat(Platform):
    """A chat whose messages have links; `messages` are as they are read now."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: dict[str, Message] = {}

    async def edit(self, delivery: Delivery, message_ref: MessageRef) -> MessageRef:
        self.messages[delivery.key] = delivery.message
        return await super().edit(delivery, message_ref)

    async def say(self, delivery: Delivery) -> MessageRef:
        said = await super().say(delivery)
        self.messages[delivery.key] = delivery.message
        return said.model_copy(update={"link": f"https://chat.example/{delivery.key}"})


class Office:
    """A team whose helpdesk told of a case, with everything real between them but the two platforms."""

    def __init__(
        self, desk: Desk, now: Now, helpdesk: FakeHelpdesk, other: FakeHelpdesk, outgoing: Outgoing
    ) -> None:
        self.desk = desk
        self.now = now
        self.helpdesk = helpdesk
        self.other = other
        self.platform = Chat()
        self.messenger = NoteMessenger(outgoing, desk.bot, desk.database, PRODUCTS, 0.0)
        speakers: Mapping[str, Messenger] = {"test": self.platform, note.PLATFORM: self.messenger}
        self.worker = Worker(desk.bot, desk.database, speakers, desk.woken)

    @property
    def settings(self) -> Settings:
        """What the operator set."""
        url = f"sqlite:///{self.desk.database.file}"
        return Settings(_env_file=None, amends_database_url=url, amends_secret_key=SecretStr(*KEYS))

    def connect(
        self, helpdesk: FakeHelpdesk, *, token: str | None = None, secret: str = ""
    ) -> Connection:
        """A connection, with the token that its notes need unless another is given."""
        with open_work(self.desk.database, WORKSPACE, writes=True) as work:
            sealed = work.vault.seal(helpdesk.desk.token if token is None else token)
            connection = work.connections.add(
                Connection(
                    id=new_id(),
                    channel_id=SUPPORT.id,
                    product=helpdesk.name,
                    made_by=ANA.id,
                    made_at=AT,
                    token=sealed,
                    secret=work.vault.seal(secret),
                    origin=helpdesk.url,
                )
            )
            work.commit()
        return connection

    async def tell(self, connection: Connection, ticket: str, reference: str = "ZD-4711") -> str:
        """The helpdesk's case fails, and its retro is opened; returns its label."""
        label = await self.desk.fail(typed=f"{reference} Parcel missed twice")
        with open_work(self.desk.database, WORKSPACE, writes=True) as work:
            work.proposals.add(
                Proposal(
                    number=0,
                    connection_id=connection.id,
                    channel_id=SUPPORT.id,
                    ticket=ticket,
                    reference=reference,
                    signal=Signal(ticket=ticket, reference=reference, at=AT),
                    made_at=AT,
                    state="opened",
                    case_number=int(label.removeprefix("C-")),
                )
            )
            work.commit()
        return label

    def follow(self, label: str) -> None:
        """Asks once more for all that its tickets are owed."""
        with open_work(self.desk.database, WORKSPACE, writes=True) as work:
            note_jobs.follow(int(label.removeprefix("C-")), self.now.at, work)
            work.commit()

    async def said(self) -> list[str]:
        """Lets the worker say what is due; returns all that stands on tickets, a line for each note."""
        await self.worker.run_due(self.now.at)
        return [" ".join(text.split()) for text in self.helpdesk.said]

    async def waits(self, minutes: int) -> list[str]:
        """Lets time pass, a quarter of an hour at once, and says what is due; returns as `said` does."""
        for _ in range(0, minutes, 15):
            self.now.at += timedelta(minutes=15)
            await self.said()
        return await self.said()

    def gives_token(self, connection: Connection, token: str) -> None:
        """A lead pastes another token, and what was given up is tried again."""
        with open_work(self.desk.database, WORKSPACE, writes=True) as work:
            stored = work.connections.get(connection.id)
            assert stored is not None
            work.connections.save(stored.model_copy(update={"token": work.vault.seal(token)}))
            note_jobs.try_again(connection.id, work)
            work.commit()

    def troubles(self) -> list[NoteTrouble]:
        """What keeps connections from taking notes."""
        with open_work(self.desk.database, WORKSPACE, writes=False) as work:
            return list(work.connections.troubles())

    async def does(self, command: str, about: str, values: Mapping[str, str], **more: Any) -> None:
        """Ana, or who else is named, fills a form in."""
        reply = await self.desk.ask(more.pop("by", ANA), command, about, values, **more)
        assert not reply.faults, reply.faults

    async def answers(self, label: str) -> None:
        """Cleo answers by name."""
        text = {"training": "Nobody showed me the late list."}
        await self.does("retro.answer", self.desk.ref(label), text, by=CLEO)

    async def promises(self, label: str, words: str = "The fee back") -> None:
        """The customer is promised something."""
        values = {"words": words, "due": NEXT_WEEK.isoformat(), "how": "A call"}
        await self.does("recovery.promise", label, values)

    async def finishes(self, label: str) -> None:
        """A fix is done and verified, and the retro closed."""
        item = await self.desk.add_item(about=label, owner=ANA.id)
        await self.does("action_item.done", item, {"changed": "Drivers call ahead."})
        await self.does("action_item.verify", item, {"saw": "Ten calls."}, by=BEN)
        await self.does("retro.close", label, {"outcome": "fixes agreed"})

    async def ends(self, label: str, verdict: str = "recovered", words: str = "Sorted.") -> None:
        """The customer says how it was."""
        await self.does("recovery.verdict", label, {"verdict": verdict, "words": words})


@asynccontextmanager
async def open_office(database_url: str, product: str = "freshdesk") -> AsyncIterator[Office]:
    """An office beside a helpdesk of this product."""
    now = Now()
    database = Database(database_url, keys=KEYS, clock=now)
    async with FakeHelpdesk(product) as helpdesk, FakeHelpdesk("zendesk") as other:
        outgoing = Outgoing([helpdesk.host, other.host])
        office = Office(Desk(database, at=now.at), now, helpdesk, other, outgoing)
        try:
            yield office
        finally:
            await office.worker.stop()
            await outgoing.close()
            database.close()


@asynccontextmanager
async def hooks_of(office: Office) -> AsyncIterator[str]:
    """Where helpdesks deliver."""
    app = web.Application()
    database = office.desk.database
    Hooks(PRODUCTS, office.desk.bot, database, database.vault, "").mount(app)
    async with TestServer(app, host="127.0.0.1") as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
async def office(sqlite: Database) -> AsyncIterator[Office]:
    """One on SQLite."""
    async with open_office(f"sqlite:///{sqlite.file}") as opened:
        yield opened


OPENED = (
    "Amends · C-1 A blameless retro of this is open in #support: what support was missing, and what "
    "will change. The retro: https://chat.example/retro:1"
)
YEAR = "" if NEXT_WEEK.year == datetime.now(UTC).year else f" {NEXT_WEEK.year}"
PROMISED = f"Amends · C-1 The customer was promised by {short_day(NEXT_WEEK)}{YEAR}: The fee back"
FINISHED = (
    "Amends · C-1 The retro is finished. What changed: - Drivers call ahead. "
    "The retro: https://chat.example/retro:1"
)
ENDED = "Amends · C-1 How it ended: recovered. The customer says it's put right."
ALL = [OPENED, PROMISED, FINISHED, ENDED]
WHO = ("Ana", "Ben", "Cleo", "U1", "U2", "U3", "late list")


async def test_a_ticket_hears_what_became_of_its_case_in_order_and_once(database_url: str) -> None:
    async with open_office(database_url) as office:
        label = await office.tell(office.connect(office.helpdesk), "4711")
        assert await office.said() == [OPENED]
        await office.answers(label)
        await office.promises(label)
        assert await office.said() == [OPENED, PROMISED]
        await office.finishes(label)
        await office.ends(label)
        assert await office.said() == ALL
        office.follow(label)
        assert await office.said() == ALL
        assert {sent.ticket for sent in office.helpdesk.notes} == {"4711"}
        assert [who for who in WHO for text in office.helpdesk.said if who in text] == []
        assert office.helpdesk.refusals == []


async def everything(office: Office) -> str:
    """All that a ticket can be told happens, and none of it is said yet."""
    label = await office.tell(office.connect(office.helpdesk), "4711")
    await office.said()
    await office.promises(label)
    await office.finishes(label)
    await office.ends(label)
    return label


@pytest.mark.parametrize("product", DESKS)
async def test_each_vendor_takes_the_note_that_its_file_makes(sqlite: Database, product: str) -> None:
    async with open_office(f"sqlite:///{sqlite.file}", product) as office:
        await office.tell(office.connect(office.helpdesk), TICKETS[product])
        assert await office.said() == [OPENED]
        assert [sent.ticket for sent in office.helpdesk.notes] == [TICKETS[product]]
        assert office.helpdesk.refusals == []


@pytest.mark.parametrize("fault", [Fault(500), Fault(503), Fault(drop="before")])
async def test_a_helpdesk_that_is_down_for_a_day_hears_every_note_once_and_in_order(
    database_url: str, fault: Fault
) -> None:
    async with open_office(database_url) as office:
        office.helpdesk.fail_until_told(fault)
        await everything(office)
        assert await office.waits(minutes=24 * 60) == []
        [trouble] = office.troubles()
        assert (trouble.waiting, trouble.given_up) == (1, 0)
        office.helpdesk.fail_until_told(None)
        assert await office.waits(minutes=30) == ALL
        assert office.troubles() == []


async def test_a_helpdesk_that_cannot_be_reached_hears_every_note_later(office: Office) -> None:
    await office.helpdesk.stop()
    await everything(office)
    assert await office.waits(minutes=60) == []
    await office.helpdesk.start()
    assert await office.waits(minutes=30) == ALL


async def test_a_helpdesk_that_asks_to_wait_is_left_alone_for_so_long(office: Office) -> None:
    office.helpdesk.fail_next(Fault(429, {"Retry-After": "1200"}))
    await everything(office)
    assert office.helpdesk.calls == 1
    office.now.at += timedelta(minutes=19)
    assert await office.said() == []
    assert office.helpdesk.calls == 1
    office.now.at += timedelta(minutes=1)
    assert await office.said() == ALL


async def test_what_comes_later_waits_for_what_could_not_be_left_while_all_runs(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tick rests by itself; `serve` has to hold the ticket's queue."""
    await everything(office)
    monkeypatch.setattr("handlers.worker.backoff", lambda attempts, jitter: 60.0)
    office.helpdesk.fail_next(Fault(500))
    async with at_work(office.worker):
        await until(lambda: office.helpdesk.calls > 1)
        assert office.helpdesk.calls == 2
        assert len(office.helpdesk.said) == 1


@pytest.mark.parametrize("product", DESKS)
async def test_a_note_whose_answer_got_lost_is_found_on_the_ticket(
    sqlite: Database, product: str
) -> None:
    async with open_office(f"sqlite:///{sqlite.file}", product) as office:
        office.helpdesk.fail_next(Fault(drop="after"), Fault(500))
        await office.tell(office.connect(office.helpdesk), TICKETS[product])
        await office.said()
        await office.promises("C-1")
        # The first look at the ticket fails as well.
        assert await office.waits(minutes=30) == [OPENED, PROMISED]
        assert (office.helpdesk.refusals, office.troubles()) == ([], [])


async def test_a_note_whose_answer_got_lost_is_left_again_where_the_token_may_not_read(
    office: Office,
) -> None:
    office.helpdesk.may_read = False
    office.helpdesk.fail_next(Fault(drop="after"))
    await everything(office)
    assert await office.waits(minutes=15) == [OPENED, *ALL]
    assert office.troubles() == []


async def test_a_token_that_is_not_accepted_stops_its_connection_alone_until_there_is_a_new_one(
    office: Office,
) -> None:
    wrong = office.connect(office.helpdesk, token="another")
    await office.tell(wrong, "4711")
    await office.tell(office.connect(office.other), "4712", "ZD-4712")
    await office.said()
    await office.promises("C-1")
    assert await office.said() == []
    assert [sent.ticket for sent in office.other.notes] == ["4712"]
    [trouble] = office.troubles()
    assert (trouble.connection.id, trouble.waiting, trouble.given_up) == (wrong.id, 0, 2)
    told = [finding.words for finding in await check(office.settings) if not finding.fine]
    assert told[-1] == (
        "Freshdesk takes no notes of the cases in #support just now (waiting: 0, given up: 2). "
        "Freshdesk does not accept the token, or it may not write notes: Give a token takes a new one."
    )
    office.gives_token(wrong, office.helpdesk.desk.token)
    assert await office.said() == [OPENED, PROMISED]
    assert office.troubles() == []
    assert all(finding.fine for finding in await check(office.settings))


async def test_a_ticket_that_is_closed_for_good_keeps_no_other_ticket_waiting(office: Office) -> None:
    office.helpdesk.closed_tickets.add("4711")
    connection = office.connect(office.helpdesk)
    await office.tell(connection, "4711")
    await office.tell(connection, "4712", "ZD-4712")
    await office.said()
    assert [sent.ticket for sent in office.helpdesk.notes] == ["4712"]
    assert [trouble.given_up for trouble in office.troubles()] == [1]


async def test_a_redirect_and_a_private_address_are_given_up_and_told(office: Office) -> None:
    async with FakeHelpdesk("zendesk") as elsewhere:
        office.helpdesk.fail_next(Fault(302, {"Location": elsewhere.url}))
        await office.tell(office.connect(office.helpdesk), "4711")
        await office.tell(office.connect(elsewhere), "4712", "ZD-4712")
        assert await office.said() == []
        assert elsewhere.calls == 0
    assert sorted(trouble.why for trouble in office.troubles()) == [
        "Freshdesk has moved to another address: a lead corrects it.",
        "That is no address of Zendesk, so nothing is sent there.",
    ]


async def test_without_a_token_no_note_is_left_and_none_waits(office: Office) -> None:
    label = await office.tell(office.connect(office.helpdesk, token=""), "4711")
    await office.promises(label)
    assert await office.said() == []
    assert (office.helpdesk.calls, office.troubles()) == (0, [])


async def test_a_connection_that_was_removed_leaves_no_note_that_waited(office: Office) -> None:
    office.helpdesk.fail_next(Fault(500))
    connection = office.connect(office.helpdesk)
    await office.tell(connection, "4711")
    await office.said()
    with open_work(office.desk.database, WORKSPACE, writes=True) as work:
        stored = work.connections.get(connection.id)
        assert stored is not None
        work.connections.save(without_secrets(stored, office.now.at))
        work.commit()
    assert await office.waits(minutes=15) == []
    assert office.helpdesk.calls == 1


async def test_a_case_that_no_helpdesk_told_of_owes_no_note(office: Office) -> None:
    office.connect(office.helpdesk)
    await office.desk.fail()
    await office.promises("C-1")
    assert await office.said() == []
    assert office.helpdesk.calls == 0


async def test_the_ticket_of_a_case_that_was_marked_failed_by_hand_hears_what_happens_from_then_on(
    office: Office,
) -> None:
    async with hooks_of(office) as address:
        connection = office.connect(office.other, secret=SECRET)
        await office.desk.fail(typed="ZD-4711 Parcel missed twice")
        await office.said()
        good = ZENDESK_RATED | {"rating": "Good, I'm satisfied", "changed_at": ""}
        assert await office.other.deliver(f"{address}/hooks/{connection.id}", good, SECRET) == 200
        await office.said()
        assert office.other.notes == []
        office.now.at += timedelta(hours=1)
        values = {"words": "The fee back", "due": NEXT_WEEK.isoformat(), "how": "A call"}
        await office.does("recovery.promise", "C-1", values, at=office.now.at)
        await office.said()
        [left] = office.other.notes
        assert (left.ticket, " ".join(left.text.split())) == ("4711", PROMISED)


async def test_a_case_that_is_cancelled_says_so_where_something_was_said_of_it(office: Office) -> None:
    connection = office.connect(office.helpdesk)
    await office.tell(connection, "4711")
    assert await office.said() == [OPENED]
    await office.does("case.cancel", "C-1", {"why": "Another Parcel."})
    gone = (
        "Amends · C-1 Cancelled: this was marked failed by mistake, so nothing more comes of it.",
        "Amends · C-1 This was brought back: the retro goes on. The retro: https://chat.example/retro:1",
    )
    assert await office.said() == [OPENED, gone[0]]
    await office.does("case.restore", "C-1", {})
    await office.promises("C-1")
    assert await office.said() == [OPENED, *gone, PROMISED]


async def test_a_case_that_is_cancelled_before_anything_was_said_of_it_says_nothing(
    office: Office,
) -> None:
    office.helpdesk.fail_next(Fault(500))
    await office.tell(office.connect(office.helpdesk), "4711")
    assert await office.said() == []
    await office.does("case.cancel", "C-1", {"why": "Another Parcel."})
    assert await office.waits(minutes=30) == []


async def test_a_promise_that_was_corrected_is_told_anew_and_one_that_is_the_same_is_not(
    office: Office,
) -> None:
    await office.tell(office.connect(office.helpdesk), "4711")
    await office.said()
    await office.promises("C-1", "The fee back")
    await office.promises("C-1", "Twice the fee back")
    assert (await office.said())[1:] == [PROMISED.replace("The fee", "Twice the fee")]
    await office.does("recovery.apologise", "C-1", {"how": "A call"})
    assert len(await office.said()) == 2


async def test_a_customer_who_is_not_put_right_is_told_of_and_so_is_how_it_ended_then(
    office: Office,
) -> None:
    await office.tell(office.connect(office.helpdesk), "4711")
    await office.ends("C-1", "not recovered", "Nobody called.")
    await office.ends("C-1")
    began_anew = (
        "Amends · C-1 How it ended: not recovered. The customer says it isn't put right. "
        "The team is starting over."
    )
    assert await office.said() == [OPENED, began_anew, ENDED]


async def test_of_a_customer_who_was_forgotten_nothing_is_told_any_more(office: Office) -> None:
    await office.tell(office.connect(office.helpdesk), "4711")
    office.helpdesk.fail_next(Fault(500))
    await office.said()
    await office.desk.bot.forget(WORKSPACE, 1, office.now.at)
    assert await office.waits(minutes=15) == []


async def test_a_bad_rating_becomes_a_retro_and_a_good_one_the_draft_of_how_it_ended(
    database_url: str,
) -> None:
    """From the helpdesk's first delivery to the last note on its ticket."""
    async with open_office(database_url) as office, hooks_of(office) as address:
        connection = office.connect(office.other, secret=SECRET)
        with open_work(office.desk.database, WORKSPACE, writes=True) as work:
            work.teams.add(Team(channel_id=SUPPORT.id, name=SUPPORT.name, lead=ANA.id, made_at=AT))
            work.channels.remember(SUPPORT)
            work.commit()
        hook = f"{address}/hooks/{connection.id}"
        bad = ZENDESK_RATED | {"changed_at": "2026-03-01T12:00:00Z"}
        assert await office.other.deliver(hook, bad, SECRET) == 200
        await office.waits(minutes=15)
        assert "proposal:1" in office.platform.keys
        await office.does("proposal.open", "P-1", {}, by=BEN)
        await office.said()
        assert [left.ticket for left in office.other.notes] == ["4711"]
        good = ZENDESK_RATED | {
            "rating": "Good, I'm satisfied",
            "words": "Sorted, thanks.",
            "changed_at": "",
        }
        for _ in range(2):
            assert await office.other.deliver(hook, good, SECRET) == 200
        form = (await office.desk.ask(ANA, "recovery.verdict", "C-1")).form
        assert form is not None
        drafted = {field.name: field.value for field in form.fields}
        assert (drafted["verdict"], drafted["words"]) == ("recovered", "Sorted, thanks.")
        await office.ends("C-1", drafted["verdict"], drafted["words"])
        await office.said()
        assert [" ".join(text.split()) for text in office.other.said] == [OPENED, ENDED]
        assert office.other.refusals == []
