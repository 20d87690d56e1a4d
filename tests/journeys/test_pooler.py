"""Behind PgBouncer, which lends a connection to each transaction: the main job, and the limits."""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import make_url, text

from handlers.worker import Worker
from storage.database import Database
from tests.desk import ANA, Desk
from tests.handlers.test_worker import Platform

POOLER = "/usr/sbin/pgbouncer"
FEWER_CONNECTIONS = 3
"""Than there are transactions at once, so that they really change hands."""


@pytest.fixture
def pooled(empty_url: str) -> Iterator[str]:
    """The address of an empty database through PgBouncer, in its transaction mode."""
    if not Path(POOLER).exists():
        if os.environ.get("CI") == "true":
            raise FileNotFoundError(POOLER)
        pytest.skip(f"{POOLER} is not installed")
    # The limits become the role's; a connection that the pooler had before knows nothing of them.
    database = Database(f"{empty_url}&pooler=transaction")
    database.migrate()
    database.close()
    empty = make_url(empty_url)
    with socket.socket() as free, TemporaryDirectory(prefix="amends-pooler-") as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        # Like the server itself it never runs as root.
        owner = pwd.getpwuid(os.stat(str(empty.query["host"])).st_uid).pw_name
        shutil.chown(folder, owner)
        settings = Path(folder) / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n* = host={empty.query['host']} user={empty.username}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = any\npool_mode = transaction\ndefault_pool_size = {FEWER_CONNECTIONS}\n"
            f"max_client_conn = 100\nlogfile = {folder}/log\n"
        )
        with subprocess.Popen([POOLER, "-q", "-u", owner, settings]) as process:
            until = time.monotonic() + 10
            with socket.socket() as knocking:
                while knocking.connect_ex(("127.0.0.1", port)):
                    assert time.monotonic() < until, "the pooler does not open"
            yield f"postgresql://{empty.username}@127.0.0.1:{port}/{empty.database}?pooler=transaction"
            process.terminate()


@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
async def test_behind_a_pooler_all_is_saved_and_said_under_our_limits(pooled: str) -> None:
    database = Database(pooled)
    await asyncio.to_thread(database.prepare)
    desk, platform = Desk(database), Platform()
    worker = Worker(desk.bot, database, {"test": platform}, desk.woken)
    typed = [f"ZD-{number} Parcel lost" for number in range(30)]
    await desk.ask(ANA, "case.fail", typed=typed[0])
    await asyncio.gather(*(desk.ask(ANA, "case.fail", typed=words) for words in typed[1:]))
    assert set(await worker.run_due(datetime.now(UTC))) == {"said"}
    assert {f"retro:{number}" for number in range(1, 31)} <= set(platform.keys)
    assert len(platform.keys) == len(set(platform.keys))
    with database.transaction(writes=False) as connection:
        assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "1500ms"
        assert connection.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one() == 0
    database.close()
