"""``python -m supervisor``: HOST and PORT say where, AVSITE_DATA_DIR where state is kept. Ctrl-C stops."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from dotenv import load_dotenv

from supervisor.console import Console
from supervisor.livekit import choose_livekit
from supervisor.prepare import ROOT, StartError, choose_fakes, choose_redis, choose_site, lock_data
from supervisor.stack import Stack


def main() -> int:
    """Run avsite until it is stopped. Returns 0 when asked to stop, 1 when it could not go on."""
    load_dotenv(ROOT / ".env")
    os.chdir(ROOT)
    data_dir = Path(_text("AVSITE_DATA_DIR", str(ROOT / "var"))).expanduser().resolve()
    try:
        return asyncio.run(_run(data_dir, Console()))
    except StartError as error:
        sys.stderr.write(f"avsite cannot start: {error}\n")
        return 1


async def _run(data_dir: Path, console: Console) -> int:
    site, notice = choose_site(_text("HOST", "127.0.0.1"), _text("PORT", ""))
    redis = choose_redis(_text("REDIS_URL", ""), in_file=bool(_text("REDIS_URL_FILE", "")))
    lock = lock_data(data_dir)
    fakes = choose_fakes(_text("WITH", ""))
    stack = Stack(site, redis, choose_livekit(site, data_dir), data_dir, lock, console, fakes)
    try:
        if notice:
            console.say(notice)
        return await stack.run()
    finally:
        stack.close()


def _text(name: str, default: str) -> str:
    return os.environ.get(name, "").strip() or default


if __name__ == "__main__":
    sys.exit(main())
