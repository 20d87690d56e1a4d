"""`serve`, with Microsoft's login led to a stand-in and a heartbeat in the event loop."""

import asyncio
import os

from tests.benchmarks.beating_bot import main
from tests.fake_teams_login import redirected

STAND_IN = "BENCHMARK_TEAMS"
"""The environment variable that tells where the stand-in listens."""

if __name__ == "__main__":
    with redirected(os.environ[STAND_IN]):
        asyncio.run(main())
