"""Notes on a ticket: when they are owed, and what they say once it is their turn."""

import pytest

from bot.domain import note
from bot.domain.connection import Connection
from bot.domain.proposal import Proposal
from bot.domain.signal import Signal
from bot.jobs import note as note_jobs
from bot.messages.parts import plain
from storage.database import Database
from tests.desk import ANA, AT, BEN, CLEO, SUPPORT, Desk
from tests.session import open_work, queue_of


def tell_of(desk: Desk, case_number: int = 1, *, token: str = "sealed") -> None:
    """A helpdesk told of this case."""
    with open_work(desk.database, desk.workspace, writes=True) as work:
        of = {"channel_id": SUPPORT.id, "product": "zendesk", "made_by": ANA.id, "made_at": AT}
        work.connections.add(Connection.model_validate({"id": "a" * 40, "token": token, **of}))
        signal = Signal(ticket="4711", reference="ZD-4711", at=AT)
        work.proposals.add(
            Proposal(
                number=0,
                connection_id="a" * 40,
                channel_id=SUPPORT.id,
                ticket="4711",
                reference="ZD-4711",
                signal=signal,
                made_at=AT,
                state="opened",
                case_number=case_number,
            )
        )
        work.commit()


def notes(desk: Desk) -> list[str]:
    """Says all that is owed; returns the notes among it, without their headlines."""
    said = {key: plain(message) for key, message in desk.say_all().items() if key.startswith("note:")}
    return [text.partition("\n")[2].replace("\n", " ") for text in said.values()]


@pytest.fixture
async def desk(sqlite: Database) -> Desk:
    """People asking the bot, about a case that a helpdesk told of."""
    desk = Desk(sqlite)
    await desk.fail()
    tell_of(desk)
    return desk


async def finish(desk: Desk) -> None:
    item = await desk.add_item(owner=ANA.id)
    await desk.ask(ANA, "action_item.done", item, {"changed": "Drivers call ahead."})
    await desk.ask(BEN, "action_item.verify", item, {"saw": "Ten calls."})
    await desk.ask(ANA, "retro.close", "C-1", {"outcome": "fixes agreed"})


async def test_a_ticket_is_told_what_becomes_of_its_case_and_not_who_said_what(desk: Desk) -> None:
    [opened] = notes(desk)
    assert opened.startswith("A blameless retro of this is open in #support")
    await desk.ask(CLEO, "retro.answer", desk.ref("C-1"), {"training": "Nobody showed me."})
    promise = {"words": "The fee back", "due": "2026-03-13", "how": "A call"}
    await desk.ask(ANA, "recovery.promise", "C-1", promise)
    await finish(desk)
    await desk.ask(ANA, "recovery.verdict", "C-1", {"verdict": "recovered", "words": "Sorted."})
    said = notes(desk)
    assert said == [
        "The customer was promised by Fri 13 Mar: The fee back",
        "The retro is finished. What changed: - Drivers call ahead. The retro",
        "How it ended: recovered. The customer says it's put right.",
    ]
    assert [
        name for name in ("Ana", "Ben", "Cleo", "showed", "Sorted") for text in said if name in text
    ] == []
    assert notes(desk) == []


async def test_nothing_is_owed_before_the_retro_is_said_because_its_link_is_not_known(
    desk: Desk,
) -> None:
    await desk.ask(ANA, "recovery.promise", "C-1", {"words": "x", "due": "2026-03-13", "how": "A call"})
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert len(note_jobs.owed(1, AT, work)) == 2
    first = queue_of(desk.database).claim(None, "me", 50)
    assert [job.key for job in first if note.is_channel(job.channel_id)] == []


async def test_a_retro_that_was_finished_without_a_verified_change_says_so(desk: Desk) -> None:
    notes(desk)
    closed = {"outcome": "an apology was enough", "why": "It was one parcel."}
    await desk.ask(ANA, "retro.close", "C-1", closed)
    assert notes(desk) == ["The retro is finished: an apology was enough. The retro"]


async def test_a_double_leads_to_the_case_that_it_is(desk: Desk) -> None:
    notes(desk)
    await desk.fail(typed="ZD-2 Parcel missed again")
    await desk.ask(ANA, "case.same_as", desk.ref("C-1"), {"other": "C-2"})
    assert notes(desk) == ["It's the same failure as C-2: what comes of it is told there."]


async def test_what_waits_is_not_said_once_it_is_not_true_any_more(desk: Desk) -> None:
    notes(desk)
    await desk.ask(ANA, "recovery.verdict", "C-1", {"verdict": "recovered", "words": "Sorted."})
    taken_back = {"step": "verdict", "why": "Another customer."}
    await desk.ask(ANA, "recovery.take_back", "C-1", taken_back)
    assert notes(desk) == []


async def test_a_case_that_came_back_says_so_only_where_it_was_said_to_be_gone(desk: Desk) -> None:
    notes(desk)
    await desk.ask(ANA, "case.cancel", "C-1", {"why": "A test."})
    await desk.ask(ANA, "case.restore", desk.ref("C-1"))
    assert notes(desk) == []
    await desk.ask(ANA, "case.cancel", "C-1", {"why": "A test."})
    assert notes(desk) == ["Cancelled: this was marked failed by mistake, so nothing more comes of it."]
    await desk.ask(ANA, "case.restore", desk.ref("C-1"))
    assert notes(desk) == ["This was brought back: the retro goes on. The retro"]


async def test_a_customer_who_never_answered_is_told_of(desk: Desk) -> None:
    notes(desk)
    await desk.ask(ANA, "recovery.verdict", "C-1", {"verdict": "no answer", "words": ""})
    assert notes(desk) == ["How it ended: no answer. The customer didn't answer."]


@pytest.mark.parametrize("token", ["", "sealed"])
async def test_a_note_is_owed_only_where_the_connection_has_a_token(
    sqlite: Database, token: str
) -> None:
    desk = Desk(sqlite)
    await desk.fail()
    tell_of(desk, token=token)
    assert len(notes(desk)) == (1 if token else 0)


async def test_nobody_is_told_of_a_note_that_was_not_taken(desk: Desk) -> None:
    queue = queue_of(desk.database)
    desk.say_all()
    promise = {"words": "The fee back", "due": "2026-03-13", "how": "A call"}
    await desk.ask(ANA, "recovery.promise", "C-1", promise)
    jobs = queue.claim(None, "me", 50)
    [job] = [job for job in jobs if note.is_channel(job.channel_id)]
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert desk.bot.fallback_jobs(job, "The token is not accepted.", work) == ()
    queue.give_up(job, "The token is not accepted.")
    with open_work(desk.database, desk.workspace, writes=False) as work:
        [trouble] = work.connections.troubles()
    assert (trouble.waiting, trouble.given_up, trouble.why) == (0, 1, "The token is not accepted.")
    with open_work(desk.database, desk.workspace, writes=True) as work:
        assert note_jobs.try_again("a" * 40, work) == 1
        work.commit()
    assert len(notes(desk)) == 1
