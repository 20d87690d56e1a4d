"""What arrives at the address of a connection: verified, kept once, judged, proposed."""

import asyncio
import gzip
import io
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from yarl import URL

from bot import bootstrap
from bot.bootstrap import LARGEST_BODY
from bot.domain.connection import Connection, Rules, without_secrets
from bot.domain.proposal import Proposal
from bot.domain.signal import SignalDelivery
from bot.domain.team import Team
from bot.messages.parts import Message, plain, pressable
from bot.ports import StorageUnavailable
from bot.settings import Settings
from handlers.helpdesks import generic
from handlers.helpdesks.incoming import NOT_PACKED, TOO_LARGE, Hooks, Known
from handlers.helpdesks.products import PRODUCTS
from handlers.helpdesks.proof import NOT_PROVEN
from storage.database import Database
from tests.desk import ANA, AT, BEN, SUPPORT, Desk, opening, words
from tests.session import open_work

KEY, SECRET = "a key of some length", "whsec-9137"
ID = "a" * 40
BODY = {
    "reference": "ZD-4711",
    "what_happened": "Nobody came, twice. Never again.",
    "customer": "Mrs Lopez",
    "happened_at": "2026-03-05T13:00:00Z",
    "link": "https://help.example.com/tickets/4711",
    "rating": 1,
    "tags": ["parcel"],
}


