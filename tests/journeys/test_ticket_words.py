"""HubSpot sends no customer's words: they are read on the ticket, once a delivery was acknowledged."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import pytest

from bot.command import Reply, Request
from bot.commands.signal import HELPDESK
from bot.commands.ticket_words import values
from bot.domain.case import Case
from bot.domain.connection import Action, Rules
from bot.domain.proposal import Proposal
from bot.domain.search import asked_for
from bot.domain.signal import SignalDelivery
from bot.domain.team import Team
from bot.messages.parts import Message, plain
from storage.database import Database
from tests.deliveries import HUBSPOT_CHANGED, SECRET
from tests.desk import ANA, AT, BEN, SUPPORT
from tests.fake_helpdesks import Fault, Link
from tests.journeys.test_ticket_notes import WORKSPACE, Office, hooks_of, open_office
from tests.session import open_work

pytestmark = pytest.mark.usefixtures("no_patience")

TICKET = {"subject": "Where is it?", "content": "<p>Promised twice &amp; nobody came.</p>"}
WORDS = "Where is it?\nPromised twice & nobody came."
HEAD = WORDS.replace("\n", " ")
TITLE = "HubSpot ticket 123: priority became HIGH"
REOPENED = {**HUBSPOT_CHANGED[0], "eventId": 101, "occurredAt": 1796056150000, "propertyValue": "URGENT"}
RATED = {"propertyName": "hs_feedback_last_ces_rating", "propertyValue": "1"}
MARIA = {"firstname": "Maria", "lastname": "Santos", "email": "maria@example.com"}
DOWN = Fault(500)


@pytest.fixture
async def office(sqlite: Database) -> AsyncIterator[Office]:
    """One beside HubSpot, whose tickets are failed cases where their priority says so."""
    async with open_office(f"sqlite:///{sqlite.file}", "hubspot") as opened:
        opened.helpdesk.tickets["123"] = TICKET
        opened.helpdesk.contacts["77"] = MARIA
        with open_work(opened.desk.database, WORKSPACE, writes=True) as work:
            work.teams.add(Team(channel_id=SUPPORT.id, name=SUPPORT.name, lead=ANA.id, made_at=AT))
            work.channels.remember(SUPPORT)
            work.commit()
        yield opened


async def hears(
    office: Office, *events: object, token: str | None = None, action: Action = "propose"
) -> str:
    """HubSpot's deliveries arrive by a new connection, unless there is one; returns its id."""
    with open_work(office.desk.database, WORKSPACE, writes=True) as work:
        known = work.connections.in_channel(SUPPORT.id)
    connection = known[0] if known else office.connect(office.helpdesk, token=token, secret=SECRET)
    with open_work(office.desk.database, WORKSPACE, writes=True) as work:
        stored = work.connections.get(connection.id)
        assert stored is not None
        rules = Rules(priorities=("high", "urgent"), rating=2)
        work.connections.save(stored.model_copy(update={"rules": rules, "action": action}))
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


@pytest.mark.parametrize(("status", "calls"), [(302, 1), (401, 1), (403, 2), (404, 1)])
async def test_what_may_not_be_read_is_given_up_without_a_word(
    office: Office, status: int, calls: int
) -> None:
    office.helpdesk.fail_until_told(Fault(status))
    await hears(office)
    await office.waits(minutes=60)
    assert card(office).startswith(TITLE)
    assert (office.helpdesk.calls, office.troubles()) == (calls, [])


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


# Once its retro is open


def case(office: Office, number: int = 1) -> Case:
    with open_work(office.desk.database, WORKSPACE, writes=False) as work:
        return work.cases.require(number)


def root(office: Office) -> str:
    """The retro as it is shown now."""
    return plain(office.platform.messages["retro:1"])


async def opens_while_down(office: Office, **more: Any) -> str:
    """A retro that opened at once, in the helpdesk's plain words: nobody reads the ticket yet."""
    office.helpdesk.fail_until_told(DOWN)
    office.helpdesk.links["123"] = [Link("77")]
    connection = await hears(office, action="open", **more)
    await office.waits(minutes=15)
    assert root(office).startswith(f"Retro: {TITLE}")
    assert case(office).what_happened == TITLE
    return connection


async def comes_back(office: Office) -> None:
    """HubSpot answers again."""
    office.helpdesk.fail_until_told(None)
    await office.waits(minutes=60)


