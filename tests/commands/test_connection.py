"""A lead connects helpdesks: who may, what is refused, what is kept secret, and what ends with one."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot.bootstrap import helpdesks
from bot.command import Reply
from bot.commands.signal import HELPDESK, values
from bot.domain import message_key, note
from bot.domain.channel import Channel
from bot.domain.connection import Connection, Rules
from bot.domain.person import Person
from bot.domain.prompt import Kind
from bot.domain.reference import ConnectionRef
from bot.domain.signal import Signal, SignalDelivery
from bot.messages.page import form_at
from bot.messages.parts import Button, Fields, Line, Link, Pasted, Status, Words, plain, pressable
from bot.ports import Ended
from bot.prompts import PROMPTS
from bot.settings import Settings
from handlers.helpdesks.products import PRODUCTS
from handlers.helpdesks.proof import NOT_PROVEN
from storage.database import Database
from tests.commands.test_page import show
from tests.desk import ANA, AT, BEN, CLEO, SUPPORT, Desk, words
from tests.domain.test_connection import a_signal
from tests.session import open_work, queue_of
from tests.storage.made import a_job
from tests.storage.test_job import schedule
from tests.test_statements import counted

KEY = "a key of some length"
HELPDESKS = helpdesks(Settings(_env_file=None, amends_url="https://amends.example.com"))
HERE = "connections:C1"
NOWHERE = f"connection:{'0' * 40}"
TOKEN = "ana@example.com/token:shhh-5b1c"
VALUES = {
    "product": "generic",
    "rating": "2",
    "tags": "",
    "priorities": "",
    "sla_breached": "",
    "reopened": "",
    "action": "propose",
    "a_day": "5",
}


@pytest.fixture
def keyed(tmp_path: Any) -> Iterator[Database]:
    """A database that seals secrets."""
    database = Database(f"sqlite:///{tmp_path / 'amends.db'}", keys=[KEY])
    database.prepare()
    yield database
    database.close()


@pytest.fixture
async def led(keyed: Database) -> Desk:
    """A desk whose team Ana leads, and which can be connected."""
    desk = Desk(keyed)
    desk.bot.helpdesks = HELPDESKS
    await desk.fail(ANA)
    for person in (ANA, BEN, CLEO):
        desk.meet(person)
    return desk


async def connect(desk: Desk, product: str = "generic", **values: str) -> tuple[str, Reply]:
    """What buttons of a new connection carry, and what its lead read."""
    known = {one.id for one in stored(desk)}
    reply = await desk.ask(ANA, "connection.add", HERE, {**VALUES, "product": product, **values})
    assert not reply.faults, reply.faults
    [made] = [one for one in stored(desk) if one.id not in known]
    return str(made.ref), reply


def stored(desk: Desk) -> list[Connection]:
    """The connections of #support, the oldest first."""
    with open_work(desk.database, desk.workspace, writes=False) as work:
        return list(work.connections.in_channel("C1"))


def opened(desk: Desk, sealed: str) -> str:
    """A secret that is stored."""
    return desk.database.vault.open(sealed)


def quoted(reply: Reply) -> list[str]:
    """What is to be pasted."""
    assert reply.message is not None
    return [part.text for part in reply.message.parts if isinstance(part, Pasted)]


def line(reply: Reply) -> Line:
    """The only line of a list."""
    assert reply.message is not None
    [one] = [part for part in reply.message.parts if isinstance(part, Line)]
    return one


def buttons(reply: Reply) -> dict[str, Button]:
    """What can be pressed, by label."""
    assert reply.message is not None
    return {button.label: button for button in pressable(reply.message)}


def arrived(desk: Desk, number: int, **said: Any) -> None:
    """A delivery that was taken in before."""
    connection = stored(desk)[-1]
    with open_work(desk.database, desk.workspace, writes=True) as work:
        signal = a_signal(reference=f"ZD-{number}", **said)
        at = AT + timedelta(minutes=number)
        delivery = SignalDelivery(
            connection_id=connection.id, key=str(number), arrived_at=at, signal=signal
        )
        work.deliveries.add(delivery)
        work.commit()


