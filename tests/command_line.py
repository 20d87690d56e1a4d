"""Amends' command line in a process of its own, as an operator runs it.

The process comes from a server that has imported the program already. Imports take more than two seconds
of processor time, and the tests of the command line run more than a hundred commands.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.__main__ import main

ROOT = Path(__file__).parent.parent
PATIENCE = 120
"""Seconds after which a command counts as hanging."""

_forked = get_context("forkserver")
_forked.set_forkserver_preload(["bot.bootstrap", "bot.check", __name__])


def environment(**settings: str) -> dict[str, str]:
    """What a process sees: these settings and no others."""
    hidden = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AMENDS_", "SLACK_", "TEAMS_"))
    }
    return {**hidden, "PYTHONPATH": str(ROOT), "AMENDS_LOG_LEVEL": "WARNING", **settings}


def amends(
    folder: Path, *arguments: str, piped: str | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Runs one command in this folder, with these settings and no others; `piped` is its input."""
    with TemporaryDirectory(prefix="amends-said-") as said:
        stdout, stderr = Path(said, "stdout"), Path(said, "stderr")
        process = _forked.Process(
            target=_run,
            args=(folder, arguments, environment(**settings), (piped or "").encode(), stdout, stderr),
        )
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"{' '.join(arguments)} hangs.")
        told = (file.read_text(encoding="utf-8") for file in (stdout, stderr))
        return subprocess.CompletedProcess(arguments, process.exitcode, *told)


def _run(
    folder: Path,
    arguments: Sequence[str],
    environment: dict[str, str],
    piped: bytes,
    stdout: Path,
    stderr: Path,
) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    ours, theirs = os.pipe()
    os.write(theirs, piped)  # what fits into a pipe
    os.close(theirs)
    os.dup2(ours, 0)
    for number, file in enumerate((stdout, stderr), 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    sys.exit(main(arguments))
