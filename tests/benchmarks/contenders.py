"""Those that are measured in turns: ours, a bare Bolt, a plain application, another commit's program.

Each is a process of its own on a database of its own, filled alike. While one is asked the others are
halted: what they still have to say is not said at its cost.
"""

import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import NamedTuple

import aiohttp

from tests.benchmarks import heartbeat, plain_bolt_sqlmodel
from tests.benchmarks.clicks import IN_FLIGHT, RETROS, Body, Round, send
from tests.benchmarks.figure import Figure
from tests.benchmarks.filled import make, put_retros
from tests.benchmarks.process import (
    OURS,
    Program,
    Running,
    environment,
    halted,
    healthy,
    house,
    log_of,
    processor,
    running,
)

US, BARE, PLAIN, RIVAL = "ours", "bare Bolt", "plain Bolt + SQLModel", "rival commit"


NOT_SAVED = re.compile(r"command=.*(not saved|lost every race)")
"""A line in the log of Amends: somebody was asked to try again, because nothing could be saved."""


class Contender(NamedTuple):
    """A server, its database (None: it keeps nothing), the file of its heartbeat, and its log."""

    server: Running
    file: Path | None
    beats: Path
    log: Path

    def asked_again(self) -> int:
        """How often somebody was told that nothing was saved: with a 200, as Slack wants it."""
        return len(NOT_SAVED.findall(self.log.read_text()))

    def count(self, sql: str) -> int:
        """What a query counts in its database; 0 without one."""
        if self.file is None:
            return 0
        with closing(sqlite3.connect(self.file)) as connection:
            (found,) = connection.execute(sql).fetchone()
            return int(found)


class Turn(NamedTuple):
    """What one of them did with some requests, in how many seconds of the processor for each."""

    round: Round
    processor: float


Field = Mapping[str, Contender]


@asynccontextmanager
async def contenders(
    folder: Path,
    run: str,
    items: int,
    names: Sequence[str],
    rival: Program | None = None,
    *,
    beating: bool = False,
) -> AsyncIterator[Field]:
    """All that are named at work, each with a new database of open retros and so many unowned items.

    `run` names the databases. The rival is there when somebody named one. `beating`: with a heartbeat.
    """
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        slack = await enter(running(folder, "tests.benchmarks.quick_slack"))
        http = await enter(aiohttp.ClientSession())
        field: dict[str, Contender] = {}
        for number, name in enumerate(one for one in names if one != RIVAL or rival):
            module, program = MODULES[name], (rival or OURS) if name == RIVAL else OURS
            file = None if name == BARE else folder / f"{run}-{number}.db"
            beats = folder / f"{run}-{number}.beats"
            beats.touch()
            env = environment(**{heartbeat.FILE: str(beats)} if beating else {})
            if name == PLAIN:
                env |= {plain_bolt_sqlmodel.FILE: str(file)}
            elif file:
                await make(file, program)
                put_retros(file, RETROS, items, fresh=True)
                env |= house(slack.address, file)
                module = "tests.benchmarks.beating_bot" if beating else module
            server = await enter(running(folder, module, env, number, program))
            await healthy(http, server.address)
            if file and name == PLAIN:  # it makes its tables when it starts
                put_retros(file, RETROS, items, fresh=True)
            field[name] = Contender(server, file, beats, log_of(folder, module, number))
        yield field


MODULES = {
    US: "bot",
    BARE: "tests.benchmarks.bare_bolt",
    PLAIN: "tests.benchmarks.plain_bolt_sqlmodel",
    RIVAL: "bot",
}


async def in_turns(
    field: Field, body: Body, numbers: Sequence[int], only: str | None = None
) -> dict[str, Turn]:
    """The same requests to each (or to one only), made when they are sent, all others being halted."""
    turns = {}
    for name, one in field.items():
        if only not in (None, name):
            continue
        others = [other.server for other in field.values() if other is not one]
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as http:
            with halted(others):
                before = processor(one.server.pid)
                asked = await send(http, one.server.address, [body(number) for number in numbers])
                used = processor(one.server.pid) - before
        turns[name] = Turn(asked, used / len(numbers))
    return turns


def against(
    what: str,
    measured: Mapping[str, float],
    words: Callable[[float], str],
    aims: Mapping[str, str] | None = None,
) -> list[Figure]:
    """A row for ours against each of the others; the ratio is ours divided by theirs."""
    ours = measured[US]
    return [
        Figure(
            what,
            words(ours),
            f"{words(theirs)} ({name})",
            f"{ours / theirs:.2f}" if theirs else "-",
            (aims or {}).get(name, "-"),
        )
        for name, theirs in measured.items()
        if name != US
    ]
