"""What is too much, comes again, or is meant for somebody else: no channel is flooded by it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.command import Reply, Request
from bot.domain import connection as domain
from bot.domain.connection import WAITS_FOR_TEST, Rules
from bot.messages.parts import plain
from handlers.helpdesks.incoming import AT_ONCE
from storage.database import Database
from tests.connected import SECRET as CONNECTED
from tests.connected import connect
from tests.deliveries import FRESHDESK_RATED, HUBSPOT_CHANGED
from tests.desk import ANA, BEN, SUPPORT, Desk
from tests.desk import words as said_in
from tests.fake_helpdesks import DESKS
from tests.handlers.test_helpdesk_incoming import (
    BODY,
    ID,
    SECRET,
    House,
    about,
    house,
    keyed,
    only_sqlite,
)
from tests.session import open_work

__all__ = ["house", "keyed"]

A_DAY = 3
ADDRESS = f"https://amends.example.com/hooks/{ID}"


def changes(begin: int, count: int) -> list[dict[str, Any]]:
    """So many tickets of HubSpot that became urgent, each once."""
    return [
        {**HUBSPOT_CHANGED[0], "objectId": number, "eventId": number, "propertyValue": "URGENT"}
        for number in range(begin, begin + count)
    ]


async def hubspot(house: House, events: object) -> int:
    """Sends them in one request, signed now; returns the status."""
    body = json.dumps(events).encode()
    headers = DESKS["hubspot"].sign(SECRET, ADDRESS, body, datetime.now(UTC))
    return (await house.client.post(f"/hooks/{ID}", data=body, headers=headers)).status


@pytest.fixture
def urgent(house: House) -> House:
    """HubSpot's connection, by which a team hears of what is urgent, a few a day."""
    house.change(product="hubspot", rules=Rules(priorities=("urgent",)), a_day=A_DAY)
    return house


@only_sqlite
async def test_a_batch_is_taken_one_by_one_up_to_what_a_request_may_hold(urgent: House) -> None:
    assert await hubspot(urgent, changes(1, 501)) == 400
    assert urgent.deliveries() == []
    assert await hubspot(urgent, [*changes(1, 499), {**changes(1, 1)[0], "eventId": 999}]) == 200
    with open_work(urgent.database, urgent.desk.workspace, writes=False) as work:
        became = [one.became for one in work.deliveries.last(ID, 600)]
    assert (became.count("proposed"), became.count("gathered"), became.count("known")) == (3, 496, 1)


async def test_two_hundred_more_than_a_day_may_have_make_one_message_more(urgent: House) -> None:
    """Whatever way they arrive: batches, at once, one by one, again, while what was said is decided."""
    said: set[str] = set()
    await hubspot(urgent, changes(1, 50))
    said |= set(urgent.desk.say_all())
    batches = [changes(51, 60), changes(81, 60), *([one] for one in changes(141, 40))]
    statuses = await asyncio.gather(*(hubspot(urgent, batch) for batch in batches))
    assert set(statuses) == {200}
    said |= set(urgent.desk.say_all())
    await urgent.desk.ask(BEN, "proposal.wave_off", "P-1")
    await urgent.desk.ask(BEN, "proposal.wave_off", "P-9")
    await hubspot(urgent, changes(1, A_DAY + 200))
    said |= set(urgent.desk.say_all())
    day = [key for key in said if key.startswith("gathered:")]
    assert sorted(said - set(day)) == [f"proposal:{number}" for number in range(1, A_DAY + 1)]
    assert len(day) == 1


@only_sqlite
async def test_who_clicks_waits_behind_a_few_deliveries_however_many_come_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, going, most = house.desk.bot.answer, 0, 0

    async def counted(request: Request) -> Reply:
        nonlocal going, most
        going += 1
        most = max(most, going)
        try:
            return await answer(request)
        finally:
            going -= 1

    monkeypatch.setattr(house.desk.bot, "answer", counted)
    bodies = [{**BODY, "reference": f"ZD-{number}"} for number in range(40)]
    answers = await asyncio.gather(*(house.send(body) for body in bodies))
    assert {one.status for one in answers} == {200}
    assert len(house.deliveries()) == len(bodies)
    assert most == AT_ONCE


