"""The processes that are measured, and the ones beside them: each started for itself, always stopped."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 30.0
TOKEN, SECRET = "xoxb-benchmark", "benchmark-secret"


class Program(NamedTuple):
    """A checkout of Amends, and the Python that has what it needs; ours, or another commit's."""

    root: Path
    python: str


OURS = Program(ROOT, sys.executable)


class Running(NamedTuple):
    """A server at work: its address, its process, and when that was started (monotonic seconds)."""

    address: str
    pid: int
    began: float


def environment(**settings: str) -> dict[str, str]:
    """This environment with only these settings of ours, and the repository to import from."""
    ours = ("AMENDS_", "SLACK_", "TEAMS_")
    hidden = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**hidden, "PYTHONPATH": str(ROOT), **settings}


def house(slack: str, database: Path | str, **more: str) -> dict[str, str]:
    """The settings of an Amends that speaks to a stand-in; the web adapter stays closed.

    `database`: an SQLite file, or the address of any other.
    """
    return environment(
        AMENDS_DATABASE_URL=f"sqlite:///{database}" if isinstance(database, Path) else database,
        AMENDS_PORT="0",
        AMENDS_STARTS_A_MINUTE="0",  # each person here does the work of many
        SLACK_BOT_TOKEN=TOKEN,
        SLACK_SIGNING_SECRET=SECRET,
        SLACK_API_URL=f"{slack}/api/",
        **more,
    )


def log_of(folder: Path, module: str, number: int) -> Path:
    """Where a process that runs there says what it does."""
    return folder / f"{module}-{number}.log"


@asynccontextmanager
async def running(
    folder: Path,
    module: str,
    env: dict[str, str] | None = None,
    number: int = 0,
    program: Program = OURS,
) -> AsyncIterator[Running]:
    """`python -m module` in its own process, once it has printed its address; stopped afterwards.

    `number` tells several of the same module apart. One that serves nothing prints anything else.
    """
    began = time.monotonic()
    told = log_of(folder, module, number)
    with told.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(program.python, "-m", module),
            cwd=folder,
            env=_importing(program, env or environment()),
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
        try:
            if (address := await _address(process)) is None:
                await process.wait()
                raise RuntimeError(f"{module} did not start: {await asyncio.to_thread(told.read_text)}")
            yield Running(address, process.pid, began)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                process.send_signal(signal.SIGCONT)  # one that is halted would never hear of it
            await process.wait()


def _importing(program: Program, env: Mapping[str, str]) -> dict[str, str]:
    return {**env, "PYTHONPATH": str(program.root)}


@contextmanager
def halted(processes: Iterable[Running]) -> Iterator[None]:
    """Halts other processes meanwhile, so that what they still have to say slows nobody down."""
    others = list(processes)
    for other in others:
        os.kill(other.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for other in others:
            os.kill(other.pid, signal.SIGCONT)


async def _address(process: asyncio.subprocess.Process) -> str | None:
    assert process.stdout is not None
    async with asyncio.timeout(START_SECONDS):
        line = (await process.stdout.readline()).decode()
    if not line:
        return None
    match = re.search(r"http://[^ \n]+:\d+", line)
    return match.group() if match else ""


async def run(folder: Path, *arguments: str, env: Mapping[str, str], program: Program = OURS) -> str:
    """What `python -m bot …` printed; raises RuntimeError when it failed."""
    process = await asyncio.create_subprocess_exec(
        *(program.python, "-m", "bot", *arguments),
        cwd=folder,
        env=_importing(program, env),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"python -m bot {' '.join(arguments)}: {err.decode()[-2000:]}")
    return out.decode()


async def healthy(http: aiohttp.ClientSession, address: str) -> None:
    """Waits for a good /healthz."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            try:
                async with http.get(f"{address}/healthz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.005)


def resident(pid: int) -> float:
    """Resident memory of a process in MiB, from /proc; NaN where there is no such thing."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return float("nan")
    kib = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(kib.group(1)) / 1024 if kib else float("nan")


def processor(pid: int) -> float:
    """Seconds of the processor that a process has used, from /proc; NaN where there is no such thing."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return float("nan")
    # After the name, which is in brackets and may hold anything: fields 14 and 15 of proc(5).
    user, system = status.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
