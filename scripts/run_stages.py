"""Runs the stages of ``make test`` one after the other and sums up: run_stages.py [STAGE...].

Every stage runs even when an earlier one failed; the exit status is 1 when any did.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
FRONTEND = str(ROOT / "scripts" / "frontend")
PYTEST = [PYTHON, "-m", "pytest", "-q", "--color=auto"]

STAGES: dict[str, list[list[str]]] = {
    "lint": [
        [PYTHON, "-m", "ruff", "check", "-q", "."],
        [PYTHON, "-m", "ruff", "format", "-q", "--check", "."],
    ],
    "types": [[PYTHON, "-m", "mypy"]],
    "pages": [[FRONTEND, "run", "lint"], [FRONTEND, "run", "test"], [FRONTEND, "build"]],
    "unit": [[*PYTEST, "-m", "not stack and not e2e"]],
    "stack": [[*PYTEST, "-m", "stack and not e2e"]],
    "e2e": [[*PYTEST, "-m", "e2e"]],
}
TRIED_TWICE = ("unit", "stack", "e2e")
"""Real calls and browsers lose to a machine that stands still for seconds. What fails is printed whole and
run again by itself; what fails twice fails the stage."""
PASSED, AGAIN, FAILED = "passed", "passed, some on the second try", "FAILED"
TESTS_FAILED = 1
"""Exit status of pytest."""


def run_stage(name: str) -> tuple[str, float]:
    """Run one stage's commands; how they ended, and the seconds they took."""
    print(f"\n=== {name} {'=' * (90 - len(name))}", flush=True)
    began = time.monotonic()
    outcome = PASSED
    for command in STAGES[name]:
        shown = " ".join(Path(part).name if part in (PYTHON, FRONTEND) else part for part in command)
        print(f"$ {shown}", flush=True)
        status = run(command)
        if status == TESTS_FAILED and name in TRIED_TWICE:
            print(f"$ {shown} --last-failed", flush=True)
            status = run([*command, "--last-failed", "--last-failed-no-failures", "none"])
            outcome = AGAIN if outcome == PASSED else outcome
        if status:
            print(f"{name} failed: {shown} ended with exit status {status}", flush=True)
            outcome = FAILED
    return outcome, time.monotonic() - began


def run(command: list[str]) -> int:
    """Its exit status."""
    ended = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, env=environment(), check=False)  # noqa: S603
    return ended.returncode


def environment() -> dict[str, str]:
    """Ours without what would point the tests at the data, the Redis or the port of a running product."""
    foreign = ("REDIS_URL", "DATABASE_URL", "AVSITE_DATA_DIR", "HOST", "PORT", "FORCE_COLOR")
    return {
        name: value
        for name, value in os.environ.items()
        if name not in foreign and not name.startswith("LIVEKIT_")
    }


def main() -> int:
    names = sys.argv[1:] or list(STAGES)
    unknown = [name for name in names if name not in STAGES]
    if unknown:
        print(f"There is no stage {unknown[0]}; there are {', '.join(STAGES)}.", file=sys.stderr)
        return 2
    outcomes = {name: run_stage(name) for name in names}
    print(f"\n=== summary {'=' * 83}")
    for name, (outcome, seconds) in outcomes.items():
        print(f"  {name:<8}{seconds:7.1f} s  {outcome}")
    print(f"  {'all':<8}{sum(seconds for _, seconds in outcomes.values()):7.1f} s", flush=True)
    return 1 if any(outcome == FAILED for outcome, _ in outcomes.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