async def test_a_lead_connects_in_one_form_and_reads_what_to_paste_where(led: Desk) -> None:
    empty = await led.ask(ANA, "connections.show")
    assert list(buttons(empty)) == ["Connect a helpdesk"]
    assert buttons(empty)["Connect a helpdesk"].look == "main"
    form = (await led.ask(ANA, "connection.add", buttons(empty)["Connect a helpdesk"].about)).form
    assert form is not None
    first = {field.name: field for field in form.fields}
    titles = [product.TITLE for product in PRODUCTS.values()]
    assert [option.label for option in first["product"].options] == [*titles[:-1], "Anything else"]
    assert (first["rating"].value, first["action"].value, first["a_day"].value) == ("2", "propose", "5")
    assert "kind" not in first
    reply = (await connect(led))[1]
    [made] = stored(led)
    secret = opened(led, made.secret)
    assert len(secret) > 40
    pasted = quoted(reply)
    assert pasted[0] == f"https://amends.example.com/hooks/{made.id}"
    assert secret in pasted[1]
    assert '"reference": "ZD-4711"' in pasted[2]
    assert "I show it this once." in words(reply)
    assert (made.rules, made.action, made.made_by) == (Rules(rating=2), "propose", ANA.id)
    again = await led.ask(ANA, "connections.show")
    assert secret not in words(again)
    assert "Your own tool · nothing has arrived yet\nrating 2 or lower · proposes cases, 5" in words(
        again
    )
    assert [button.label for button in (line(again).button, *line(again).menu) if button] == [
        "Rules",
        "Show last deliveries",
        "Send me a test",
        "Steps and secret",
        "Remove",
    ]


async def test_the_first_connection_of_a_channel_makes_its_team(keyed: Database) -> None:
    desk = Desk(keyed)
    desk.bot.helpdesks = HELPDESKS
    await desk.ask(ANA, "connections.show")
    with open_work(keyed, desk.workspace, writes=False) as work:
        assert work.teams.get("C1") is None
    await connect(desk)
    assert desk.team().lead == ANA.id


@pytest.mark.parametrize("product", [name for name, each in PRODUCTS.items() if each.OWN_SECRET])
async def test_a_product_that_makes_its_secret_waits_for_it(led: Desk, product: str) -> None:
    about, reply = await connect(led, product)
    title = PRODUCTS[product].TITLE
    assert stored(led)[0].secret == ""
    assert "I show the secret" not in words(reply)
    assert list(buttons(reply)) == ["Paste the secret", "Give a token"]
    listed = await led.ask(ANA, "connections.show")
    assert f"{title} · waits for its secret" in words(listed)
    early = await led.ask(ANA, "connection.test", about)
    assert early.refused
    assert words(early) == f"{title} still waits for its secret: press Paste the secret first."
    form = (await led.ask(ANA, "connection.paste_secret", about)).form
    assert form is not None
    assert [field.kind for field in form.fields] == ["secret"]
    saved = await led.ask(ANA, "connection.paste_secret", about, {"secret": "theirs-77"})
    assert "theirs-77" not in words(saved)
    assert opened(led, stored(led)[0].secret) == "theirs-77"
    assert "waits for" not in words(await led.ask(ANA, "connections.show"))
    renewal = await led.ask(ANA, "connection.renew_secret", about)
    assert words(renewal) == f"{title} makes its secret itself: paste that one."


@pytest.mark.parametrize("command_name", ["connections.show", "connection.add"])
async def test_who_does_not_lead_reads_in_one_sentence_who_does(led: Desk, command_name: str) -> None:
    await connect(led)
    values = VALUES if command_name == "connection.add" else None
    reply = await led.ask(BEN, command_name, HERE, values)
    assert reply.refused
    said = reply.faults.get("") or words(reply)
    assert said.startswith("Only the team's lead changes which helpdesks it is connected to: ask Ana")
    assert len(stored(led)) == 1


OF_ONE = {
    "connection.edit": VALUES,
    "connection.show_deliveries": None,
    "connection.show_steps": None,
    "connection.test": None,
    "connection.renew_secret": {},
    "connection.paste_secret": {"secret": "x"},
    "connection.give_token": {"origin": "https://acme.zendesk.com", "token": TOKEN},
    "connection.remove": {},
}


