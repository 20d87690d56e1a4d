"""What the bot says of what helpdesks send: a test as it was understood, and that rules are too wide."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain import message_key
from bot.domain.connection import IN_A_ROW, Connection, met
from bot.domain.job import Job
from bot.domain.proposal import is_against
from bot.domain.signal import SignalDelivery
from bot.jobs.edit_said import edit_said
from bot.jobs.payload import JobPayload
from bot.messages import connection as connection_messages
from bot.messages import signal as messages
from bot.messages.parts import Message
from bot.ports import ReadOnlyWork, UnitOfWork


class ShowTest(JobPayload):
    """To whoever asked for a test: what arrived, as it was understood, and what would have happened."""

    name = "signal.show_test"
    what = "what a helpdesk sent as a test"
    about = "{key}"
    detail = "{connection_id}"

    connection_id: str
    key: str

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """The delivery; once it was dropped, that it was there, to whoever has read it."""
        connection = work.connections.get(self.connection_id)
        delivery = work.deliveries.get(self.connection_id, self.key)
        team = work.teams.get(connection.channel_id) if connection else None
        if connection is None or delivery is None or team is None:
            return messages.TEST_DROPPED if work.sent_messages.get(job.key) or job.unsure else None
        return messages.test(delivery.signal, met(delivery.signal, connection.rules), connection, team)


class TellBroken(JobPayload):
    """To whoever waits for a test: what arrived was refused, and why."""

    name = "signal.tell_broken"
    what = "why what a helpdesk sent was refused"
    about = "{connection_id}"
    detail = "{title}\n{why}"

    connection_id: str
    title: str
    why: str

    @property
    def label(self) -> str:
        """Its id stands in an address, and no log has that."""
        return "a connection"

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """The sentence that the list shows, too; nothing once the connection was removed."""
        connection = work.connections.get(self.connection_id)
        if connection is None or connection.removed_at is not None:
            return None
        return connection_messages.broken_test(self.title, self.why, connection.ref)


class AskRules(JobPayload):
    """To the lead: so many proposals were waved off in a row that the rules let too much through."""

    name = "signal.ask_rules"
    what = "a word about a helpdesk's rules"
    about = "{connection_id}"

    connection_id: str

    @property
    def label(self) -> str:
        """Its id stands in an address, and no log has that."""
        return "a connection"

    def text(self, job: Job, work: ReadOnlyWork) -> Message | None:
        """The question; nothing once the connection was removed or its rules are others."""
        connection = work.connections.get(self.connection_id)
        team = work.teams.get(connection.channel_id) if connection else None
        gone = connection is None or connection.removed_at is not None or connection.asked_at is None
        if connection is None or team is None or gone:
            return None
        decided = work.proposals.decided(connection.id, IN_A_ROW)
        waved = [one for one in decided if is_against(one, connection.rules)]
        return messages.ask_rules(connection, team, waved)


def test_job(delivery: SignalDelivery, person_id: str, at: datetime) -> Job:
    """The job that shows somebody the delivery that they asked for."""
    return ShowTest(connection_id=delivery.connection_id, key=delivery.key).job(
        person_id, message_key.hook_test(delivery.key, person_id), at, direct=True, once=True
    )


def broken_job(connection: Connection, title: str, why: str, person_id: str, at: datetime) -> Job:
    """The job that tells whoever waits for a test that something was refused, once a test."""
    # Whatever else is changed meanwhile, it is the same test.
    key = message_key.hook_broken(connection.id, connection.test_until or at, person_id)
    broken = TellBroken(connection_id=connection.id, title=title, why=why)
    return broken.job(person_id, key, at, direct=True, once=True)


def edit_tests(deliveries: Sequence[SignalDelivery], at: datetime, work: UnitOfWork) -> None:
    """Brings up to date what people read of deliveries that they had asked for as tests."""
    jobs: list[Job] = []
    for delivery in (one for one in deliveries if one.became == "test"):
        prefix = message_key.all_hook_tests(delivery.key)
        for key in work.sent_messages.starting(prefix):
            job = test_job(delivery, key.removeprefix(prefix), at)
            jobs.append(job.model_copy(update={"once": False}))
    edit_said(jobs, work, on_their_way=True)


def ask_job(connection: Connection, lead: str, at: datetime) -> Job:
    """The job that asks a lead, once, to change the rules."""
    return AskRules(connection_id=connection.id).job(
        lead, message_key.rules(connection.id, connection.version, lead), at, direct=True, once=True
    )
