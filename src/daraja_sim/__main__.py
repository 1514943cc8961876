"""python -m daraja_sim --port 8002"""

import asyncio
import signal
import sys

from daraja_sim.server import running
from daraja_sim.settings import Settings, SettingsRefused, parse


async def serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with running(settings) as base:
        print(f"SIMULATOR, not Safaricom: {base}/  (shortcode {settings.shortcode})", flush=True)  # noqa: T201
        await stop.wait()


def main() -> int:
    try:
        settings = parse(sys.argv[1:])
        asyncio.run(serve(settings))
    except (SettingsRefused, OSError) as why:
        print(f"daraja_sim: {why}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