@pytest.mark.parametrize(("command_name", "values"), OF_ONE.items())
async def test_nobody_but_the_lead_touches_a_connection_and_for_outsiders_it_is_not_there(
    led: Desk, command_name: str, values: dict[str, str] | None
) -> None:
    about, _ = await connect(led)
    before = stored(led)
    led.memberships.channels[CLEO.id] = {"C2"}
    member = await led.ask(BEN, command_name, about, values)
    outsider = await led.ask(CLEO, command_name, about, values, channel=None)
    never = await led.ask(CLEO, command_name, NOWHERE, values, channel=None)
    assert "ask Ana" in (member.faults.get("") or words(member))
    for reply in (outsider, never):
        said = reply.faults.get("") or words(reply)
        assert said == "I can't find that connection. It may have been removed."
    led.memberships.guests.add(CLEO.id)
    guest = await led.ask(CLEO, command_name, about, values, channel=None)
    assert (guest.faults, guest.message) == (outsider.faults, outsider.message)
    assert stored(led) == before


async def test_the_steps_are_shown_again_to_whoever_left_in_the_middle_and_never_the_secret(
    led: Desk,
) -> None:
    about, made = await connect(led)
    [connection] = stored(led)
    again = await led.ask(ANA, "connection.show_steps", about)
    assert opened(led, connection.secret) not in words(again)
    pasted = [text.replace(opened(led, connection.secret), "THE_SECRET") for text in quoted(made)]
    assert quoted(again) == pasted
    assert "THE_SECRET stands for it" in words(again)
    assert list(buttons(again)) == ["Send me a test", "New secret"]
    zendesk, _ = await connect(led, "zendesk")
    saved = await led.ask(ANA, "connection.paste_secret", zendesk, {"secret": "whsec-1"})
    rest = await led.ask(ANA, "connection.show_steps", zendesk)
    for steps in (saved, rest):
        assert "{{ticket.id}}" in words(steps)
        assert "whsec-1" not in words(steps)
        assert buttons(steps)["Send me a test"].look == "main"


async def test_a_lead_of_another_channel_is_an_outsider(led: Desk) -> None:
    about, _ = await connect(led)
    sales = Channel(id="C2", name="sales")
    await led.ask(BEN, "case.fail", typed="ZD-1 Lost", channel=sales)
    led.memberships.channels[BEN.id] = {"C2"}
    for asked in (about, HERE):
        command_name = "connection.test" if asked == about else "connections.show"
        assert (await led.ask(BEN, command_name, asked, channel=sales)).refused
    assert stored(led)[0].test_for is None


async def test_a_team_whose_lead_left_is_everybodys(led: Desk) -> None:
    led.meet(ANA.model_copy(update={"gone": True}))
    reply = await led.ask(BEN, "connections.show")
    assert "Ana, who led this team, has left" in words(reply)
    assert "Connect a helpdesk" in buttons(reply)


async def test_in_a_chat_of_ones_own_a_lead_chooses_and_others_learn_where_to_ask(led: Desk) -> None:
    chat = SUPPORT.model_copy(update={"id": ANA.id, "kind": "direct"})
    reply = await led.ask(ANA, "connections.show", channel=chat)
    assert words(reply) == "Helpdesks belong to a team. Which one?\n#support"
    there = await led.ask(ANA, "connections.show", buttons(reply)["Helpdesks"].about, channel=chat)
    assert "Helpdesks of #support" in words(there)
    other = await led.ask(BEN, "connections.show", channel=chat)
    assert words(other) == "You lead no team: the lead of one asks for this in its own channel."


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"product": ""}, "product", "Choose the helpdesk."),
        ({"product": "pigeon"}, "product", "Helpdesk: choose one from the list."),
        ({"rating": ""}, "rating", "Choose a rating, or none."),
        ({"rating": "6"}, "rating", "Rating at or below: choose one from the list."),
        ({"rating": "none"}, "rating", "Choose at least one rule, or I never propose anything."),
        ({"tags": ",".join(f"t{n}" for n in range(21))}, "tags", "These are 21, and 20 are the most"),
        ({"priorities": "x" * 61}, "priorities", "Each has 60 characters at most"),
        ({"action": "shout"}, "action", "What happens: choose one from the list."),
        ({"a_day": "0"}, "a_day", "Write a number from 1 to 50."),
        ({"a_day": "many"}, "a_day", "Write a number from 1 to 50."),
        ({"kind": "Delivery"}, "kind", "#support has no kinds of case: leave this empty."),
    ],
)
async def test_a_bad_field_is_refused_beside_it(
    led: Desk, values: dict[str, str], field: str, sentence: str
) -> None:
    reply = await led.ask(ANA, "connection.add", HERE, {**VALUES, **values})
    assert sentence in reply.faults[field]
    assert stored(led) == []
    if field == "product":
        return
    about, _ = await connect(led)
    assert sentence in (await led.ask(ANA, "connection.edit", about, {**VALUES, **values})).faults[field]
    assert stored(led)[0].rules == Rules(rating=2)


