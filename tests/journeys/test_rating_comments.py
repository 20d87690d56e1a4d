"""What a customer writes beside a rating and nobody sends is read where the helpdesk keeps it."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import pytest

from bot.commands.signal import HELPDESK
from bot.commands.ticket_words import comment_values
from bot.domain.case import Case
from bot.domain.connection import Action, Rules
from bot.domain.proposal import Proposal
from bot.domain.team import Team
from bot.messages.parts import plain
from storage.database import Database
from tests.deliveries import HUBSPOT_CHANGED, JIRA_UPDATED, SECRET, ZENDESK_RATED
from tests.desk import ANA, AT, BEN, SUPPORT
from tests.fake_helpdesks import FakeHelpdesk, Fault, Rated
from tests.journeys.test_ticket_notes import WORKSPACE, Office, hooks_of, open_office
from tests.session import open_work

pytestmark = pytest.mark.usefixtures("no_patience")

NEVER = 'Never again, I "waited" twice.'
THANKS = "sorted, thank you"
DOWN = Fault(500)


def zendesk(rating: int, at: datetime) -> object:
    """As a trigger with our template tells of the newer survey: without what was written."""
    said = "good" if rating > 3 else "bad"
    return {**ZENDESK_RATED, "rating": said, "words": "", "changed_at": at.isoformat()}


def jira(rating: int, at: datetime) -> object:
    """As an admin's webhook tells it."""
    items = [{"field": "Satisfaction", "fromString": "", "toString": str(rating)}]
    changes = {"id": str(at.timestamp()), "items": items}
    return {**JIRA_UPDATED, "changelog": changes, "timestamp": int(at.timestamp() * 1000)}


def hubspot(rating: int, at: datetime) -> object:
    """As a subscription tells it."""
    told = {"propertyName": "hs_last_csat_rating", "propertyValue": str(rating)}
    return [{**HUBSPOT_CHANGED[0], **told, "occurredAt": int(at.timestamp() * 1000)}]


def keep(desk: FakeHelpdesk, ticket: str, rated: Rated) -> None:
    """The customer rated, and the helpdesk keeps what they wrote."""
    desk.ratings[ticket] = rated


def keep_on_ticket(desk: FakeHelpdesk, ticket: str, rated: Rated) -> None:
    """The same where it stands on the ticket, beside what was written in a survey of last year."""
    desk.tickets[ticket] = {
        **desk.tickets.get(ticket, {"subject": "Where is it?"}),
        "hs_last_csat_comment": rated.comment,
        "hs_last_csat_date": "2026-11-30T16:29:00.123Z",
        "hs_feedback_last_ces_follow_up": "It was easy.",
        "hs_feedback_last_survey_date": "2025-11-30T16:29:00Z",
    }


class Vendor(NamedTuple):
    """How one vendor tells of a rating, and keeps what was written; `title` is what it says else."""

    tells: Callable[[int, datetime], object]
    ticket: str
    title: str
    keeps: Callable[[FakeHelpdesk, str, Rated], None] = keep
    reads: int = 1
    """How many calls that takes, the first time."""


VENDORS: Mapping[str, Vendor] = {
    "zendesk": Vendor(zendesk, "4711", "Where is it?"),
    "jira": Vendor(jira, "IT-4", "I cannot get my second screen to work"),
    "hubspot": Vendor(hubspot, "123", "Where is it?", keep_on_ticket, 2),
}


class Beside:
    """An office beside one of these, where ratings up to 2 are proposed or opened."""

    def __init__(self, office: Office, vendor: Vendor) -> None:
        self.office = office
        self.vendor = vendor
        self.desk = office.helpdesk

    def keeps(self, rating: int, comment: str) -> None:
        """The customer wrote it."""
        self.vendor.keeps(self.desk, self.vendor.ticket, Rated(rating, comment))

    async def hears(self, rating: int, *, action: Action = "propose", token: str | None = None) -> None:
        """A rating arrives."""
        with open_work(self.office.desk.database, WORKSPACE, writes=True) as work:
            known = work.connections.in_channel(SUPPORT.id)
        if not known:
            known = [self.office.connect(self.desk, token=token, secret=SECRET)]
            with open_work(self.office.desk.database, WORKSPACE, writes=True) as work:
                told = {"rules": Rules(rating=2), "action": action}
                work.connections.save(known[0].model_copy(update=told))
                work.commit()
        calls, self.office.now.at = self.desk.calls, self.office.now.at + timedelta(seconds=1)
        async with hooks_of(self.office) as address:
            body = self.vendor.tells(rating, self.office.now.at)
            assert await self.desk.deliver(f"{address}/hooks/{known[0].id}", body, SECRET) == 200
        assert self.desk.calls == calls, "it was acknowledged before anything was read"

    async def opens(self) -> None:
        """Ben opens the retro."""
        await self.office.does("proposal.open", "P-1", {}, by=BEN)
        await self.office.waits(minutes=15)

    @property
    def proposal(self) -> Proposal:
        """As it stands."""
        with open_work(self.office.desk.database, WORKSPACE, writes=False) as work:
            found = work.proposals.get(1)
        assert found is not None
        return found

    @property
    def case(self) -> Case:
        """As it stands."""
        with open_work(self.office.desk.database, WORKSPACE, writes=False) as work:
            return work.cases.require(1)

    def shown(self, key: str) -> str:
        """The message as it reads now."""
        return plain(self.office.platform.messages[key])


