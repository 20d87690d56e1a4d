"""After any form whoever sent it reads in one short sentence what it did, and nobody else does."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from bot.domain.person import Person
from bot.domain.recovery_step import CATALOGUE, WITHOUT_CHANGE
from bot.domain.reference import PromptsRef
from bot.messages.coach import COACHED
from bot.messages.parts import Buttons
from bot.routes import COMMANDS
from storage.tables import Row
from storage.vault import Vault
from tests.access_world import CASE, ITEM, PROMPT, VALUES, about, propose
from tests.desk import ANA, BEN, CLEO, Desk, words
from tests.examples import HELPDESKS
from tests.session import open_work

FORMS = sorted(name for name, route in COMMANDS.items() if route.form is not None)
TO_DO = ("connection.add", "connection.paste_secret", "connection.renew_secret")
"""Whose answer says what is left to do, too."""
OF_ZENDESK = ("connection.give_token", "connection.paste_secret")
"""What only a product takes that makes its secret itself, or takes notes."""
READERS = ("coach.draft", "recovery.correct")
"""What they answer with is a form: of the remarks, or of the step that was chosen."""

ACCEPT: tuple[Any, ...] = (BEN, "action_item.accept", ITEM, None)
DONE: tuple[Any, ...] = (BEN, "action_item.done", ITEM, VALUES["action_item.done"])
HEAR: tuple[Any, ...] = (ANA, "recovery.hear", CASE, VALUES["recovery.hear"])
CLOSED: tuple[Any, ...] = (ANA, "retro.close", CASE, VALUES["retro.close"])

BEFORE: Mapping[str, Sequence[tuple[Any, ...]]] = {
    "action_item.correct": (ACCEPT, DONE),
    "action_item.done": (ACCEPT,),
    "action_item.remind_later": (ACCEPT,),
    "action_item.verify": (ACCEPT, DONE),
    "action_item.reopen": (ACCEPT, DONE),
    "case.same_as": ((ANA, "case.fail", "", {"what_happened": "Once more", "reference": "ZD-1"}),),
    "retro.reopen": (CLOSED,),
    "recovery.apologise_publicly": (
        (
            ANA,
            "case.edit",
            CASE,
            {"what_happened": "Lost", "public_post": "https://example.com/complaint"},
        ),
    ),
    "recovery.keep": ((ANA, "recovery.promise", CASE, VALUES["recovery.promise"]),),
    "recovery.tell_changed": (
        HEAR,
        (ANA, "action_item.drop", ITEM, VALUES["action_item.drop"]),
        (
            ANA,
            "retro.close",
            CASE,
            {"outcome": "nothing we could have changed", "why": "The weather."},
        ),
    ),
    "recovery.take_back": (HEAR,),
    "recovery.correct": (HEAR,),
}
"""What has to have happened for a form to do what it says."""


class World(NamedTuple):
    """Ana's case with Ben's item, his named answer, and one without a name; Ana leads."""

    desk: Desk
    named: str
    unnamed: str

    async def send(self, command_name: str, **values: str) -> Any:
        """Sends a command's form off, as somebody who may, once all is as it has to be."""
        for person, earlier, label, filled in BEFORE.get(command_name, ()):
            reply = await self.desk.ask(person, earlier, label, filled)
            assert not reply.refused, (earlier, reply)
        own = command_name in ("retro.edit_answer", "retro.delete_answer", "retro.unname_answer")
        of_owner = command_name.startswith("action_item.") and command_name != "action_item.verify"
        person = BEN if own or of_owner else ANA
        subject = about(command_name, self.named)
        if command_name == "kind.edit":
            await self.desk.ask(ANA, "kind.add", PROMPT, {"called": "Returns"})
            subject = str(PromptsRef(channel_id="C1", kind=self.desk.team().kinds[0].key))
        if command_name == "retro.withdraw_answer":
            subject = self.unnamed
        if command_name in OF_ZENDESK:
            self.connect("zendesk")
        filled = {**VALUES[command_name], **values}
        reply = await self.desk.ask(person, command_name, subject, filled)
        if reply.form is None or COACHED not in reply.form.hidden:
            return reply
        # The coach had a remark; they post it as it is.
        return await self.desk.ask(person, command_name, subject, {**filled, **reply.form.hidden})

    def connect(self, product: str) -> None:
        """Makes the connection one to this product."""
        with open_work(self.desk.database, self.desk.workspace, writes=True) as work:
            [connection] = work.connections.in_channel("C1")
            work.connections.save(connection.model_copy(update={"product": product}))
            work.commit()