@pytest.mark.parametrize("key", ["", KEY])
async def test_what_the_operator_has_to_set_is_said_in_one_sentence(sqlite: Database, key: str) -> None:
    desk = Desk(sqlite)
    if not key:
        desk.bot.helpdesks = HELPDESKS
    setting = "AMENDS_URL" if key else "AMENDS_SECRET_KEY"
    listed = await desk.ask(ANA, "connections.show")
    # Each at once, or whoever runs it starts it twice.
    assert all(one in words(listed) for one in (setting, "AMENDS_SECRET_KEY"))
    assert buttons(listed) == {}
    assert setting in words(await desk.ask(ANA, "connection.add", HERE))
    assert setting in (await desk.ask(ANA, "connection.add", HERE, VALUES)).faults[""]
    assert stored(desk) == []


async def test_rules_are_changed_and_what_somebody_else_saved_is_not_replaced_unseen(led: Desk) -> None:
    about, _ = await connect(led)
    form = (await led.ask(ANA, "connection.edit", about)).form
    assert form is not None
    seen = {**{field.name: field.value for field in form.fields}, **form.hidden}
    changed = {
        **seen,
        "rating": "none",
        "tags": "VIP, complaint,\nvip",
        "priorities": "urgent",
        "reopened": "yes",
        "action": "open",
        "a_day": "3",
    }
    reply = await led.ask(ANA, "connection.edit", about, changed)
    assert words(reply).startswith("Saved: that counts from the next delivery on.")
    assert "tagged vip or complaint, priority urgent, reopened · opens retros at once, 3" in words(reply)
    assert stored(led)[0].rules == Rules(
        rating=None, tags=("vip", "complaint"), priorities=("urgent",), reopened=True, since=AT
    )
    late = await led.ask(ANA, "connection.edit", about, {**seen, "tags": "other"})
    assert late.form is not None
    assert stored(led)[0].rules.tags == ("vip", "complaint")


async def test_the_lead_may_be_asked_about_changed_rules_afresh(led: Desk) -> None:
    about, _ = await connect(led)
    with open_work(led.database, led.workspace, writes=True) as work:
        work.connections.save(stored(led)[0].model_copy(update={"asked_at": AT}))
        work.commit()
    await led.ask(ANA, "connection.edit", about, {**VALUES, "rating": "1"})
    assert stored(led)[0].asked_at is None


async def test_a_kind_of_case_can_be_chosen_where_the_team_has_some(led: Desk) -> None:
    kinds = (Kind(key="k1", name="Delivery", prompts=PROMPTS),)
    with open_work(led.database, led.workspace, writes=True) as work:
        work.teams.save(work.teams.require("C1").model_copy(update={"kinds": kinds}))
        work.commit()
    about, _ = await connect(led, kind="delivery")
    assert stored(led)[0].kind == "Delivery"
    form = (await led.ask(ANA, "connection.edit", about)).form
    assert form is not None
    assert "Delivery" in {field.name: field.value for field in form.fields}["kind"]
    assert "· kind Delivery" in words(await led.ask(ANA, "connections.show"))


async def test_a_test_asked_for_twice_is_waited_for_once_and_no_longer_than_an_hour(led: Desk) -> None:
    about, _ = await connect(led)
    first = await led.ask(ANA, "connection.test", about)
    second = await led.ask(ANA, "connection.test", about, at=AT + timedelta(minutes=5))
    assert words(first).startswith("What arrives next, within the hour, I show you")
    assert (first.already, second.already) == (False, True)
    [waiting] = stored(led)
    assert waiting.tester(AT + timedelta(minutes=59)) == ANA.id
    assert waiting.tester(AT + timedelta(minutes=60)) is None


async def refuse(desk: Desk, seconds: int = 0, why: str = "reference is missing.") -> Reply:
    """Something is refused, so many seconds later."""
    told = {"connection_id": stored(desk)[-1].id, "why": why}
    at = AT + timedelta(seconds=seconds)
    return await desk.ask(HELPDESK, "signal.refuse", values=told, key=None, at=at)


