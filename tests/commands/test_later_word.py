"""What a customer says in their helpdesk after a retro opened: a draft of how it ended, and no more."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from bot.commands import signal as signal_commands
from bot.domain.connection import Connection, new_id
from bot.domain.proposal import Proposal, ProposalChange
from bot.domain.signal import Signal, SignalDelivery
from bot.messages.parts import Buttons, Message, plain, pressable
from storage.database import Database
from tests.desk import ANA, AT, BEN, SUPPORT, Desk
from tests.session import open_work

LATER = AT + timedelta(days=1)


class Office(Desk):
    """A team with a connection, whose first case came by it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.connection = Connection(
            id=new_id(), channel_id=SUPPORT.id, product="generic", made_by=ANA.id, made_at=AT
        )

    async def tell(self) -> None:
        """The case of ZD-1, opened by somebody."""
        await self.fail(typed="ZD-1 Parcel missed twice")
        with open_work(self.database, self.workspace, writes=True) as work:
            work.connections.add(self.connection)
            work.proposals.add(
                Proposal(
                    number=0,
                    connection_id=self.connection.id,
                    channel_id=SUPPORT.id,
                    ticket="1",
                    reference="ZD-1",
                    signal=self.signal(at=AT, rating=1),
                    made_at=AT,
                    state="opened",
                    history=(ProposalChange(step="open", by=ANA.id, at=AT),),
                    case_number=1,
                )
            )
            work.commit()
        self.say_all()

    async def mark_by_hand(self, reference: str) -> None:
        """The case, marked failed by somebody, beside a connection that has told nothing yet."""
        await self.fail(typed=f"{reference} Parcel missed twice")
        with open_work(self.database, self.workspace, writes=True) as work:
            work.connections.add(self.connection)
            work.commit()
        self.say_all()

    def proposal(self, number: int = 1) -> Proposal | None:
        """A proposal as stored."""
        with open_work(self.database, self.workspace, writes=False) as work:
            return work.proposals.get(number)

    def signal(self, at: datetime = LATER, **more: Any) -> Signal:
        """What the helpdesk tells of the ticket ZD-1, unless another is named."""
        given = {"ticket": "1", "reference": "ZD-1", "at": at, "customer": "Eva", "link": "", **more}
        return Signal.model_validate(given)

    async def hears(self, *signals: Signal) -> Message | None:
        """The helpdesk tells these, one after the other; returns the card, if that was edited."""
        return (await self.says_after(*signals)).get("recovery:1")

    async def says_after(self, *signals: Signal) -> Mapping[str, Message]:
        """The same; returns all that is said then."""
        for signal in signals:
            delivery = SignalDelivery(
                connection_id=self.connection.id, key=uuid4().hex, arrived_at=LATER, signal=signal
            )
            sent = signal_commands.values(self.connection.id, (delivery,))
            reply = await self.ask(signal_commands.HELPDESK, "signal.take_in", values=sent, channel=None)
            assert not reply.refused, reply
        return self.say_all()

    def case_state(self) -> str:
        """How the case stands."""
        with open_work(self.database, self.workspace, writes=False) as work:
            return work.cases.require(1).state

    async def drafted(self) -> tuple[str, str]:
        """What stands in How it ended when it is opened."""
        form = (await self.ask(ANA, "recovery.verdict", "C-1")).form
        assert form is not None
        values = {field.name: field.value for field in form.fields}
        return values["verdict"], values["words"]


@pytest.fixture
async def office(sqlite: Database) -> Office:
    """One whose case is open."""
    made = Office(sqlite)
    await made.tell()
    return made


def main_button(card: Message) -> str:
    return next(button.label for button in pressable(card) if button.look == "main")


async def test_a_later_rating_is_on_the_card_with_how_it_ended_filled_in_and_ends_nothing(
    office: Office,
) -> None:
    card = await office.hears(office.signal(rating=5, words="sorted, thank you"))
    assert card is not None
    draft = "sorted, thank you\nHow it ended is filled in with this."
    assert f"Since then · Rated 5 of 5, very good · Fri 6 Mar\n{draft}" in plain(card)
    row = card.parts[-1]
    assert isinstance(row, Buttons)
    assert [button.label for button in row.buttons[:2]] == ["Hear the customer", "How it ended"]
    assert main_button(card) == "Hear the customer"  # the same step is next in every list
    assert await office.drafted() == ("recovered", "sorted, thank you")
    assert office.case_state() == "failed"


@pytest.mark.parametrize(
    ("said", "draft"),
    [
        ({"rating": 4}, ("recovered", "Rated 4 of 5.")),
        ({"rating": 3, "words": "Well."}, ("", "Well.")),
        ({"rating": 2, "words": "Still late."}, ("not recovered", "Still late.")),
        ({"replied": True, "words": "It came!"}, ("", "It came!")),
    ],
)
async def test_only_a_clear_rating_chooses_how_it_ended(
    office: Office, said: dict[str, Any], draft: tuple[str, str]
) -> None:
    await office.hears(office.signal(**said))
    assert await office.drafted() == draft


