"""A process that dies between a helpdesk and its database: nothing is lost, and no note comes twice."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.domain import note
from bot.domain.channel import Channel
from bot.domain.job import LEASE_SECONDS
from bot.ports import Messenger
from handlers.helpdesks.incoming import Hooks
from handlers.helpdesks.notes import NoteMessenger
from handlers.helpdesks.outgoing import Outgoing
from handlers.helpdesks.products import PRODUCTS
from handlers.worker import Worker
from storage.database import Database
from tests.connected import KEY, SECRET, connect
from tests.deliveries import ZENDESK_RATED
from tests.desk import Desk
from tests.fake_helpdesks import FakeHelpdesk, Fault
from tests.fakes import FakeSlack
from tests.handlers.test_worker import Platform
from tests.journeys.slack_app import said
from tests.journeys.test_kill import amends
from tests.session import open_work

LATER = timedelta(seconds=LEASE_SECONDS + 5)
"""By then what the dead process had taken on is anybody's."""


async def test_kill_9_between_a_note_and_its_saving_or_a_delivery_and_its_answer_does_all_once(
    slack: FakeSlack, tmp_path: Path
) -> None:
    file, keys = tmp_path / "amends.db", (KEY,)
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana])
    first, second = ({**ZENDESK_RATED, "ticket": ticket} for ticket in ("4711", "4712"))
    async with FakeHelpdesk("zendesk") as zendesk:
        settings = {"AMENDS_SECRET_KEY": KEY, "AMENDS_HELPDESK_HOSTS": zendesk.host}
        async with amends(slack, file, **settings) as process:
            database = Database(f"sqlite:///{file}", keys=keys)
            workspace, channel = f"slack:{slack.team}", Channel(id=support.id, name="support")
            account = {"origin": zendesk.url, "token": zendesk.desk.token}
            made = connect(database, workspace, channel, ana.id, "zendesk", **account)
            database.close()
            assert slack.events_url is not None
            address = slack.events_url.replace("/slack/events", f"/hooks/{made.id}")
            await zendesk.deliver(address, first, SECRET)
            zendesk.fail_next(Fault(silent=True))
            await ana.click(await said(slack, "Promised twice."), "Open the retro")
            await zendesk.nth(1)
            # Its answer is never read: the vendor will send it once more.
            answer = asyncio.create_task(zendesk.deliver(address, second, SECRET))
            await slack.until(lambda: len([p for p in slack.posted() if "4712" in p.words()]) == 1)
            process.kill()
            await process.wait()
            await asyncio.gather(answer, return_exceptions=True)

        survivor = Database(f"sqlite:///{file}", keys=keys, clock=lambda _: datetime.now(UTC) + LATER)
        outgoing = Outgoing([zendesk.host])
        desk = Desk(survivor, workspace, at=datetime.now(UTC))
        speakers: dict[str, Messenger] = {
            "slack": Platform(),
            note.PLATFORM: NoteMessenger(outgoing, desk.bot, survivor, PRODUCTS, 0.0),
        }
        worker = Worker(desk.bot, survivor, speakers, desk.woken)
        app = web.Application()
        Hooks(PRODUCTS, desk.bot, survivor, survivor.vault, "").mount(app)
        async with TestServer(app) as server:
            for event in (second, first, second):
                again = str(server.make_url(f"/hooks/{made.id}"))
                assert await zendesk.deliver(again, event, SECRET) == 200
            await worker.run_due(datetime.now(UTC) + LATER)
        await worker.stop()
        await outgoing.close()
        with open_work(survivor, workspace, writes=False) as work:
            states = [one.state for n in (1, 2, 3) if (one := work.proposals.get(n))]
            assert work.sent_messages.get("note:1:opened") is not None
        survivor.close()
        assert states == ["opened", "proposed"]
        assert [sent.ticket for sent in zendesk.notes] == ["4711"]
        assert zendesk.refusals == []
