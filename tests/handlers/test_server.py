"""What /healthz and the log say when the database is not whole."""

import asyncio
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot import bootstrap, check
from bot.settings import Misconfigured, Settings
from handlers import server
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


async def refusal(settings: Settings, port: int) -> str:
    """What is said of a port that somebody else has, when the server is started there."""
    taken = settings.model_copy(update={"amends_port": port})
    async with bootstrap.open_app(taken) as built, bootstrap.adapters(built) as opened:
        with pytest.raises(Misconfigured) as refused:
            async with bootstrap.server(built, opened):
                raise AssertionError("the port is taken")
    return str(refused.value)


@pytest.mark.parametrize("well", [True, False])
async def test_a_port_on_which_amends_runs_already_is_said_with_its_address(
    sqlite: Database, well: bool
) -> None:
    assert sqlite.file is not None
    settings = settings_of(sqlite.file)
    async with (
        bootstrap.open_app(settings) as built,
        bootstrap.adapters(built) as opened,
        bootstrap.server(built, opened) as address,
    ):
        if not well:
            overwrite(sqlite.file, "action_items")
        port = int(address.rpartition(":")[2])
        async with aiohttp.ClientSession() as session, session.get(f"{address}/healthz") as answer:
            assert answer.status == (200 if well else 503)
        assert await refusal(settings, port) == (
            f"Amends already runs at {address}: open it there, or start this one with another "
            "AMENDS_PORT."
        )


async def test_who_starts_it_twice_reads_the_address_before_anything_is_opened_or_told(
    sqlite: Database, tmp_path: Path
) -> None:
    assert sqlite.file is not None
    settings = settings_of(sqlite.file)

    def started(*_: object) -> None:
        raise AssertionError("the port is taken")

    async with (
        bootstrap.open_app(settings, speaks=True) as built,
        bootstrap.adapters(built) as opened,
        bootstrap.server(built, opened) as address,
    ):
        taken = settings.model_copy(update={"amends_port": int(address.rpartition(":")[2])})
        for again in (bootstrap.serve(taken, started), bootstrap.demo(taken, tmp_path, started)):
            with pytest.raises(Misconfigured, match=f"^Amends already runs at {address}: "):
                await again
    assert not (tmp_path / "amends-demo.db").exists()


@pytest.mark.parametrize(
    "answer",
    [
        web.json_response({"ok": True}).text,
        web.json_response({"ok": "yes", "connections": {}}).text,
        web.json_response([True]).text,
        "<html>",
        "",
        '{"ok": true, "connections": {}}' + " " * server.MAX_HEALTH_BYTES,
    ],
)
async def test_a_port_of_another_program_is_named(sqlite: Database, answer: str) -> None:
    assert sqlite.file is not None
    app = web.Application()

    async def answered(_: web.Request) -> web.Response:
        return web.Response(text=answer)

    app.router.add_get("/healthz", answered)
    async with TestServer(app) as other:
        port = other.port
        assert port is not None
        said = await refusal(settings_of(sqlite.file), port)
    assert said.startswith(f"AMENDS_PORT {port} on 127.0.0.1 cannot be opened: ")
    assert "Amends" not in said


async def test_a_port_on_which_nobody_answers_is_named(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sqlite.file is not None
    monkeypatch.setattr(server, "ASK_SECONDS", 0.05)

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(silence, "127.0.0.1", 0)
    async with silent:
        port = silent.sockets[0].getsockname()[1]
        said = await refusal(settings_of(sqlite.file), port)
    assert said.startswith(f"AMENDS_PORT {port} on 127.0.0.1 cannot be opened: ")