async def test_a_retro_that_opens_at_once_has_the_plain_title_until_the_words_are_read(
    database_url: str,
) -> None:
    async with open_office(database_url, "hubspot") as office:
        office.helpdesk.tickets["123"], office.helpdesk.contacts["77"] = TICKET, MARIA
        with open_work(office.desk.database, WORKSPACE, writes=True) as work:
            work.teams.add(Team(channel_id=SUPPORT.id, name=SUPPORT.name, lead=ANA.id, made_at=AT))
            work.channels.remember(SUPPORT)
            work.commit()
        await opens_while_down(office)
        said = list(office.platform.keys)
        await comes_back(office)
        assert root(office).startswith(f"Retro: {HEAD}")
        assert "Maria Santos" in root(office)
        assert "Edited by" not in root(office)
        assert "Maria Santos" in plain(office.platform.messages["recovery:1"])
        assert office.platform.keys == said, "only edited"
        filled = case(office)
        assert (filled.what_happened, filled.customer) == (WORDS, "Maria Santos")
        with open_work(office.desk.database, WORKSPACE, writes=False) as work:
            assert work.search.find(asked_for("nobody came"), [SUPPORT.id], 9) == [1]
        assert office.helpdesk.refusals == []


async def test_words_that_come_after_somebody_opened_the_retro_stand_there_too(office: Office) -> None:
    office.helpdesk.fail_until_told(DOWN)
    await hears(office)
    await office.waits(minutes=15)
    await office.does("proposal.open", "P-1", {}, by=BEN)
    await office.waits(minutes=15)
    said = list(office.platform.keys)
    await comes_back(office)
    assert root(office).startswith(f"Retro: {HEAD}")
    assert card(office).startswith(HEAD)
    assert office.platform.keys == said
    assert (proposal(office).state, case(office).what_happened) == ("opened", WORDS)


async def test_of_what_was_waved_off_the_words_are_read_once_somebody_opens_it_all_the_same(
    office: Office,
) -> None:
    office.helpdesk.fail_until_told(DOWN)
    await hears(office)
    await office.waits(minutes=15)
    await office.does("proposal.wave_off", "P-1", {}, by=BEN)
    await comes_back(office)
    assert (office.helpdesk.reads, proposal(office).signal.words) == (0, "")
    await office.does("proposal.open", "P-1", {}, by=BEN)
    await office.waits(minutes=15)
    assert case(office).what_happened == WORDS


async def test_of_what_is_asked_about_again_the_words_are_read_then(office: Office) -> None:
    office.helpdesk.fail_until_told(DOWN)
    await hears(office)
    await office.waits(minutes=15)
    await office.does("proposal.wave_off", "P-1", {}, by=BEN)
    await comes_back(office)
    await hears(office, REOPENED)
    await office.waits(minutes=15)
    assert proposal(office).signal.words == WORDS
    assert WORDS.splitlines()[1] in card(office)


