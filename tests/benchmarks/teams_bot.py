"""`serve`, with Microsoft's login led to a stand-in and a heartbeat in the event loop."""

import asyncio
import os

from bot import bootstrap, settings
from tests.benchmarks.heartbeat import beating
from tests.fake_teams_login import redirected

STAND_IN = "BENCHMARK_TEAMS"
"""The environment variable that tells where the stand-in listens."""


async def main() -> None:
    """Serves as `python -m bot` does, until it is told to stop."""
    async with beating():
        await bootstrap.serve(settings.read(), lambda address: print(address, flush=True))


if __name__ == "__main__":
    with redirected(os.environ[STAND_IN]):
        asyncio.run(main())
