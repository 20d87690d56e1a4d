"""What opens a helpdesk, and what proves that it speaks, stands nowhere but sealed in the database."""

import logging
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from pydantic import SecretStr

from bot import bootstrap
from bot.check import check
from bot.domain.channel import Channel
from bot.messages.export import FORMATS
from tests.connected import KEY, SECRET, connect_helpdesk
from tests.deliveries import FRESHDESK_RATED
from tests.fake_helpdesks import FakeHelpdesk
from tests.fakes import FakeSlack
from tests.handlers.slack_adapter import settings_for
from tests.handlers.test_worker import until
from tests.journeys.slack_app import open_slack_app, said

OURS = ("bot", "handlers", "storage", "sqlalchemy", "alembic")
"""Whose log is read: stand-ins speak in this process, too, and they know the token."""


async def test_no_secret_token_or_address_is_logged_stored_exported_or_told(
    slack: FakeSlack, sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ana = slack.person("Ana")
    support = slack.channel("support", members=[ana])
    told: list[str] = []
    token = "f7e3-pasted-by-a-lead"
    async with FakeHelpdesk("freshdesk") as desk:
        set_up: dict[str, Any] = {
            "amends_secret_key": SecretStr(KEY),
            "amends_helpdesk_hosts": desk.host,
        }
        async with open_slack_app(slack, sqlite_url, **set_up) as built, ClientSession() as http:
            channel = Channel(id=support.id, name="support")
            made = connect_helpdesk(
                built, f"slack:{slack.team}", channel, ana.id, desk, a_day=1, token=""
            )
            listed = await ana.command("connect", support)
            assert listed is not None
            form = await ana.press(listed, "Give a token")
            await ana.submit(form, {"Helpdesk's address": desk.url, "Token": token})
            assert slack.events_url is not None
            address = slack.events_url.replace("/slack/events", f"/hooks/{made.id}")
            await desk.deliver(address, FRESHDESK_RATED, "forged-by-somebody")
            await desk.deliver(address, b"{", SECRET)
            for ticket in ("1", "2", "3"):
                await desk.deliver(address, {**FRESHDESK_RATED, "ticket": ticket}, SECRET)
            await said(slack, "2 more tickets may be failed cases.")
            await ana.click(await said(slack, "Where is it?"), "Open the retro")
            await said(slack, "Retro: Where is it?")
            # It is not the token that the helpdesk knows, so the note is refused.
            await until(lambda: bool(desk.refusals))
            async with http.get(address.replace(f"/hooks/{made.id}", "/healthz")) as health:
                told.append(await health.text())
        told += [one.words() for one in slack.posted()] + [one.words() for one in ana.whispers]
        settings = settings_for(slack, amends_database_url=sqlite_url, **set_up)
        told += [finding.words for finding in await check(settings)]
        for way in FORMATS.values():
            told += [piece async for piece in bootstrap.export(settings, way, None, None)]
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    stored = b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
    for secret in (SECRET, token, KEY):
        assert secret.encode() not in stored
    told += [one.getMessage() + str(one.exc_info) for one in caplog.records if one.name.startswith(OURS)]
    for secret in (SECRET, token, KEY, "forged-by-somebody", made.id):
        assert [one for one in told if secret in one] == []
