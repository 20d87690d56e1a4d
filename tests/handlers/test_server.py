"""What /healthz and the log say when the database is not whole."""

import asyncio
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from bot import bootstrap, check
from bot.settings import Settings
from storage.database import Database
from tests.storage.test_damage import overwrite


def settings_of(file: Path) -> Settings:
    return Settings(
        _env_file=None, amends_database_url=f"sqlite:///{file}", amends_port=0, amends_pace=0
    )


async def test_a_corrupt_table_makes_healthz_not_ok_and_check_and_the_log_say_it(
    sqlite: Database, caplog: pytest.LogCaptureFixture
) -> None:
    assert sqlite.file is not None
    settings = settings_of(sqlite.file)
    async with (
        bootstrap.open_app(settings) as built,
        bootstrap.adapters(built) as opened,
        bootstrap.server(built, opened) as address,
        aiohttp.ClientSession() as session,
    ):
        async with session.get(f"{address}/healthz") as answer:
            assert answer.status == 200
        overwrite(sqlite.file, "action_items")
        async with session.get(f"{address}/healthz") as answer:
            assert answer.status == 503
            assert json.loads(await answer.text()) == {
                "ok": False,
                "why": "the database is damaged: database disk image is malformed",
            }
        clock = asyncio.create_task(opened.worker.run())
        async with asyncio.timeout(10):
            while "Restore a backup" not in caplog.text:  # noqa: ASYNC110 - the log has no event
                await asyncio.sleep(0)
        await opened.worker.stop()
        await clock
    [wrong] = [finding.words for finding in await check.check(settings) if not finding.fine]
    assert wrong.startswith("the database is damaged: ")
    assert "Restore a backup" in wrong


async def test_serve_warns_of_a_journal_that_belongs_to_another_file(
    sqlite: Database, caplog: pytest.LogCaptureFixture
) -> None:
    assert sqlite.file is not None
    settings = settings_of(sqlite.file)
    with closing(sqlite3.connect(sqlite.file)) as killed:
        killed.execute("INSERT INTO counters VALUES ('W', 'case', 1)")
        killed.commit()
        async with bootstrap.open_app(settings, speaks=True):
            assert caplog.text == ""
        later = os.stat(f"{sqlite.file}-wal").st_mtime + 61
        os.utime(sqlite.file, (later, later))
        async with bootstrap.open_app(settings, speaks=True):
            assert "may belong to another database and damage this one" in caplog.text