async def test_what_is_refused_while_a_test_is_waited_for_is_told_once(led: Desk) -> None:
    about, _ = await connect(led)
    led.say_all()
    await refuse(led)
    assert led.say_all() == {}
    await led.ask(ANA, "connection.test", about, at=AT + timedelta(seconds=5))
    for seconds, why in enumerate(("reference is\nmissing.", NOT_PROVEN), 6):
        await refuse(led, seconds, why)
        await refuse(led, seconds, why)
    [message] = led.say_all().values()
    assert plain(message).startswith(
        "Something arrived for your test (your own tool), and I refused it: reference is missing."
    )
    assert [(button.label, button.about) for button in pressable(message)] == [
        ("Steps and secret", about)
    ]
    await refuse(led, 100)
    assert led.say_all() == {}
    await led.ask(ANA, "connection.edit", about, {**VALUES, "rating": "1"})
    assert stored(led)[0].rules.rating == 1
    await refuse(led, 200)  # of the same test, whatever was changed since
    assert led.say_all() == {}
    assert stored(led)[0].tester(AT) == ANA.id


async def test_a_lead_sees_what_was_refused_until_something_is_taken_after_it(led: Desk) -> None:
    about, _ = await connect(led)
    status = f"the last one was refused 2026-03-05 14:30 UTC: {NOT_PROVEN}"

    async def read() -> tuple[Reply, str]:
        last = await led.ask(ANA, "connection.show_deliveries", about)
        return await led.ask(ANA, "connections.show"), words(last)

    await refuse(led, why=NOT_PROVEN)
    listed, last = await read()
    assert f"nothing was taken yet\nrating 2 or lower · proposes cases, 5 a day at most\n{status}" in (
        words(listed)
    )
    assert [part.text for part in line(listed).words if isinstance(part, Status)] == [
        "the last one was refused"
    ]
    first = line(listed).button
    assert first is not None
    assert first.label == "Steps and secret"
    assert f"Refused 2026-03-05 14:30 UTC: {NOT_PROVEN}" in last
    assert "Nothing was taken yet." in last
    arrived(led, -1)  # which was taken before
    listed, last = await read()
    assert "last delivery 2026-03-05 14:29 UTC\n" in words(listed)
    assert status in words(listed)
    arrived(led, 1)
    listed, last = await read()
    assert "last delivery 2026-03-05 14:31 UTC\n" in words(listed)
    assert "refused" not in words(listed)
    assert f"Refused last 2026-03-05 14:30 UTC: {NOT_PROVEN}" in last


async def test_what_was_refused_is_shown_to_nobody_but_the_lead(led: Desk) -> None:
    about, _ = await connect(led)
    await refuse(led, why=NOT_PROVEN)
    led.memberships.channels[CLEO.id] = {"C2"}
    for person in (BEN, CLEO):
        for command_name in ("connections.show", "connection.show_deliveries"):
            asked = HERE if command_name == "connections.show" else about
            reply = await led.ask(person, command_name, asked)
            assert reply.refused
            assert "signature" not in words(reply)
    led.say_all()
    assert not [key for key in led.spoken if "hook" in key]


async def test_nobody_notes_a_refusal_by_a_button(led: Desk) -> None:
    await connect(led)
    told = {"connection_id": stored(led)[0].id, "why": "Ben did it."}
    for person in (ANA, BEN):
        await led.ask(person, "signal.refuse", values=told, heard=False)
    assert stored(led)[0].refused_at is None


async def test_a_form_that_was_open_meanwhile_is_saved_and_what_was_refused_stays(led: Desk) -> None:
    about, _ = await connect(led)
    form = (await led.ask(ANA, "connection.edit", about)).form
    assert form is not None
    await refuse(led)
    seen = {**{field.name: field.value for field in form.fields}, **form.hidden}
    reply = await led.ask(ANA, "connection.edit", about, {**seen, "rating": "1"})
    assert words(reply).startswith("Saved: that counts from the next delivery on.")
    assert "the last one was refused" in words(reply)
    [kept] = stored(led)
    assert (kept.rules.rating, kept.refused_at) == (1, AT)


@pytest.mark.parametrize("command_name", ["connection.renew_secret", "connection.paste_secret"])
async def test_with_another_secret_what_was_refused_for_the_old_one_is_over(
    led: Desk, command_name: str
) -> None:
    pasted = command_name == "connection.paste_secret"
    about, _ = await connect(led, "zendesk" if pasted else "generic")
    await refuse(led, why="This connection has no secret yet.")
    listed = words(await led.ask(ANA, "connections.show"))
    assert ("the last one was refused" in listed, "waits for its secret" in listed) == (
        not pasted,
        pasted,
    )
    await led.ask(ANA, command_name, about, {"secret": "theirs-77"} if pasted else {})
    assert stored(led)[0].refused_at is None
    assert "nothing has arrived yet" in words(await led.ask(ANA, "connections.show"))


