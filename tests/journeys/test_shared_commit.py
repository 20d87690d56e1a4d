"""`kill -9` in the middle of a commit that many share: each request is there whole, or not at all."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from storage.database import Database
from storage.tables import cases, jobs, recoveries, requests, retros

ROOT = Path(__file__).parent.parent.parent
AT_ONCE = 90
DIES = {
    "in a turn": (20, 70),
    "before a commit": (2,),
    "after a commit": (2,),
}
"""How often this has happened when the process dies."""


async def ask_and_die(url: str, moment: str, count: int) -> None:
    """Marks many cases failed at once, says which were answered, and dies in between."""
    from tests.desk import ANA, Desk  # noqa: PLC0415 - only in the process that dies

    database = Database(url)
    left = count

    def happened() -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    dialect = database._engines.writers.dialect
    commit = dialect.do_commit

    def do_commit(connection: Any) -> None:
        if moment == "before a commit":
            happened()
        commit(connection)
        if moment == "after a commit":
            happened()

    dialect.do_commit = do_commit  # type: ignore[assignment, method-assign]
    write = database.write

    async def writes(workspace: str, change: Any) -> Any:
        def changed(work: Any) -> Any:
            result = change(work)
            if moment == "in a turn":
                happened()
            return result

        return await write(workspace, changed)

    database.write = writes  # type: ignore[method-assign]
    desk = Desk(database)

    async def ask(number: int) -> None:
        reply = await desk.ask(ANA, "case.fail", typed=f"ZD-{number} Parcel lost")
        assert reply.message is not None
        print(reply.message.summary.split()[0].removeprefix("C-"), flush=True)

    await asyncio.gather(*(ask(number) for number in range(AT_ONCE)))


@pytest.mark.parametrize(
    ("moment", "count"), [(moment, count) for moment, counts in DIES.items() for count in counts]
)
async def test_each_request_is_whole_or_not_there_and_whoever_was_answered_is_there(
    database_url: str, moment: str, count: int
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.journeys.test_shared_commit", database_url, moment, str(count)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == -signal.SIGKILL
    answered = {int(line) for line in told.split()}
    database = Database(database_url)
    with database.transaction(writes=False) as connection:
        known, opened, begun = (
            set(connection.scalars(select(column)))
            for column in (cases.c.number, retros.c.case_number, recoveries.c.case_number)
        )
        owed = set(connection.scalars(select(jobs.c.key)))
        seen = len(connection.execute(select(requests.c.key)).all())
    database.close()
    assert answered <= known
    assert known == opened == begun == set(range(1, len(known) + 1))
    assert owed == {f"retro:{number}" for number in known}
    assert seen == len(known) < AT_ONCE
    assert moment != "after a commit" or len(known) > len(answered)


if __name__ == "__main__":
    asyncio.run(ask_and_die(sys.argv[1], sys.argv[2], int(sys.argv[3])))
