"""``python -m tests.fakes.heygen --port 8090``: a HeyGen to try the remote path with, for no money.

``POST /__fake__/scenario {"name": "slow"}`` makes it misbehave; ``GET /__fake__/journal``: what it was asked.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fakes.heygen.server import Server
from tests.fakes.heygen.world import Scenario, World


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--key", default="fake-key")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long a render takes")
    parser.add_argument("--scenario", default="ok")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    world = World(keys={options.key}, render_seconds=options.seconds, start_seconds=2.0, good_films=True)
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
        world.folder = options.folder
    world.scenario = Scenario(options.scenario)
    server = Server(world, options.host, options.port)
    sys.stdout.write(f"A fake HeyGen answers at {server.url}; it charges nothing.\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