async def test_the_last_word_by_its_own_time_stands_whenever_it_arrives(office: Office) -> None:
    last = office.signal(LATER + timedelta(hours=1), rating=5, words="Sorted.")
    await office.hears(last, office.signal(LATER, rating=1, words="Still nothing."), last)
    assert await office.drafted() == ("recovered", "Sorted.")


async def test_what_was_said_before_the_retro_opened_is_no_answer_to_it(office: Office) -> None:
    assert await office.hears(office.signal(AT - timedelta(hours=1), rating=5)) is None
    assert await office.drafted() == ("", "")


async def test_what_the_customer_did_not_say_changes_nothing(office: Office) -> None:
    tagged = office.signal(tags=("late",), priority="urgent", reopened=True, sla_breached=True)
    assert await office.hears(tagged) is None
    assert await office.drafted() == ("", "")


async def test_once_it_is_noted_how_it_ended_the_draft_is_gone_until_there_is_a_newer_word(
    office: Office,
) -> None:
    await office.hears(office.signal(rating=1, words="Still nothing."))
    values = {"verdict": "not recovered", "words": "Still nothing."}
    await office.ask(ANA, "recovery.verdict", "C-1", values, at=LATER + timedelta(hours=1))
    assert "filled in with" not in plain(office.say_all()["recovery:1"])
    assert await office.drafted() == ("", "")
    await office.hears(office.signal(LATER + timedelta(hours=2), rating=5))
    assert await office.drafted() == ("recovered", "Rated 5 of 5.")


async def test_a_rating_of_the_same_customer_on_another_ticket_is_shown_with_its_number(
    office: Office,
) -> None:
    card = await office.hears(office.signal(ticket="2", reference="ZD-2", rating=5, customer="EVA"))
    assert card is not None
    assert "Rated 5 of 5, very good · ZD-2" in plain(card)


@pytest.mark.parametrize("other", ["Ida", ""])
async def test_a_rating_of_somebody_else_is_not(office: Office, other: str) -> None:
    assert (
        await office.hears(office.signal(ticket="2", reference="ZD-2", rating=5, customer=other)) is None
    )
    assert await office.drafted() == ("", "")


async def test_what_was_opened_keeps_the_words_that_it_was_opened_for(office: Office) -> None:
    await office.hears(office.signal(rating=5, words="sorted, thank you"))
    assert "proposal:1" not in office.spoken
    with open_work(office.database, office.workspace, writes=False) as work:
        proposal = work.proposals.get(1)
    assert proposal is not None
    assert proposal.signal.rating == 1


async def test_a_rating_of_a_proposal_that_nobody_opened_is_no_draft(office: Office) -> None:
    await office.hears(office.signal(ticket="3", reference="ZD-3", rating=1, customer="Ida"))
    await office.hears(office.signal(LATER, ticket="3", reference="ZD-3", rating=5, customer="Ida"))
    with open_work(office.database, office.workspace, writes=False) as work:
        proposal = work.proposals.get(2)
    assert proposal is not None
    assert (proposal.state, proposal.later) == ("proposed", None)


async def test_with_the_customer_their_last_word_is_forgotten_and_none_is_kept_again(
    office: Office,
) -> None:
    await office.hears(office.signal(rating=5, words="Eva says: sorted"))
    await office.bot.forget(office.workspace, 1, LATER)
    await office.hears(office.signal(LATER + timedelta(hours=1), rating=5, words="Eva again"))
    with open_work(office.database, office.workspace, writes=False) as work:
        proposal = work.proposals.get(1)
    assert proposal is not None
    assert proposal.later is None
    assert await office.drafted() == ("", "")


NUMBER: dict[str, Any] = {"ticket": "4711", "reference": "4711", "prefix": "ZD"}


@pytest.mark.parametrize("reference", ["ZD-4711", "zd-4711", "#4711", "4711"])
async def test_a_rating_of_a_case_that_was_marked_failed_by_hand_is_its_draft_just_the_same(
    sqlite: Database, reference: str
) -> None:
    office = Office(sqlite)
    await office.mark_by_hand(reference)
    said = await office.says_after(office.signal(**NUMBER, rating=5, words="sorted, thank you"))
    assert [key for key in said if "proposal" in key or "gathered" in key] == []
    assert "Rated 5 of 5" in plain(said["recovery:1"])
    assert await office.drafted() == ("recovered", "sorted, thank you")
    await office.hears(office.signal(LATER + timedelta(hours=1), **NUMBER, replied=True, words="Oh no."))
    assert await office.drafted() == ("", "Oh no.")
    assert office.proposal(2) is None