class House:
    """A team with a connection, whose address can be posted to."""

    def __init__(self, database: Database, client: TestClient[Any, Any]) -> None:
        self.database = database
        self.client = client
        self.desk = Desk(database)

    async def send(self, body: Any = BODY, id: str = ID, **headers: str) -> ClientResponse:
        """One delivery, with the right secret unless `headers` say otherwise."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"X-Amends-Secret": SECRET, **{name.replace("_", "-"): v for name, v in headers.items()}}
        return await self.client.post(f"/hooks/{id}", data=io.BytesIO(data), headers=sent)

    def change(self, **changed: Any) -> None:
        """The connection with something else in it."""
        with open_work(self.database, self.desk.workspace, writes=True) as work:
            connection = work.connections.get(ID)
            assert connection is not None
            work.connections.save(connection.model_copy(update=changed))
            work.commit()

    def connection(self) -> Connection:
        """As it is stored."""
        with open_work(self.database, self.desk.workspace, writes=False) as work:
            return work.connections.require(ID)

    def deliveries(self) -> list[SignalDelivery]:
        """Those that were kept, the newest first."""
        with open_work(self.database, self.desk.workspace, writes=False) as work:
            return list(work.deliveries.last(ID, 50))

    def proposals(self) -> list[Proposal]:
        """All of them, by number."""
        with open_work(self.database, self.desk.workspace, writes=False) as work:
            return [one for number in range(1, 30) if (one := work.proposals.get(number))]

    def failed(self) -> list[str]:
        """What happened in the cases that there are."""
        with open_work(self.database, self.desk.workspace, writes=False) as work:
            return [case.what_happened for case in work.cases.after(0)]


def about(message: Message, label: str) -> str:
    """What the button of this label is about."""
    return next(button.about for button in pressable(message) if button.label == label)


def labels(message: Message) -> list[str]:
    """What can be pressed."""
    return [button.label for button in pressable(message)]


def _connect(database: Database, workspace: str) -> None:
    with open_work(database, workspace, writes=True) as work:
        work.teams.add(Team(channel_id=SUPPORT.id, name=SUPPORT.name, lead="U1", made_at=AT))
        work.channels.remember(SUPPORT)
        made = Connection(
            id=ID,
            channel_id=SUPPORT.id,
            product="generic",
            made_by="U1",
            made_at=AT,
            secret=database.vault.seal(SECRET),
            rules=Rules(rating=2),
        )
        work.connections.add(made)
        work.commit()


@pytest.fixture
def keyed(database_url: str) -> Iterator[Database]:
    """A database that seals secrets."""
    database = Database(database_url, keys=[KEY])
    yield database
    database.close()


@pytest.fixture
async def house(keyed: Database) -> AsyncIterator[House]:
    """On both databases."""
    desk = Desk(keyed)
    app = web.Application(client_max_size=LARGEST_BODY)
    Hooks(PRODUCTS, desk.bot, keyed, keyed.vault, "https://amends.example.com").mount(app)
    _connect(keyed, desk.workspace)
    server = TestServer(app)
    await server.start_server(access_log=None)  # as ours does: addresses are nobody's business
    async with TestClient(server) as client:
        made = House(keyed, client)
        made.desk = desk
        yield made


only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_a_bad_rating_is_proposed_opened_by_one_click_and_becomes_a_retro(house: House) -> None:
    assert (await house.send()).status == 200
    said = house.desk.say_all()
    card = said["proposal:1"]
    assert plain(card).startswith("Nobody came, twice. Never again.\n")
    assert "Rated 1 of 5, very bad · ZD-4711 · Mrs Lopez" in plain(card)
    assert labels(card) == ["Open the retro", "Not this one"]
    assert house.failed() == []

    reply = await house.desk.ask(BEN, "proposal.open", about(card, "Open the retro"))
    assert words(reply) == "C-1 is marked failed. Its retro opens in support."
    said = house.desk.say_all()
    assert set(opening()) <= set(said)
    assert "Ben opened the retro C-1." in plain(said["proposal:1"])
    assert labels(said["proposal:1"]) == []
    with open_work(house.database, house.desk.workspace, writes=False) as work:
        case, retro = work.cases.get(1), work.retros.get(1)
        [proposal] = work.proposals.of_case(1)
    assert case is not None
    assert retro is not None
    assert (case.reference, case.customer, case.link) == ("ZD-4711", "Mrs Lopez", BODY["link"])
    assert case.happened_at is not None
    assert f"{case.happened_at:%H:%M}" == "13:00"
    assert retro.opened_by == BEN.id
    assert (proposal.connection_id, proposal.ticket) == (ID, "ZD-4711")


@only_sqlite
async def test_a_case_in_its_customers_own_words_keeps_none_once_they_are_forgotten(
    house: House,
) -> None:
    house.change(action="open")
    await house.send()
    assert house.failed() == [BODY["what_happened"]]
    house.desk.say_all()
    assert "C-1" in await house.desk.bot.forget(house.desk.workspace, 1, AT)
    assert house.failed() == ["What the customer wrote (removed)"]
    edited = house.desk.say_all()
    assert edited
    assert not [key for key, message in edited.items() if "Never again" in plain(message)]


@only_sqlite
async def test_what_the_team_wrote_of_a_ticket_stays_when_its_customer_is_forgotten(
    house: House,
) -> None:
    house.change(action="open", rules=Rules(rating=None, tags=("parcel",)))
    ours = "The parcel of Mrs Lopez was left in the rain."
    await house.send({**BODY, "rating": None, "what_happened": ours})
    assert house.failed() == [ours]
    await house.desk.bot.forget(house.desk.workspace, 1, AT)
    assert house.failed() == ["The parcel of the customer was left in the rain."]


async def test_two_who_open_it_at_once_open_one_retro(house: House) -> None:
    await house.send()
    press = about(house.desk.say_all()["proposal:1"], "Open the retro")
    replies = await asyncio.gather(*(house.desk.ask(BEN, "proposal.open", press) for _ in range(2)))
    assert sorted(reply.already for reply in replies) == [False, True]
    assert len(house.failed()) == 1


async def test_a_delivery_that_is_sent_again_changes_nothing(house: House) -> None:
    answers = await asyncio.gather(*(house.send() for _ in range(3)))
    assert {answer.status for answer in answers} == {200}
    assert len(house.deliveries()) == len(house.proposals()) == 1


async def test_a_worse_rating_that_arrives_late_does_not_undo_the_better_one(house: House) -> None:
    better = {**BODY, "rating": 5, "happened_at": "2026-03-05T13:10:00Z"}
    await house.send(better)
    await house.send()
    assert house.proposals() == []
    assert len(house.deliveries()) == 2


async def test_a_proposal_shows_the_newest_rating_whatever_arrives_first(house: House) -> None:
    await house.send({**BODY, "rating": 2, "happened_at": "2026-03-05T13:10:00Z"})
    await house.send()
    assert "Rated 2 of 5, bad" in plain(house.desk.say_all()["proposal:1"])
    await house.send({**BODY, "rating": 4, "happened_at": "2026-03-05T13:20:00Z"})
    assert "Rated 4 of 5, good" in plain(house.desk.say_all()["proposal:1"])
    assert len(house.proposals()) == 1


@pytest.mark.parametrize(
    ("body", "headers", "id", "status"),
    [
        (BODY, {"X_Amends_Secret": "whsec-9138"}, ID, 401),
        (BODY, {"X_Amends_Secret": ""}, ID, 401),
        (BODY, {"X_Amends_Signature": "sha256=" + "0" * 64}, ID, 401),
        (b"{", {"X_Amends_Secret": "wrong"}, ID, 401),
        (b"{", {}, ID, 400),
        (b"[]", {}, ID, 400),
        (b"[" * 100_000, {}, ID, 400),
        (b"\xff", {}, ID, 400),
        ({"rating": 1}, {}, ID, 400),
        (BODY, {}, "b" * 40, 404),
        (BODY, {}, "a", 404),
        (b" " * (LARGEST_BODY + 1), {}, ID, 413),
    ],
    ids=[
        *("another secret", "no secret", "another signature", "broken and forged"),
        *("broken", "a list", "deep", "no UTF-8", "no reference", "nobody", "no address", "large"),
    ],
)
@only_sqlite
async def test_what_is_forged_broken_too_large_or_to_nobody_is_refused_and_not_kept(
    house: House, body: Any, headers: dict[str, str], id: str, status: int
) -> None:
    answer = await house.send(body, id, **headers)
    said = await answer.text()
    assert answer.status == status
    assert said.count("\n") == 0
    assert status != 413 or said == TOO_LARGE
    assert SECRET not in said
    assert house.deliveries() == []


PACKED = {"Content-Encoding": "gzip"}
SECRET_WORD = "Lopez-never-again"


@pytest.mark.parametrize(
    ("body", "headers", "why"),
    [
        (BODY, {"X_Amends_Secret": SECRET_WORD}, NOT_PROVEN),
        (BODY, {"X_Amends_Secret": ""}, "X-Amends-Secret is missing."),
        (b"{" + SECRET_WORD.encode(), {}, generic.NO_JSON),
        ({"what_happened": SECRET_WORD}, {}, "reference is missing: it is what you call the ticket, "),
        ({**BODY, "rating": SECRET_WORD}, {}, "rating has to be a number from 1 to 5."),
        ({**BODY, "link": SECRET_WORD}, {}, "link has to begin with https:// or http://."),
        (b" " * (LARGEST_BODY + 1), {}, TOO_LARGE),
        (SECRET_WORD.encode(), {"Content_Encoding": "gzip"}, NOT_PACKED),
    ],
    ids=[
        *("another secret", "no secret", "broken", "no reference", "a rating", "a link"),
        *("large", "not packed"),
    ],
)
@only_sqlite
async def test_of_what_is_refused_is_kept_when_and_why_and_nothing_of_what_was_sent(
    house: House, body: Any, headers: dict[str, str], why: str
) -> None:
    before = datetime.now(UTC)
    answer = await house.send(body, **headers)
    kept = house.connection()
    assert answer.status != 401 or await answer.text() == kept.refused_why
    assert kept.refused_at is not None
    assert before <= kept.refused_at <= datetime.now(UTC)
    assert kept.refused_why.startswith(why)
    assert kept.version == 1
    assert house.deliveries() == []
    house.database.close()
    file = house.database.file
    assert file is not None
    written = b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
    assert why.encode() in written
    assert SECRET_WORD.encode() not in written


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (gzip.compress(json.dumps(BODY).encode()), 200),
        (gzip.compress(b" " * (LARGEST_BODY + 1)), 413),
        (b"not packed at all", 400),
        (gzip.compress(json.dumps(BODY).encode())[:-12], 400),
    ],
    ids=["packed", "unfolds to too much", "not packed", "cut off"],
)
@only_sqlite
async def test_what_is_packed_is_unpacked_and_counts_as_what_it_unfolds_to(
    house: House, body: bytes, status: int
) -> None:
    sent = {"X-Amends-Secret": SECRET, **PACKED}
    answer = await house.client.post(f"/hooks/{ID}", data=io.BytesIO(body), headers=sent)
    assert answer.status == status
    assert len(house.deliveries()) == (status == 200)


@only_sqlite
async def test_a_body_in_pieces_is_taken_as_a_whole_one_is(house: House) -> None:
    async def pieces(size: int) -> AsyncIterator[bytes]:
        whole = json.dumps(BODY).encode().ljust(size)
        for begin in range(0, size, 60_000):
            yield whole[begin : begin + 60_000]

    sent = {"X-Amends-Secret": SECRET, "Content-Type": "application/x-www-form-urlencoded"}
    for size, status in ((LARGEST_BODY + 1, 413), (LARGEST_BODY, 200)):
        answer = await house.client.post(f"/hooks/{ID}", data=pieces(size), headers=sent)
        assert answer.status == status
    assert len(house.proposals()) == 1


async def test_an_address_that_no_database_looks_up_is_an_unknown_one(house: House) -> None:
    for address in ("/hooks/%00", "/hooks/%ED%A0%80", f"/hooks/{'b' * 5000}%00"):
        answer = await house.client.post(URL(address, encoded=True), json=BODY)
        assert answer.status == 404


@only_sqlite
async def test_a_removed_connection_is_an_unknown_address(house: House) -> None:
    with open_work(house.database, house.desk.workspace, writes=True) as work:
        connection = work.connections.hold(ID)
        assert connection is not None
        work.connections.save(without_secrets(connection, AT))
        work.commit()
    unknown, removed = await house.send(id="b" * 40), await house.send()
    assert (removed.status, await removed.text()) == (unknown.status, await unknown.text())
    assert house.deliveries() == []


@only_sqlite
async def test_a_vendor_that_only_looks_is_answered_and_nothing_else_but_a_post_is_taken(
    house: House,
) -> None:
    assert (await house.client.head(f"/hooks/{ID}")).status == 200
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        sent = {"X-Amends-Secret": SECRET}
        answer = await house.client.request(method, f"/hooks/{ID}", json=BODY, headers=sent)
        assert answer.status == 405
    assert house.deliveries() == []


@only_sqlite
async def test_while_nothing_can_be_stored_vendors_are_asked_to_send_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise StorageUnavailable("the disk is full")

    for name in ("write", "read_queue"):
        with monkeypatch.context() as patched:
            patched.setattr(house.database, name, fail)
            answer = await house.send()
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
    assert (await house.send()).status == 200
    assert len(house.proposals()) == 1


@only_sqlite
async def test_with_another_key_deliveries_are_put_off_and_the_log_names_the_setting(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.change(secret=Database(f"sqlite:///{house.database.file}", keys=["x" * 20]).vault.seal("s"))
    assert (await house.send()).status == 503
    assert "AMENDS_SECRET_KEY" in caplog.text
    assert SECRET not in caplog.text


@only_sqlite
async def test_nothing_secret_and_no_customers_word_is_logged(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await house.send()
    await house.send(X_Amends_Secret="wrong-secret")
    await house.send({**BODY, "rating": "awful, says Lopez"})
    assert "a delivery of generic was not read: rating has to be a number from 1 to 5." in caplog.text
    for word in (SECRET, "wrong-secret", ID, "Lopez", "Never again", "4711"):
        assert word not in caplog.text


@only_sqlite
async def test_what_meets_no_rule_or_is_a_case_already_is_kept_and_not_proposed(house: House) -> None:
    await house.desk.fail(typed="ZD-4711 Parcel missed twice")
    await house.send()
    await house.send({**BODY, "reference": "ZD-1", "rating": 3})
    assert [(one.state, one.case_number) for one in house.proposals()] == [("opened", 1)]
    assert [key for key in house.desk.say_all() if key.startswith(("proposal", "gathered"))] == []
    assert [one.became for one in house.deliveries()] == ["", "known"]


@only_sqlite
async def test_by_a_rule_that_opens_the_retro_is_there_at_once(house: House) -> None:
    house.change(action="open")
    await house.send()
    said = house.desk.say_all()
    assert set(opening()) <= set(said)
    assert not [key for key in said if key.startswith(("proposal", "gathered"))]
    with open_work(house.database, house.desk.workspace, writes=False) as work:
        retro, recovery = work.retros.get(1), work.recoveries.get(1)
    assert retro is not None
    assert recovery is not None
    assert (retro.opened_by, recovery.contact) == (None, "U1")
    assert house.proposals()[0].case_number == 1


async def test_beyond_so_many_a_day_the_rest_is_one_message_that_is_edited(house: House) -> None:
    house.change(a_day=2)
    for number in range(6):
        await house.send({**BODY, "reference": f"ZD-{number}", "rating": 2 - number % 2})
    said = house.desk.say_all()
    own = [key for key in said if key.startswith("proposal:")]
    [gathered] = [message for key, message in said.items() if key.startswith("gathered:")]
    assert own == ["proposal:1", "proposal:2"]
    assert "4 more tickets may be failed cases." in plain(gathered)
    reply = await house.desk.ask(BEN, "proposal.show_all", about(gathered, "Show all 4"))
    assert reply.message is not None
    listed = reply.message
    assert labels(listed).count("Open the retro") == 4
    await house.desk.ask(BEN, "proposal.wave_off", about(listed, "Not this one"))
    [edited] = house.desk.say_all().values()
    assert "3 more tickets" in plain(edited)


@only_sqlite
async def test_the_next_delivery_is_shown_to_whoever_wants_a_test_and_nothing_is_done(
    house: House,
) -> None:
    house.change(test_for=ANA.id, test_until=datetime.max.replace(tzinfo=UTC))
    await house.send()
    [(key, message)] = house.desk.say_all().items()
    assert key.endswith(f":{ANA.id}")
    assert "so it would have been proposed in support." in plain(message)
    assert "Customer: Mrs Lopez" in plain(message)
    assert house.proposals() == []
    await house.send({**BODY, "reference": "ZD-2"})
    assert len(house.proposals()) == 1


@only_sqlite
async def test_what_was_made_up_for_a_test_is_in_nothing_that_comes_after_it(house: House) -> None:
    house.change(test_for=ANA.id, test_until=datetime.max.replace(tzinfo=UTC))
    await house.send({**BODY, "customer": "Secret Sam", "tags": ["made up"]})
    real = {"reference": BODY["reference"], "what_happened": "Nobody rang.", "rating": 1}
    await house.send(real)
    [proposal] = house.proposals()
    assert (proposal.signal.customer, proposal.signal.tags) == ("", ())
    assert "Secret Sam" not in plain(house.desk.say_all()["proposal:1"])


@only_sqlite
async def test_a_proposal_of_an_hour_ago_counts_to_its_day_and_not_to_the_next(house: House) -> None:
    house.change(a_day=1)
    with open_work(house.database, house.desk.workspace, writes=True) as work:
        assert work.proposals.count_made(ID, "C1", AT - timedelta(days=1)) == 0
    await house.send()
    await house.send({**BODY, "reference": "ZD-2"})
    assert [one.gathered for one in house.proposals()] == [False, True]


@only_sqlite
async def test_the_address_is_open_whatever_adapter_is(database_url: str) -> None:
    settings = Settings(
        _env_file=None, amends_database_url=database_url, amends_port=0, amends_secret_key=SecretStr(KEY)
    )
    async with (
        bootstrap.open_app(settings) as built,
        bootstrap.adapters(built) as opened,
        bootstrap.server(built, opened) as address,
        ClientSession() as session,
    ):
        _connect(built.database, "web")
        for id, secret, status in ((ID, SECRET, 200), (ID, "wrong", 401), ("b" * 40, SECRET, 404)):
            sent = {"X-Amends-Secret": secret}
            answer = await session.post(f"{address}/hooks/{id}", json=BODY, headers=sent)
            assert answer.status == status
        assert (await session.head(f"{address}/hooks/{ID}")).status == 200
        assert await built.database.read("web", lambda work: work.proposals.get(1)) is not None


def test_what_holds_a_secret_does_not_show_it() -> None:
    connection = Connection(
        id=ID,
        channel_id="C1",
        product="generic",
        made_by="U1",
        made_at=AT,
        secret="s3cr3t",
        token="t0k3n",
    )
    known = Known("web", connection, PRODUCTS["generic"], "pl41n")
    assert not [word for word in ("s3cr3t", "t0k3n", "pl41n") if word in repr(known)]