@pytest.fixture
async def world(desk: Desk) -> World:
    """The world, begun."""
    desk.database.vault = Vault(["a key of some length"])
    desk.bot.helpdesks = HELPDESKS
    await desk.fail()
    await desk.add_item(ANA, owner=BEN.id)
    await desk.ask(BEN, "retro.answer", CASE, {"training": "A list"})
    await desk.ask(CLEO, "retro.answer", CASE, {"training": "A map", "unnamed": "yes"})
    with open_work(desk.database, desk.workspace, writes=True) as work:
        propose("C1", desk.at, work)
        work.commit()
    desk.say_all()
    answers = {answer.author: answer.id for answer in desk.answers(CASE)}
    return World(desk, answers[BEN.id], answers[None])


@pytest.mark.parametrize("command_name", FORMS)
async def test_every_form_answers_what_it_did(world: World, command_name: str) -> None:
    more = {"lead": ANA.id} if command_name == "team.settings" else {}
    reply = await world.send(command_name, **more)
    assert not reply.refused, (command_name, reply)
    if command_name in READERS:
        assert reply.form is not None
        return
    assert reply.done is (command_name not in TO_DO)
    assert reply.message is not None
    first = words(reply).splitlines()[0]
    assert first.endswith("."), first
    assert len(first) <= 120, first


async def test_an_answer_is_confirmed_by_the_prompts_it_stands_under(world: World) -> None:
    one = await world.send("retro.answer")
    assert words(one) == "Posted under Training. Thank you."
    three = await world.send("retro.answer", communication="A call", after_hours="A number")
    assert words(three) == "Posted under Training, Communication and After-hours support. Thank you."


async def test_an_unnamed_answer_is_confirmed_to_its_author_and_leaves_no_trace_of_them(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = Person(id="U77", name="Zoë", zone="UTC")
    with caplog.at_level(logging.DEBUG):
        reply = await world.desk.ask(
            stranger, "retro.answer", CASE, {"training": "A quiet word", "unnamed": "yes"}
        )
    assert words(reply) == "Posted under Training, without your name. Thank you."
    assert stranger.id not in caplog.text
    assert stranger.name not in caplog.text
    with world.desk.database.transaction(writes=False) as connection:
        for table in Row.metadata.sorted_tables:
            stored = str(connection.execute(table.select()).all())
            assert stranger.id not in stored, table.name
            assert "Posted under" not in stored, table.name


async def test_what_was_sent_twice_is_confirmed_once(world: World) -> None:
    told = [
        await world.desk.ask(BEN, "retro.answer", CASE, {"training": "Once"}, key="twice")
        for _ in range(2)
    ]
    assert [reply.done for reply in told] == [True, False]
    assert told[1].message is None
    assert len(world.desk.answers(CASE)) == 3


async def test_what_is_turned_down_is_not_confirmed(world: World) -> None:
    assert (await world.desk.ask(ANA, *CLOSED[1:])).done
    late = await world.desk.ask(BEN, "retro.answer", CASE, {"training": "Too late"})
    assert late.refused
    assert not late.done
    assert late.message is None


async def test_a_confirmation_that_is_more_than_one_is_not_only_that(world: World) -> None:
    """The last agreed fix of a retro that was closed with it is taken away: there is something to do."""
    await world.desk.ask(*ACCEPT)
    await world.desk.ask(ANA, "retro.close", CASE, {"outcome": "fixes agreed", "why": ""})
    reply = await world.send("action_item.drop")
    assert not reply.done
    assert reply.message is not None
    assert words(reply).startswith("Dropped. Everybody can read why beside it.\nC-1 ")
    assert any(isinstance(part, Buttons) for part in reply.message.parts)


async def test_handing_a_customer_over_says_to_whom(world: World) -> None:
    world.desk.meet(CLEO)
    everything = await world.send("recovery.hand_over")
    assert words(everything) == "Thanks. Cleo looks after the customer (C-1) now."
    one = await world.send("recovery.hand_over", step="promise", owner=BEN.id)
    assert words(one) == "Thanks. “Promise” is with Ben now."


async def test_a_case_that_says_so_already_is_said_to_be_unchanged(world: World) -> None:
    with open_work(world.desk.database, world.desk.workspace, writes=False) as work:
        case = work.cases.require(1)
    same = {"what_happened": case.what_happened, "reference": case.reference or ""}
    reply = await world.desk.ask(ANA, "case.edit", CASE, same)
    assert words(reply) == "Nothing to save: C-1 says all of that already."


def test_every_step_for_the_customer_has_words_for_when_it_is_noted() -> None:
    # What the customer says in the end has one sentence for each of their answers.
    assert [kind.name for kind in (*CATALOGUE, WITHOUT_CHANGE) if not kind.noted] == ["verdict"]