async def test_a_removed_connection_notes_no_refusal(led: Desk) -> None:
    about, _ = await connect(led)
    told = {"connection_id": stored(led)[0].id, "why": "reference is missing."}
    await led.ask(ANA, "connection.remove", about, {})
    reply = await led.ask(HELPDESK, "signal.refuse", values=told, key=None)
    assert reply.refused
    with open_work(led.database, led.workspace, writes=False) as work:
        gone = work.connections.get(told["connection_id"])
    assert gone is not None
    assert gone.refused_at is None


async def test_the_last_deliveries_are_listed_by_the_page(led: Desk) -> None:
    about, _ = await connect(led)
    assert "Nothing has arrived yet." in words(await led.ask(ANA, "connection.show_deliveries", about))
    for number in range(12):
        arrived(led, number, rating=1, link="https://help.example.com/4")
    first = await led.ask(ANA, "connection.show_deliveries", about)
    assert words(first).count("met none of the rules") == 10
    assert "ZD-11 · Rated 1 of 5, very bad · its ticket met none of the rules" in words(first)
    rest = await led.ask(ANA, "connection.show_deliveries", buttons(first)["Show more"].about)
    assert words(rest).count("met none of the rules") == 2
    assert "Show more" not in buttons(rest)
    listed = await led.ask(ANA, "connections.show")
    assert "last delivery 2026-03-05 14:41 UTC" in words(listed)


async def test_a_token_is_kept_for_the_products_own_hosts_and_its_notes_are_tried_again(
    led: Desk,
) -> None:
    about, _ = await connect(led, "zendesk")
    form = (await led.ask(ANA, "connection.give_token", about)).form
    assert form is not None
    assert [field.kind for field in form.fields] == ["line", "secret"]
    assert form.fields[0].hint == "As in https://YOURS.zendesk.com."
    assert "whose only right is to add internal notes" in str(form.parts)
    values = {"origin": "Acme.zendesk.com/agent/tickets/7", "token": TOKEN}
    reply = await led.ask(ANA, "connection.give_token", about, values)
    assert words(reply).startswith("Saved: I leave notes at https://acme.zendesk.com.")
    [kept] = stored(led)
    assert (kept.origin, opened(led, kept.token)) == ("https://acme.zendesk.com", TOKEN)
    assert "5 a day at most · leaves notes on its tickets" in words(reply)


async def test_the_form_of_the_rules_says_of_which_helpdesk_they_are(led: Desk) -> None:
    about, _ = await connect(led, "zendesk")
    form = (await led.ask(ANA, "connection.edit", about)).form
    assert form is not None
    assert "What Zendesk tells of goes to #" in str(form.parts)


async def test_of_two_connections_to_one_product_a_lead_sees_which_is_which(led: Desk) -> None:
    for host in ("acme", "acme-shop"):
        about, _ = await connect(led, "zendesk")
        values = {"origin": f"https://{host}.zendesk.com", "token": TOKEN}
        await led.ask(ANA, "connection.give_token", about, values)
    listed = words(await led.ask(ANA, "connections.show"))
    assert "Zendesk (acme.zendesk.com) · " in listed
    assert "Zendesk (acme-shop.zendesk.com) · " in listed
    form = (await led.ask(ANA, "connection.remove", about)).form
    assert "from Zendesk (acme-shop.zendesk.com) is refused" in str(form)
    gone = words(await led.ask(ANA, "connection.remove", about, {}))
    assert gone.startswith("Not connected any more: Zendesk (acme-shop.zendesk.com).")
    # One host for all its customers tells nobody anything.
    everybodys, _ = await connect(led, "hubspot")
    values = {"origin": "https://api.hubapi.com", "token": TOKEN}
    await led.ask(ANA, "connection.give_token", everybodys, values)
    assert "HubSpot · waits for its secret" in words(await led.ask(ANA, "connections.show"))


