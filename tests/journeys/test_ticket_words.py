"""HubSpot sends no customer's words: they are read on the ticket, once a delivery was acknowledged."""

from collections.abc import AsyncIterator

import pytest

from bot.domain.connection import Rules
from bot.domain.proposal import Proposal
from bot.domain.signal import SignalDelivery
from bot.domain.team import Team
from bot.messages.parts import plain
from storage.database import Database
from tests.deliveries import HUBSPOT_CHANGED, SECRET
from tests.desk import ANA, AT, BEN, SUPPORT
from tests.fake_helpdesks import Fault
from tests.journeys.test_ticket_notes import WORKSPACE, Office, hooks_of, open_office
from tests.session import open_work

TICKET = {"subject": "Where is it?", "content": "<p>Promised twice &amp; nobody came.</p>"}
WORDS = "Where is it?\nPromised twice & nobody came."
HEAD = WORDS.replace("\n", " ")
TITLE = "HubSpot ticket 123: priority became HIGH"
REOPENED = {**HUBSPOT_CHANGED[0], "eventId": 101, "occurredAt": 1796056150000, "propertyValue": "URGENT"}


@pytest.fixture
async def office(sqlite: Database) -> AsyncIterator[Office]:
    """One beside HubSpot, whose tickets are failed cases where their priority says so."""
    async with open_office(f"sqlite:///{sqlite.file}", "hubspot") as opened:
        opened.helpdesk.tickets["123"] = TICKET
        with open_work(opened.desk.database, WORKSPACE, writes=True) as work:
            work.teams.add(Team(channel_id=SUPPORT.id, name=SUPPORT.name, lead=ANA.id, made_at=AT))
            work.channels.remember(SUPPORT)
            work.commit()
        yield opened


async def hears(office: Office, *events: object, token: str | None = None) -> str:
    """HubSpot's deliveries arrive by a new connection, unless there is one; returns its id."""
    with open_work(office.desk.database, WORKSPACE, writes=True) as work:
        known = work.connections.in_channel(SUPPORT.id)
    connection = known[0] if known else office.connect(office.helpdesk, token=token, secret=SECRET)
    with open_work(office.desk.database, WORKSPACE, writes=True) as work:
        stored = work.connections.get(connection.id)
        assert stored is not None
        rules = Rules(priorities=("high", "urgent"))
        work.connections.save(stored.model_copy(update={"rules": rules}))
        work.commit()
    calls = office.helpdesk.calls
    async with hooks_of(office) as address:
        hook = f"{address}/hooks/{connection.id}"
        for event in events or HUBSPOT_CHANGED[:1]:
            assert await office.helpdesk.deliver(hook, [event], SECRET) == 200
    assert office.helpdesk.calls == calls  # it was acknowledged before anything was read
    return connection.id


def proposal(office: Office) -> Proposal:
    with open_work(office.desk.database, WORKSPACE, writes=False) as work:
        found = work.proposals.get(1)
    assert found is not None
    return found


def deliveries(office: Office, connection_id: str) -> list[SignalDelivery]:
    with open_work(office.desk.database, WORKSPACE, writes=False) as work:
        return list(work.deliveries.last(connection_id, 9))


def card(office: Office) -> str:
    """The proposal as it is shown now."""
    return plain(office.platform.messages["proposal:1"])


async def test_the_words_of_a_ticket_are_read_once_and_stand_first(office: Office) -> None:
    await hears(office)
    await office.waits(minutes=15)
    assert card(office).startswith(HEAD)
    assert TITLE in card(office)
    assert (office.helpdesk.calls, office.helpdesk.refusals, office.helpdesk.notes) == (1, [], [])
    await hears(office, REOPENED)
    await office.waits(minutes=15)
    assert card(office).startswith(HEAD)
    assert office.helpdesk.calls == 1
    await office.does("proposal.open", "P-1", {}, by=BEN)
    with open_work(office.desk.database, WORKSPACE, writes=False) as work:
        assert work.cases.require(1).what_happened == WORDS


@pytest.mark.parametrize("fault", [Fault(500), Fault(429, {"Retry-After": "60"}), Fault(drop="before")])
async def test_while_hubspot_is_down_the_plain_title_stays_and_the_words_come_later(
    office: Office, fault: Fault
) -> None:
    office.helpdesk.fail_until_told(fault)
    await hears(office)
    await office.waits(minutes=60)
    assert card(office).startswith(TITLE)
    assert office.troubles() == []
    office.helpdesk.fail_until_told(None)
    await office.waits(minutes=30)
    assert card(office).startswith(HEAD)


@pytest.mark.parametrize("answer", [b"[]", b"{", b'{"properties": {"subject": ["x"]}}', b"{}", b"\xff"])
async def test_an_answer_that_says_nothing_changes_nothing(office: Office, answer: bytes) -> None:
    office.helpdesk.fail_next(Fault(200, body=answer))
    await hears(office)
    await office.waits(minutes=60)
    assert card(office).startswith(TITLE)
    assert (office.helpdesk.calls, office.troubles()) == (1, [])


@pytest.mark.parametrize("status", [302, 401, 403, 404])
async def test_what_may_not_be_read_is_given_up_without_a_word(office: Office, status: int) -> None:
    office.helpdesk.fail_until_told(Fault(status))
    await hears(office)
    await office.waits(minutes=60)
    assert card(office).startswith(TITLE)
    assert (office.helpdesk.calls, office.troubles()) == (1, [])


async def test_without_a_token_nothing_is_asked(office: Office) -> None:
    await hears(office, token="")
    await office.waits(minutes=60)
    assert card(office).startswith(TITLE)
    assert office.helpdesk.calls == 0


async def test_of_a_proposal_that_was_decided_nothing_is_read_any_more(office: Office) -> None:
    office.helpdesk.fail_next(Fault(500))
    connection = await hears(office)
    await office.waits(minutes=15)
    await office.does("proposal.wave_off", "P-1", {}, by=BEN)
    await office.waits(minutes=60)
    assert (office.helpdesk.calls, proposal(office).signal.words) == (1, "")
    assert len(deliveries(office, connection)) == 1


async def test_with_the_customer_the_words_are_forgotten_and_none_is_read_again(office: Office) -> None:
    connection = await hears(office)
    await office.waits(minutes=15)
    await office.does("proposal.open", "P-1", {}, by=BEN)
    await office.desk.bot.forget(WORKSPACE, 1, office.now.at)
    await office.waits(minutes=60)
    assert {one.signal.words for one in deliveries(office, connection)} == {""}
    assert proposal(office).signal.words == ""