async def test_who_sends_forged_ones_at_their_pace_makes_us_write_once_a_minute(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, asked = house.desk.bot.answer, list[Reply]()

    async def counted(request: Request) -> Reply:
        asked.append(await answer(request))
        return asked[-1]

    monkeypatch.setattr(house.desk.bot, "answer", counted)
    # However slow the machine is: the three waves come within the time in which one is noted.
    monkeypatch.setattr(domain, "BETWEEN_REFUSALS", timedelta(hours=1))
    for _ in range(3):
        sent = (house.send(X_Amends_Secret=f"wrong-{number}") for number in range(20))
        assert {one.status for one in await asyncio.gather(*sent)} == {401}
        # Those that were looked at when none was noted yet try; one of them writes.
        assert len(asked) <= AT_ONCE
        assert [reply.already for reply in asked].count(False) == 1
    assert (await house.send(id="b" * 40)).status == 404
    assert len(asked) <= AT_ONCE
    first = house.connection().refused_at
    assert first is not None
    assert (await house.send()).status == 200
    assert house.connection().refused_at == first
    assert [one.became for one in house.deliveries()] == ["proposed"]


@only_sqlite
async def test_what_two_programs_refuse_at_once_is_noted_by_one(
    keyed: Database, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other wrote after this one had looked: its claim comes too late, and changes nothing."""
    look, at = keyed.read_queue, datetime.now(UTC) + timedelta(seconds=1)

    async def late(read: Any) -> Any:
        found = await look(read)
        with open_work(keyed, house.desk.workspace, writes=True) as work:
            work.connections.note_refusal(ID, at, "The other's.", at)
            work.commit()
        return found

    monkeypatch.setattr(keyed, "read_queue", late)
    assert (await house.send(X_Amends_Secret="wrong")).status == 401
    assert (house.connection().refused_at, house.connection().refused_why) == (at, "The other's.")


@only_sqlite
async def test_who_waits_for_a_test_hears_of_the_first_refusal_whatever_was_noted_before(
    house: House,
) -> None:
    await house.send(X_Amends_Secret="wrong")
    assert house.desk.say_all() == {}
    now = datetime.now(UTC)
    house.change(test_for=ANA.id, test_until=now + WAITS_FOR_TEST)
    for _ in range(3):
        await house.send({"rating": 1})
    [(key, message)] = house.desk.say_all().items()
    assert key.endswith(f":{ANA.id}")
    assert "I refused it: reference is missing" in plain(message)
    noted = house.connection()
    assert noted.refused_at is not None
    assert noted.refused_at > now
    assert (await house.send()).status == 200
    [shown] = house.desk.say_all().values()
    assert "so it would have been proposed in support." in plain(shown)


async def test_a_delivery_means_only_the_connection_whose_secret_it_knows(
    keyed: Database, house: House
) -> None:
    other = connect(keyed, house.desk.workspace, SUPPORT, "U1", "generic", secret="whsec-of-the-other")
    assert (await house.send(id=other.id)).status == 401
    assert (await house.send(X_Amends_Secret="whsec-of-the-other")).status == 401
    assert house.proposals() == []
    assert (await house.send()).status == 200
    assert (await house.send(id=other.id, X_Amends_Secret="whsec-of-the-other")).status == 200
    assert [one.connection_id for one in house.proposals()] == [ID, other.id]
    # The other is another account, whose ticket has the same number.
    for number in (1, 2):
        await house.desk.ask(BEN, "proposal.open", f"P-{number}")
    assert [one.case_number for one in house.proposals()] == [1, 2]


@only_sqlite
@pytest.mark.parametrize("opened_first", [True, False])
async def test_a_number_that_another_helpdesk_has_too_is_another_case(
    keyed: Database, house: House, opened_first: bool
) -> None:
    other = connect(keyed, house.desk.workspace, SUPPORT, "U1", "freshdesk")
    await house.send({**BODY, "reference": "4711"})
    if opened_first:
        await house.desk.ask(BEN, "proposal.open", "P-1")
    theirs = {**FRESHDESK_RATED, "words": "Another customer."}
    for _ in range(2):
        assert (await house.send(theirs, other.id, X_Amends_Secret=CONNECTED)).status == 200
    for number in (1, 2, 2):
        await house.desk.ask(BEN, "proposal.open", f"P-{number}")
    assert [one.case_number for one in house.proposals()] == [1, 2]
    assert house.failed() == [BODY["what_happened"], "Another customer."]


@only_sqlite
async def test_another_workspace_sees_and_decides_nothing_of_it(keyed: Database, house: House) -> None:
    elsewhere = Desk(keyed, "test:2")
    connect(keyed, elsewhere.workspace, SUPPORT, "U1", "generic")
    await house.send()
    card = house.desk.say_all()["proposal:1"]
    for command in ("proposal.open", "proposal.wave_off", "proposal.show_all"):
        reply = await elsewhere.ask(BEN, command, about(card, "Open the retro"))
        assert "I can't find this proposal." in said_in(reply)
    assert [one.state for one in house.proposals()] == ["proposed"]
    assert elsewhere.say_all() == {}