@asynccontextmanager
async def beside(sqlite: Database, name: str) -> AsyncIterator[Beside]:
    """One, with a team."""
    async with open_office(f"sqlite:///{sqlite.file}", name) as office:
        with open_work(office.desk.database, WORKSPACE, writes=True) as work:
            work.teams.add(Team(channel_id=SUPPORT.id, name=SUPPORT.name, lead=ANA.id, made_at=AT))
            work.channels.remember(SUPPORT)
            work.commit()
        yield Beside(office, VENDORS[name])


@pytest.fixture
async def jira_desk(sqlite: Database) -> AsyncIterator[Beside]:
    """One beside Jira."""
    async with beside(sqlite, "jira") as opened:
        yield opened


@pytest.mark.parametrize("name", VENDORS)
async def test_what_was_written_beside_a_bad_rating_stands_first_and_the_title_below(
    sqlite: Database, name: str
) -> None:
    async with beside(sqlite, name) as there:
        there.keeps(1, NEVER)
        await there.hears(1)
        await there.office.waits(minutes=0)
        assert there.shown("proposal:1").startswith(NEVER)
        assert there.vendor.title in there.shown("proposal:1")
        assert there.desk.reads == there.vendor.reads
        await there.opens()
        assert there.case.what_happened.startswith(NEVER)
        assert there.desk.refusals == []


@pytest.mark.parametrize("name", VENDORS)
async def test_what_was_written_beside_a_later_rating_stands_on_the_card(
    sqlite: Database, name: str
) -> None:
    async with beside(sqlite, name) as there:
        there.keeps(1, NEVER)
        await there.hears(1)
        await there.office.waits(minutes=0)
        await there.opens()
        there.keeps(5, THANKS)
        await there.hears(5)
        await there.office.waits(minutes=0)
        assert there.proposal.later is not None
        assert there.proposal.later.words == THANKS
        assert f"{THANKS}" in there.shown("recovery:1")
        assert there.case.what_happened.startswith(NEVER), "what went wrong stays"
        assert there.desk.refusals == []


@pytest.mark.parametrize("name", VENDORS)
async def test_who_writes_on_after_the_click_is_read_a_while_later(sqlite: Database, name: str) -> None:
    async with beside(sqlite, name) as there:
        there.keeps(1, "")
        await there.hears(1, action="open")
        await there.office.waits(minutes=0)
        assert there.shown("retro:1").startswith(f"Retro: {there.vendor.title}")
        there.keeps(1, NEVER)
        await there.office.waits(minutes=15)
        assert there.shown("retro:1").startswith(f"Retro: {NEVER}")
        assert there.case.what_happened.startswith(NEVER)
        reads = there.desk.reads
        await there.office.waits(minutes=60)
        assert there.desk.reads == reads


async def test_the_ticket_stands_below_the_comment_where_it_was_read_too(sqlite: Database) -> None:
    async with beside(sqlite, "hubspot") as there:
        there.keeps(1, NEVER)
        await there.hears(1)
        await there.office.waits(minutes=30)
        assert there.proposal.signal.words == f"{NEVER}\nWhere is it?"
        await there.hears(2)
        await there.office.waits(minutes=30)
        assert there.proposal.signal.words == f"{NEVER}\nWhere is it?", "nothing is said twice"


async def test_a_comment_of_the_rating_before_is_not_that_of_the_later_one(jira_desk: Beside) -> None:
    jira_desk.keeps(1, NEVER)
    await jira_desk.hears(1)
    await jira_desk.office.waits(minutes=0)
    await jira_desk.opens()
    await jira_desk.hears(5)
    await jira_desk.office.waits(minutes=30)
    later = jira_desk.proposal.later
    assert later is not None
    assert (later.rating, later.words) == (5, "")


async def test_a_later_comment_may_be_a_word_of_the_one_before(jira_desk: Beside) -> None:
    jira_desk.keeps(1, NEVER)
    await jira_desk.hears(1)
    await jira_desk.office.waits(minutes=0)
    await jira_desk.opens()
    jira_desk.keeps(2, "Never")
    await jira_desk.hears(2)
    await jira_desk.office.waits(minutes=0)
    later = jira_desk.proposal.later
    assert later is not None
    assert (later.rating, later.words) == (2, "Never")


async def test_who_writes_more_before_anybody_decides_is_quoted_once(jira_desk: Beside) -> None:
    for said in ("Never", NEVER, "Really."):
        jira_desk.keeps(1, said)
        await jira_desk.hears(1)
        await jira_desk.office.waits(minutes=0)
    assert jira_desk.proposal.signal.words == f"Really.\n{NEVER}"