@pytest.mark.parametrize("reference", ["SUP-4711", "FD-4711", "ZD4711x", "47110", "ZD-4711-2"])
async def test_a_reference_with_other_letters_or_digits_is_another_ticket(
    sqlite: Database, reference: str
) -> None:
    office = Office(sqlite)
    await office.mark_by_hand(reference)
    assert await office.hears(office.signal(**NUMBER, rating=5)) is None
    assert (await office.drafted(), office.proposal()) == (("", ""), None)


async def test_a_key_with_letters_of_its_own_is_no_number_of_another_project(sqlite: Database) -> None:
    office = Office(sqlite)
    await office.mark_by_hand("IT-12")
    await office.hears(
        office.signal(ticket="SUP-12", reference="SUP-12", rating=5),
        office.signal(ticket="12", reference="12", prefix="ZD", rating=5),
    )
    assert await office.drafted() == ("", "")


async def test_what_was_said_before_a_case_was_marked_failed_by_hand_is_no_answer(
    sqlite: Database,
) -> None:
    office = Office(sqlite)
    await office.mark_by_hand("ZD-4711")
    assert await office.hears(office.signal(AT - timedelta(hours=1), **NUMBER, rating=1)) is None
    assert await office.drafted() == ("", "")


async def test_a_case_that_was_cancelled_is_no_tickets_until_it_is_brought_back(
    sqlite: Database,
) -> None:
    office = Office(sqlite)
    await office.mark_by_hand("ZD-4711")
    await office.ask(ANA, "case.cancel", "C-1", {"why": "Another parcel."})
    await office.hears(office.signal(**NUMBER, rating=1))
    assert office.proposal() is None
    await office.ask(ANA, "case.restore", "C-1")
    await office.hears(office.signal(LATER + timedelta(hours=1), **NUMBER, rating=5))
    assert await office.drafted() == ("recovered", "Rated 5 of 5.")


async def test_a_case_whose_customer_was_forgotten_is_no_tickets(sqlite: Database) -> None:
    office = Office(sqlite)
    await office.mark_by_hand("ZD-4711")
    await office.bot.forget(office.workspace, 1, LATER)
    await office.hears(office.signal(LATER + timedelta(hours=1), **NUMBER, rating=5, words="Eva again"))
    assert (await office.drafted(), office.proposal()) == (("", ""), None)


@pytest.mark.parametrize("waved_off", [False, True])
async def test_a_proposal_whose_case_somebody_marked_failed_by_hand_waits_no_more(
    sqlite: Database, waved_off: bool
) -> None:
    office = Office(sqlite)
    await office.mark_by_hand("ZD-1 Another")
    asked = await office.says_after(office.signal(AT, **NUMBER, rating=1, words="Nobody came."))
    assert main_button(asked["proposal:1"]) == "Open the retro"
    if waved_off:
        await office.ask(BEN, "proposal.wave_off", "P-1")
    await office.fail(typed="ZD-4711 Parcel missed twice")
    office.say_all()
    said = await office.says_after(office.signal(**NUMBER, rating=5))
    assert "Somebody opened the retro C-2." in plain(said["proposal:1"])
    assert list(pressable(said["proposal:1"])) == []
    assert "Rated 5 of 5" in plain(said["recovery:2"])


async def test_a_tie_takes_no_place_among_the_proposals_of_a_day(sqlite: Database) -> None:
    office = Office(sqlite)
    office.connection = office.connection.model_copy(update={"a_day": 1})
    await office.mark_by_hand("ZD-4711")
    said = await office.says_after(
        office.signal(**NUMBER, tags=("late",)), office.signal(ticket="2", reference="2", rating=1)
    )
    assert "proposal:2" in said


@pytest.mark.parametrize(("reference", "kept"), [("ZD-4711", {""}), ("SUP-4711", {"Eva waited.", ""})])
async def test_a_ticket_is_forgotten_with_its_case_however_that_calls_it(
    sqlite: Database, reference: str, kept: set[str]
) -> None:
    office = Office(sqlite)
    await office.mark_by_hand("ZD-1")
    await office.hears(office.signal(**NUMBER, rating=1, words="Eva waited.", at=AT, customer=""))
    await office.fail(typed=f"{reference} Parcel missed twice")
    await office.bot.forget(office.workspace, 2, LATER)
    proposal = office.proposal()
    assert proposal is not None
    with open_work(office.database, office.workspace, writes=False) as work:
        deliveries = work.deliveries.last(office.connection.id, 9)
    assert {proposal.signal.words, *(one.signal.words for one in deliveries), ""} == kept


async def test_the_same_number_of_another_products_helpdesk_is_no_word_on_a_case(office: Office) -> None:
    other = office.connection.model_copy(update={"id": new_id(), "product": "another"})
    with open_work(office.database, office.workspace, writes=True) as work:
        work.connections.add(other)
        work.commit()
    office.connection = other
    await office.hears(office.signal(rating=5, customer="Ida"))
    assert (await office.drafted(), office.proposal(2)) == (("", ""), None)
