"""What waits to be said of a thing that has gone, or gone on, is said no more, nor anything instead."""

from collections.abc import Awaitable, Callable

import pytest

from bot.domain import message_key
from bot.domain.job import Job
from bot.jobs import action_item, case, recovery, team
from bot.jobs.payload import JobPayload, Unsaid
from bot.messages.parts import Message, Superseded, plain
from storage.database import Database
from tests.commands.test_team import SETTINGS
from tests.desk import ANA, AT, BEN, Desk
from tests.jobs.test_payload import STORED
from tests.session import open_work
from tests.storage.made import an_item

ABOUT_NO_THING = (team.Hello, Unsaid, case.Withdrawn)
"""These are said whatever else there is."""


def spoken(desk: Desk, job: Job) -> Message | Superseded | None:
    """The words of a job now."""
    with open_work(desk.database, desk.workspace, writes=False) as work:
        return desk.bot.speak(job, work)


def instead(desk: Desk, job: Job) -> set[str]:
    """The keys of what is owed because it cannot be said."""
    with open_work(desk.database, desk.workspace, writes=False) as work:
        return {other.key for other in desk.bot.fallback_jobs(job, "They have left.", work)}


@pytest.mark.parametrize(
    "payload",
    [payload for *_, payload in STORED if not isinstance(payload, ABOUT_NO_THING)],
    ids=lambda payload: payload.name,
)
def test_of_a_thing_that_is_not_there_nothing_is_said(payload: JobPayload, sqlite: Database) -> None:
    desk = Desk(sqlite)
    job = payload.job("C1", f"{payload.name}:x", AT)
    # A reminder that is there already loses its buttons.
    told = spoken(desk, job)
    assert told is None or isinstance(told, Superseded)
    assert instead(desk, job) == set()


WORDS: dict[str, JobPayload] = {
    message_key.owner(1, "U2"): action_item.TellOwner(item_number=1, owner_id="U2"),
    message_key.call_owner(1, "U2"): action_item.CallOwner(item_number=1, owner_id="U2"),
    message_key.owner_unreached(1, "U2"): action_item.TellLead(
        item_number=1, owner_id="U2", reason="They have left."
    ),
    message_key.customer(1, "U2"): recovery.TellOwner(case_number=1, person_id="U2"),
    message_key.call_about_customer(1, "U2"): recovery.CallOwner(case_number=1, person_id="U2"),
    message_key.unreached_about_customer(1, "U2"): recovery.TellLead(
        case_number=1, person_id="U2", reason="They have left."
    ),
}
"""What is said to Ben, or because he cannot be reached, of what is his to do."""
COPIES = {"owner:1:U2", "customer:1:U2"}
"""They are his own copies, and are edited when it is his no more."""


async def begun(desk: Desk) -> None:
    """A case of Ben's in Ana's team, with an item that he agreed to, none of it said."""
    await desk.fail(ANA)
    await desk.add_item(BEN, owner="U2")
    await desk.ask(ANA, "recovery.hand_over", "C-1", {"step": "everything", "owner": "U2"})


async def handed_on(desk: Desk) -> None:
    """All of it is Cleo's now."""
    await desk.ask(BEN, "action_item.hand_over", "AI-1", {"owner": "U3"})
    await desk.ask(BEN, "recovery.hand_over", "C-1", {"step": "everything", "owner": "U3"})


async def ended(desk: Desk) -> None:
    """It is done, and the customer is content."""
    await desk.ask(BEN, "action_item.done", "AI-1", {"changed": "A note"})
    await desk.ask(ANA, "recovery.verdict", "C-1", {"verdict": "recovered", "words": "Thank you."})


async def verified(desk: Desk) -> None:
    """Somebody saw that it works."""
    await ended(desk)
    await desk.ask(ANA, "action_item.verify", "AI-1", {})


async def cancelled(desk: Desk) -> None:
    """It was marked by mistake."""
    await desk.ask(ANA, "case.cancel", "C-1", {"why": "A test"})


@pytest.mark.parametrize(
    ("then", "said", "is_owed"),
    [
        (None, set(WORDS), COPIES),
        (handed_on, COPIES, set()),
        (ended, set(WORDS), {"owner:1:U2"}),
        (verified, set(WORDS), set()),
        (cancelled, set(), set()),
    ],
)
async def test_whoever_cannot_be_reached_is_named_as_long_as_it_is_theirs_to_do(
    then: Callable[[Desk], Awaitable[None]] | None, said: set[str], is_owed: set[str], sqlite: Database
) -> None:
    desk = Desk(sqlite)
    await begun(desk)
    if then is not None:
        await then(desk)
    jobs = {key: payload.job("C1", key, AT) for key, payload in WORDS.items()}
    assert {key for key, job in jobs.items() if spoken(desk, job) is not None} == said
    owed = {key: instead(desk, jobs[key]) for key in COPIES}
    assert owed == {
        "owner:1:U2": {"call:1:U2", "unreached:1:U2"} if "owner:1:U2" in is_owed else set(),
        "customer:1:U2": (
            {"call_customer:1:U2", "unreached_customer:1:U2"} if "customer:1:U2" in is_owed else set()
        ),
    }


@pytest.mark.parametrize("lead", ["", "U2"])
async def test_without_a_lead_or_when_it_is_the_lead_only_the_thread_hears_of_it(
    lead: str, sqlite: Database
) -> None:
    desk = Desk(sqlite)
    await begun(desk)
    await desk.ask(ANA, "team.settings", values={**SETTINGS, "lead": lead, "days_to_apologise": "0"})
    job = WORDS["owner:1:U2"].job("U2", "owner:1:U2", AT, direct=True)
    assert instead(desk, job) == {"call:1:U2"}


async def test_whoever_is_called_by_nobody_they_know_is_called_the_owner(sqlite: Database) -> None:
    desk = Desk(sqlite)
    await begun(desk)
    call = WORDS["call:1:U2"].job("C1", "call:1:U2", AT)
    known = spoken(desk, call)
    assert known is not None
    assert "Ben" in plain(known)
    unmet = an_item(number=2, case_number=1, owner="U404", state="agreed")
    with open_work(desk.database, desk.workspace, writes=True) as work:
        added = work.action_items.add(unmet)
        work.commit()
    other = action_item.CallOwner(item_number=added.number, owner_id="U404")
    unknown = spoken(desk, other.job("C1", "call:2:U404", AT))
    assert unknown is not None
    assert "The owner" in plain(unknown)