async def test_thanks_that_come_before_the_retro_opens_do_not_say_what_went_wrong(
    jira_desk: Beside,
) -> None:
    jira_desk.keeps(5, THANKS)
    await jira_desk.hears(1)
    await jira_desk.hears(5)
    await jira_desk.office.waits(minutes=30)
    assert jira_desk.proposal.signal.words == ""
    assert jira_desk.desk.reads == 0


async def test_words_that_come_with_the_rating_are_not_looked_for(sqlite: Database) -> None:
    async with beside(sqlite, "zendesk") as there:
        there.vendor = there.vendor._replace(tells=lambda _, __: {**ZENDESK_RATED, "rating": "bad"})
        await there.hears(1)
        await there.office.waits(minutes=30)
        assert there.shown("proposal:1").startswith("Promised twice.")
        assert there.desk.reads == 0


@pytest.mark.parametrize(
    "fault", [Fault(302), Fault(401), Fault(403), Fault(404), Fault(412), Fault(200, body=b"[]")]
)
async def test_what_may_not_be_read_leaves_the_title_and_troubles_nobody(
    jira_desk: Beside, fault: Fault
) -> None:
    jira_desk.desk.fail_until_told(fault)
    await jira_desk.hears(1)
    await jira_desk.office.waits(minutes=60)
    assert jira_desk.shown("proposal:1").startswith(jira_desk.vendor.title)
    assert (jira_desk.desk.calls, jira_desk.office.troubles()) == (2, [])


async def test_without_a_token_no_comment_is_asked_for(jira_desk: Beside) -> None:
    await jira_desk.hears(1, token="")
    await jira_desk.office.waits(minutes=60)
    assert jira_desk.desk.calls == 0


async def test_while_the_helpdesk_is_down_the_comment_waits(jira_desk: Beside) -> None:
    jira_desk.keeps(1, NEVER)
    jira_desk.desk.fail_until_told(DOWN)
    await jira_desk.hears(1)
    await jira_desk.office.waits(minutes=60)
    assert jira_desk.shown("proposal:1").startswith(jira_desk.vendor.title)
    jira_desk.desk.fail_until_told(None)
    await jira_desk.office.waits(minutes=60)
    assert jira_desk.shown("proposal:1").startswith(NEVER)


async def is_waved_off(office: Office) -> None:
    await office.does("proposal.wave_off", "P-1", {}, by=BEN)


async def is_edited(office: Office) -> None:
    await office.does("proposal.open", "P-1", {}, by=BEN)
    told = {"what_happened": "The screen is lost."}
    await office.does("case.edit", office.desk.ref("C-1"), told, by=BEN)


async def is_forgotten(office: Office) -> None:
    assert await office.desk.bot.forget_told(WORKSPACE, "Jane Smith", office.now.at)


@pytest.mark.parametrize("happens", [is_waved_off, is_edited, is_forgotten])
async def test_a_comment_that_comes_too_late_is_not_kept(
    jira_desk: Beside, happens: Callable[[Office], Any]
) -> None:
    jira_desk.keeps(1, NEVER)
    jira_desk.desk.fail_until_told(DOWN)
    await jira_desk.hears(1)
    await jira_desk.office.waits(minutes=0)
    await happens(jira_desk.office)
    jira_desk.desk.fail_until_told(None)
    await jira_desk.office.waits(minutes=60)
    assert jira_desk.desk.reads == 0
    assert jira_desk.proposal.signal.words == ""


async def test_a_comment_is_forgotten_with_its_customer(jira_desk: Beside) -> None:
    jira_desk.keeps(1, NEVER)
    await jira_desk.hears(1)
    await jira_desk.office.waits(minutes=0)
    await jira_desk.opens()
    jira_desk.keeps(5, THANKS)
    await jira_desk.hears(5)
    await jira_desk.office.waits(minutes=0)
    await jira_desk.office.desk.bot.forget(WORKSPACE, 1, jira_desk.office.now.at)
    await jira_desk.office.waits(minutes=60)
    with open_work(jira_desk.office.desk.database, WORKSPACE, writes=False) as work:
        told = [
            one.model_dump_json() for one in work.deliveries.last(jira_desk.proposal.connection_id, 9)
        ]
    stored = json.dumps([*told, jira_desk.proposal.model_dump_json()])
    assert [words for words in ("Never again", THANKS, "Jane") if words in stored] == []


async def test_nobody_but_who_reads_it_tells_what_was_written(jira_desk: Beside) -> None:
    await jira_desk.hears(1)
    made_up = partial(comment_values, rated_at=datetime.now(UTC), comment="Made up.")
    reply = await jira_desk.office.desk.ask(BEN, "proposal.hear_comment", "P-1", made_up(1), heard=False)
    assert reply.refused
    for number in (0, 2, 99):
        await jira_desk.office.desk.ask(HELPDESK, "proposal.hear_comment", values=made_up(number))
    assert jira_desk.proposal.signal.words == ""