async def test_what_is_no_product_has_a_name_that_goes_with_sentences(led: Desk) -> None:
    about, made = await connect(led)
    assert words(made).startswith("Connected on this side: your own tool.")
    assert "Last deliveries: your own tool" in words(
        await led.ask(ANA, "connection.show_deliveries", about)
    )
    gone = await led.ask(ANA, "connection.remove", about, {})
    assert words(gone).startswith("Not connected any more: your own tool.")


@pytest.mark.parametrize(
    "origin",
    [
        "https://acme.zendesk.com.evil.example",
        "http://acme.zendesk.com",
        "https://zendesk.com",
        "https://user@acme.zendesk.com",
        "https://acme.zendesk.com:8443",
        "https://127.0.0.1",
        "[",
    ],
)
async def test_a_token_goes_nowhere_else(led: Desk, origin: str) -> None:
    about, _ = await connect(led, "zendesk")
    reply = await led.ask(ANA, "connection.give_token", about, {"origin": origin, "token": TOKEN})
    assert reply.faults == {"origin": "That is no address of Zendesk, and a token goes nowhere else."}
    assert stored(led)[0].token == ""


async def test_every_fault_of_a_token_is_said_at_once_and_never_quotes_it(led: Desk) -> None:
    about, _ = await connect(led, "zendesk")
    values = {"origin": "example.com", "token": "to ken"}
    reply = await led.ask(ANA, "connection.give_token", about, values)
    assert set(reply.faults) == {"origin", "token"}
    assert "to ken" not in str(reply)
    none = await led.ask(ANA, "connection.give_token", (await connect(led))[0])
    assert words(none) == "I leave no notes in your own tool, so it needs no token."


async def test_notes_that_could_not_be_left_stand_in_the_list(led: Desk) -> None:
    about, _ = await connect(led, "zendesk")
    queue, ids = queue_of(led.database), [one.id for one in stored(led)]
    led.say_all()
    for ticket, id in enumerate((ids[0], ids[0], "f" * 40)):
        job = a_job(f"{message_key.ALL_NOTES}{ticket}", channel_id=note.channel(id, ticket))
        schedule(led.database, job, workspace=led.workspace)
    dead = queue.claim(None, "me", 9)
    queue.put_away([Ended(job, "dead", why="The token is refused.") for job in dead])
    listed = words(await led.ask(ANA, "connections.show"))
    assert listed.endswith("2 notes could not be left: The token is refused.")
    values = {"origin": "https://acme.zendesk.com", "token": TOKEN}
    await led.ask(ANA, "connection.give_token", about, values)
    assert "could not be left" not in words(await led.ask(ANA, "connections.show"))
    again = [job.key.removeprefix(message_key.ALL_NOTES) for job in queue.claim(None, "me", 9)]
    assert again == ["0", "1"]


async def test_a_new_secret_is_shown_once_and_ends_the_old_one(led: Desk) -> None:
    about, _ = await connect(led)
    old = opened(led, stored(led)[0].secret)
    form = (await led.ask(ANA, "connection.renew_secret", about)).form
    assert form is not None
    assert form.look == "danger"
    reply = await led.ask(ANA, "connection.renew_secret", about, {})
    new = opened(led, stored(led)[0].secret)
    assert new != old
    assert [new in pasted for pasted in quoted(reply)] == [True]
    refused = await led.ask(ANA, "connection.paste_secret", about)
    assert words(refused) == "I make the secret for your own tool: choose New secret."