async def test_a_ticket_that_nobody_can_read_for_days_leaves_the_plain_title_and_the_case(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.domain.job.MAX_ATTEMPTS_IN_AN_OUTAGE", 2)
    await opens_while_down(office)
    await office.waits(minutes=60)
    await comes_back(office)
    assert (office.helpdesk.reads, office.worker.outcomes["given up"]) == (0, 2), "the note, too"
    assert root(office).startswith(f"Retro: {TITLE}")
    assert (case(office).cancelled, case(office).customer) == (False, None)


Happens = Callable[[Office], Awaitable[None]]


async def is_edited(office: Office) -> None:
    told = {"what_happened": "The parcel is lost.", "customer": "Mrs. Santos"}
    await office.does("case.edit", office.desk.ref("C-1"), told, by=BEN)


async def is_cancelled(office: Office) -> None:
    await office.does("case.cancel", office.desk.ref("C-1"), {"why": "A test."}, by=BEN)


async def is_forgotten(office: Office) -> None:
    await office.desk.bot.forget(WORKSPACE, 1, office.now.at)


STAYS: Mapping[str, tuple[Happens, str]] = {
    "edited": (is_edited, "The parcel is lost."),
    "cancelled": (is_cancelled, TITLE),
    "forgotten": (is_forgotten, TITLE.replace("123", "(removed)")),
}
"""What may happen to a case before its words come, and what it says of what happened from then on."""


@pytest.mark.parametrize("in_flight", [False, True], ids=["before", "as it is read"])
@pytest.mark.parametrize("how", STAYS)
async def test_words_that_come_too_late_are_not_kept(office: Office, how: str, in_flight: bool) -> None:
    happens, stays = STAYS[how]
    connection = await opens_while_down(office)
    if in_flight:
        office.helpdesk.meanwhile = partial(happens, office)
    else:
        await happens(office)
    await comes_back(office)
    assert office.helpdesk.reads == (2 if in_flight else 0)
    assert case(office).what_happened == stays
    assert case(office).customer in (None, "Mrs. Santos")
    assert TICKET["subject"] not in root(office)
    assert {(one.signal.words, one.signal.customer) for one in deliveries(office, connection)} == {
        ("", "")
    }
    assert (proposal(office).signal.words, proposal(office).signal.customer) == ("", "")


async def test_a_case_that_is_brought_back_gets_the_words_that_it_missed(office: Office) -> None:
    await opens_while_down(office)
    await is_cancelled(office)
    await comes_back(office)
    assert case(office).what_happened == TITLE
    await office.does("case.restore", office.desk.ref("C-1"), {}, by=BEN)
    await office.waits(minutes=15)
    assert (case(office).what_happened, case(office).cancelled) == (WORDS, False)


async def test_a_form_that_is_open_as_the_words_come_replaces_nothing_unseen(office: Office) -> None:
    await opens_while_down(office)
    form = (await office.desk.ask(BEN, "case.edit", office.desk.ref("C-1"))).form
    assert form is not None
    await comes_back(office)
    written = {**{field.name: field.value for field in form.fields}, **form.hidden, "reference": "X-1"}
    reply = await office.desk.ask(BEN, "case.edit", form.about, written)
    assert reply.form is not None
    told = plain(Message(summary="", parts=reply.form.parts))
    assert "The helpdesk changed it meanwhile: look again." in told
    assert HEAD in told
    assert case(office).what_happened == WORDS


async def test_a_customer_whom_somebody_named_stays_and_so_does_who_edited(office: Office) -> None:
    await opens_while_down(office)
    office.helpdesk.tickets["123"] = {"subject": "Nobody came", "content": "Yours, Maria Santos"}
    told = {"what_happened": TITLE, "customer": "Mrs. Santos"}
    await office.does("case.edit", office.desk.ref("C-1"), told, by=BEN)
    await comes_back(office)
    words = "Nobody came\nYours, Maria Santos"
    assert (case(office).what_happened, case(office).customer) == (words, "Mrs. Santos")
    assert "Edited by Ben on" in root(office)
    await office.desk.bot.forget(WORKSPACE, 1, office.now.at)
    await office.waits(minutes=15)
    assert "Maria" not in case(office).model_dump_json()
    assert "Maria" not in root(office)


async def test_another_change_of_the_ticket_wipes_nothing_that_was_read(office: Office) -> None:
    await opens_while_down(office)
    await comes_back(office)
    await hears(office, REOPENED, action="open")
    await office.waits(minutes=30)
    assert (case(office).what_happened, case(office).customer) == (WORDS, "Maria Santos")
    assert office.helpdesk.reads == 2
    assert proposal(office).signal.words == WORDS


async def test_nobody_but_who_reads_the_ticket_fills_in(office: Office) -> None:
    await opens_while_down(office)
    reply = await office.desk.ask(
        BEN, "proposal.fill_in", "P-1", values(1, "Made up.", "Nobody"), heard=False
    )
    assert reply.refused
    for number in (0, 2, 99):
        await office.desk.ask(HELPDESK, "proposal.fill_in", values=values(number, "Of none.", ""))
    assert case(office).what_happened == TITLE


# Whose ticket it is


@pytest.mark.parametrize(
    ("links", "contact", "customer"),
    [
        ([Link("77")], MARIA, "Maria Santos"),
        ([Link("78"), Link("77")], MARIA, ""),
        ([Link("78", "billing_contact"), Link("77"), Link("78")], MARIA, "Maria Santos"),
        ([Link("77", "billing_contact")], MARIA, "Maria Santos"),
        ([Link("77")], {"lastname": "Santos"}, "Santos"),
        ([Link("77")], {"email": "maria@example.com"}, "maria@example.com"),
        ([Link("77")], {}, ""),
        ([Link("../../x")], MARIA, ""),
        ([], MARIA, ""),
    ],
)
async def test_the_customer_is_the_first_contact_by_name_and_else_by_address(
    office: Office, links: list[Link], contact: Mapping[str, str], customer: str
) -> None:
    office.helpdesk.links["123"], office.helpdesk.contacts["77"] = links, contact
    await hears(office)
    await office.waits(minutes=30)
    assert card(office).startswith(HEAD)
    assert proposal(office).signal.customer == customer
    assert office.helpdesk.refusals == []


@pytest.mark.parametrize("tells", [True, False])
async def test_a_token_that_may_not_read_contacts_reads_the_words_alone(
    office: Office, tells: bool
) -> None:
    office.helpdesk.links["123"] = [Link("77")]
    office.helpdesk.may_read_contacts, office.helpdesk.tells_contacts = False, tells
    await hears(office)
    await office.waits(minutes=60)
    assert (proposal(office).signal.words, proposal(office).signal.customer) == (WORDS, "")
    assert (office.helpdesk.calls, office.troubles()) == (2, [])


@pytest.mark.parametrize("answer", [b"[]", b"{", b'{"properties": {"firstname": ["x"]}}', b"{}"])
async def test_a_contact_that_cannot_be_read_leaves_the_words(office: Office, answer: bytes) -> None:
    office.helpdesk.links["123"] = [Link("77")]
    office.helpdesk.fail_next(Fault(), Fault(200, body=answer))
    await hears(office)
    await office.waits(minutes=60)
    assert (proposal(office).signal.words, proposal(office).signal.customer) == (WORDS, "")


@pytest.mark.parametrize(
    "linked", ['"x"', "[]", '{"contacts": "x"}', '{"contacts": {"results": ["x"]}}']
)
async def test_contacts_that_cannot_be_read_leave_the_words(office: Office, linked: str) -> None:
    body = f'{{"properties": {{"subject": "Late"}}, "associations": {linked}}}'
    office.helpdesk.fail_next(Fault(200, body=body.encode()))
    await hears(office)
    await office.waits(minutes=60)
    assert (proposal(office).signal.words, proposal(office).signal.customer) == ("Late", "")
    assert office.helpdesk.calls == 1


async def test_what_was_read_and_could_not_be_kept_is_read_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_down(_: Request) -> Reply:
        return Reply(saved=False)

    await hears(office)
    with monkeypatch.context() as patched:
        patched.setattr(office.desk.bot, "answer", is_down)
        await office.waits(minutes=15)
    assert proposal(office).signal.words == ""
    await office.waits(minutes=15)
    assert (office.helpdesk.reads, proposal(office).signal.words) == (2, WORDS)


async def test_while_only_the_contact_cannot_be_read_it_is_tried_again(office: Office) -> None:
    office.helpdesk.links["123"] = [Link("77")]
    office.helpdesk.fail_next(Fault(), Fault(429, {"Retry-After": "60"}))
    await hears(office)
    await office.waits(minutes=30)
    assert (proposal(office).signal.words, proposal(office).signal.customer) == (WORDS, "Maria Santos")
    assert office.helpdesk.calls == 4


async def test_what_the_same_customer_says_on_another_ticket_stands_on_the_card(office: Office) -> None:
    office.helpdesk.tickets["124"] = {"subject": "Again late"}
    office.helpdesk.links |= {"123": [Link("77")], "124": [Link("77")]}
    await hears(office)
    await office.waits(minutes=15)
    await office.does("proposal.open", "P-1", {}, by=BEN)
    now = int(office.now.at.timestamp() * 1000)
    rated = {**HUBSPOT_CHANGED[0], **RATED, "objectId": 124, "eventId": 102, "occurredAt": now + 1}
    await hears(office, rated)
    assert proposal(office).later is None, "nobody knows yet whose ticket that is"
    await office.waits(minutes=15)
    later = proposal(office).later
    assert later is not None
    assert (later.ticket, later.rating) == ("124", 1)
    better = {**rated, "eventId": 103, "occurredAt": now + 2, "propertyValue": "7"}
    await hears(office, better)
    later = proposal(office).later
    assert later is not None
    assert (later.ticket, later.rating) == ("124", 5)


async def test_who_was_read_on_a_ticket_is_forgotten_by_name(office: Office) -> None:
    office.helpdesk.links["123"] = [Link("77")]
    connection = await hears(office)
    await office.waits(minutes=15)
    assert proposal(office).signal.customer == "Maria Santos"
    assert await office.desk.bot.forget_told(WORKSPACE, "maria santos", office.now.at)
    await office.waits(minutes=60)
    assert {one.signal.customer for one in deliveries(office, connection)} == {""}
    assert proposal(office).signal.customer == ""
    assert "Maria" not in card(office)
