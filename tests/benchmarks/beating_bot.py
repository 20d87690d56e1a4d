"""`serve`, with a heartbeat in the event loop."""

import asyncio

from bot import bootstrap, settings
from tests.benchmarks.heartbeat import beating


async def main() -> None:
    """Serves as `python -m bot` does, until it is told to stop."""
    async with beating():
        await bootstrap.serve(settings.read(), lambda address: print(address, flush=True))


if __name__ == "__main__":
    asyncio.run(main())