async def test_no_secret_is_anywhere_in_the_database_the_log_or_a_form(
    led: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    about, _ = await connect(led, "zendesk")
    await led.ask(ANA, "connection.paste_secret", about, {"secret": "theirs-77"})
    await led.ask(
        ANA, "connection.give_token", about, {"origin": "https://acme.zendesk.com", "token": TOKEN}
    )
    own, _ = await connect(led)
    await led.ask(ANA, "connection.renew_secret", own, {})
    for asked in (about, own):
        await led.ask(ANA, "connection.test", asked)
    secrets = ["theirs-77", TOKEN, *(opened(led, one.secret) for one in stored(led))]
    for reply in (
        await led.ask(ANA, "connections.show"),
        await led.ask(ANA, "connection.edit", about),
        await led.ask(ANA, "connection.give_token", about),
        await led.ask(ANA, "connection.paste_secret", about),
    ):
        assert not any(secret in reply.model_dump_json() for secret in secrets)
    led.database.close()
    file = led.database.file
    assert file is not None
    written = b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
    assert b"acme.zendesk.com" in written
    for secret in secrets:
        assert secret.encode() not in written
        assert secret not in caplog.text


async def test_removing_asks_first_ends_all_of_it_and_waves_off_what_waits(led: Desk) -> None:
    about, _ = await connect(led, "freshdesk")
    await propose(led)
    said = led.say_all()
    [key] = [key for key in said if key.startswith("proposal:")]
    form = (await led.ask(ANA, "connection.remove", about)).form
    assert form is not None
    assert form.look == "danger"
    assert "1 case that it proposed is waved off as well" in str(form.parts)
    assert "can't be undone" in str(form.parts)
    held = ConnectionRef(id=stored(led)[0].id)
    reply = await led.ask(ANA, "connection.remove", about, {})
    assert words(reply).startswith("Not connected any more: Freshdesk.")
    assert stored(led) == []
    with open_work(led.database, led.workspace, writes=False) as work:
        gone = work.connections.get(held.id)
        proposal = work.proposals.get(1)
    assert gone is not None
    assert (gone.secret, gone.token, gone.test_for) == ("", "", None)
    assert proposal is not None
    assert proposal.state == "waved off"
    edited = led.say_all()
    assert list(edited) == [key], "only the message that proposed it changes"
    again = await led.ask(ANA, "connection.test", about)
    assert words(again) == "I can't find that connection. It may have been removed."


async def propose(desk: Desk) -> None:
    """A bad rating arrives."""
    connection = stored(desk)[-1]
    signal = Signal(ticket="7", reference="ZD-7", at=AT, what_happened="Nobody came", rating=1)
    delivery = SignalDelivery(connection_id=connection.id, key="k", arrived_at=AT, signal=signal)
    await desk.ask(BEN, "signal.take_in", values=values(connection.id, (delivery,)), key=None)


async def on_page(desk: Desk, by: Person = ANA) -> Words | None:
    """What the page of settings says of the team's helpdesks; None where it says nothing."""
    page = (await show(desk, "page.settings", by=by)).page
    assert page is not None
    _, team = page.sections
    [facts] = [part for part in team.parts if isinstance(part, Fields)]
    return dict(facts.rows).get("Helpdesks")


async def test_the_page_of_settings_says_which_helpdesk_needs_its_lead(led: Desk) -> None:
    way = "/" + form_at("connections.show", about=HERE)
    assert await on_page(led) == (Link(text="none connected", url=way),)
    await connect(led, "hubspot")
    led.at += timedelta(seconds=1)  # the list begins with the oldest
    await connect(led)
    waits = ("HubSpot ", Status(sign="waiting", text="waits for its secret"))
    count = Link(text="2 connected", url=way)
    assert await on_page(led) == (count, " · ", *waits)
    arrived(led, -1)  # which was taken before
    await refuse(led)
    refuses = ("your own tool ", Status(sign="late", text="refuses what arrives"))
    assert await on_page(led) == (count, " · ", *waits, " · ", *refuses)
    arrived(led, 1)
    assert await on_page(led) == (count, " · ", *waits)


async def test_the_page_of_settings_says_what_could_not_be_left_in_a_helpdesk(led: Desk) -> None:
    await connect(led, "zendesk")
    about = stored(led)[0].ref
    await led.ask(ANA, "connection.paste_secret", str(about), {"secret": "theirs-77"})
    led.say_all()
    schedule(
        led.database,
        a_job(f"{message_key.ALL_NOTES}1", channel_id=note.channel(about.id, 1)),
        workspace=led.workspace,
    )
    queue = queue_of(led.database)
    dead = queue.claim(None, "me", 9)
    queue.put_away([Ended(job, "dead", why="The token is refused.") for job in dead])
    told = await on_page(led)
    assert told is not None
    assert told[-1] == Status(sign="late", text="1 note could not be left: The token is refused.")


async def test_the_page_of_settings_tells_of_helpdesks_nobody_who_has_to_ask_the_lead(
    led: Desk,
) -> None:
    await connect(led)
    await refuse(led)
    assert await on_page(led, BEN) is None
    led.meet(ANA.model_copy(update={"gone": True}))
    told = await on_page(led, BEN)
    assert told is not None
    assert "refuses what arrives" in str(told)


async def test_the_page_of_settings_asks_no_more_for_more_helpdesks_that_are_well(led: Desk) -> None:
    costs = []
    for _ in range(2):
        await connect(led)
        with counted(led.database) as ran:
            await on_page(led)
        costs.append(len(ran))
    assert costs[0] == costs[1]
