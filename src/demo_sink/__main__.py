import argparse
import asyncio
import signal
import sys

from demo_sink.server import running


def main() -> None:
    parser = argparse.ArgumentParser(prog="demo_sink", description="Demo inbox for mail and SMS.")
    parser.add_argument("--http-port", type=int, default=8003)
    parser.add_argument("--smtp-port", type=int, default=8004)
    asked = parser.parse_args()
    asyncio.run(serve(asked.http_port, asked.smtp_port))


async def serve(http_port: int, smtp_port: int) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with running(http_port, smtp_port) as at:
        sys.stdout.write(f"demo inbox: {at.url}/ · SMTP {at.host}:{at.smtp_port}\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    main()
