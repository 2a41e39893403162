"""What is well and what is not, part by part, each with its fix."""

from __future__ import annotations

import logging
import shutil
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError
from ninja import Router, Schema
from redis.exceptions import RedisError

from avsite.auth import caller
from avsite.celery import app as celery_app
from avsite.limits import count_request
from avsite.uploads import readable_size
from lipsync.samples import voice_sample
from lipsync.speech.errors import SpeechError
from lipsync.speech.voices import DEFAULT_VOICE
from rooms import address, captions, sfu
from rooms.api import agent_places, preparation

logger = logging.getLogger(__name__)
router = Router()

State = Literal["ok", "warning", "failed"]
MEGABYTE = 1024 * 1024
LITTLE_DISK_BYTES, NO_DISK_BYTES = 1024 * MEGABYTE, 200 * MEGABYTE
WORKER_ANSWER_SECONDS = 1.0
CHECKS_PER_MINUTE = 30


@dataclass(frozen=True)
class Finding:
    """How one part is, in a sentence, and what to do about it."""

    state: State
    message: str
    fix: str = ""
    details: dict[str, Any] = field(default_factory=dict)


class FindingOut(Schema):
    name: str
    label: str
    state: State
    message: str
    fix: str
    details: dict[str, Any]


class DoctorOut(Schema):
    items: list[FindingOut]
    checked_at: datetime


@dataclass(frozen=True)
class Page:
    """How the caller's browser reaches the site."""

    host: str
    is_secure: bool


Check = Callable[[Page], Finding]


@router.get("/doctor", response=DoctorOut)
def get_doctor(request: HttpRequest) -> DoctorOut:
    """Every part of the site, looked at now."""
    count_request(f"doctor:{caller(request).pk}", CHECKS_PER_MINUTE)
    page = Page(request.get_host(), request.is_secure())
    return DoctorOut(items=examine(page), checked_at=timezone.now())


def examine(page: Page) -> list[FindingOut]:
    """All checks at once: what waits for an answer holds up nothing else."""
    with ThreadPoolExecutor(len(CHECKS)) as pool:
        findings = list(pool.map(lambda name: _run(name, page), CHECKS))
    return [
        FindingOut(name=name, label=CHECKS[name][0], **vars(finding))
        for name, finding in zip(CHECKS, findings, strict=True)
    ]


def _run(name: str, page: Page) -> Finding:
    check = CHECKS[name][1]
    try:
        return check(page)
    except Exception as error:
        logger.exception("the check of %s failed", name)
        return Finding("failed", f"It could not be looked at: {type(error).__name__}.", "Look at the log.")
    finally:
        connection.close()  # of this thread


def check_redis(page: Page) -> Finding:
    try:
        caches["default"].set("doctor", "here", 10)
        if caches["default"].get("doctor") == "here":
            return Finding("ok", "It answers.")
    except (RedisError, OSError):
        pass
    fix = "Start avsite with make run, which brings its own, or set REDIS_URL to a running one."
    return Finding("failed", "Redis does not answer, so jobs wait and pages update slowly.", fix)


def check_database(page: Page) -> Finding:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        fix = "Check DATABASE_URL, and that the database runs."
        return Finding("failed", "The database does not answer.", fix)
    if missing:
        return Finding("failed", f"Its tables lack {len(missing)} changes.", "Run: manage.py migrate")
    return Finding("ok", "It answers, and its tables are up to date.", details={"kind": connection.vendor})


def check_worker(page: Page) -> Finding:
    try:
        inspect = celery_app.control.inspect(timeout=WORKER_ANSWER_SECONDS)
        queues = [{queue["name"] for queue in found} for found in (inspect.active_queues() or {}).values()]
    except (BrokerError, RedisError, OSError):
        return Finding("failed", "Workers cannot be asked while Redis is away.", "Bring Redis back first.")
    needed = {"jobs": "cpu", "rooms": "rooms", "webhooks": "hooks"}
    missing = [what for what, queue in needed.items() if not any(queue in served for served in queues)]
    if missing:
        fix = "Start one: celery -A avsite worker --queues=cpu,default,remote,gpu,rooms,hooks"
        return Finding("failed", f"No worker answers for {' and '.join(missing)}.", fix)
    return Finding("ok", "Workers answer for jobs, rooms and webhooks.", details={"workers": len(queues)})


def check_livekit(page: Page) -> Finding:
    details = {"url": address.public_url(page.host, is_secure=page.is_secure)}
    if not sfu.is_up():
        doing, has_failed = preparation()
        if doing and not has_failed:
            return Finding("warning", f"{doing}.", "Wait until it is done.", details)
        fix = "Start avsite with make run, which brings its own, or check LIVEKIT_URL."
        message = f"{doing or 'The LiveKit server does not answer, so there are no rooms'}."
        return Finding("failed", message, fix, details)
    try:
        sfu.call(lambda livekit: sfu.list_rooms(livekit, ["doctor"]), tries=1)
    except (sfu.LiveKitAway, sfu.LiveKitRefused):
        fix = "Give LIVEKIT_API_KEY and LIVEKIT_API_SECRET as the server has them."
        return Finding("failed", "The LiveKit server does not accept this site's key.", fix, details)
    return Finding("ok", "It answers and knows this site's key.", details=details)


def check_livekit_media(page: Page) -> Finding:
    tcp, udp = settings.LIVEKIT_TCP_PORT, settings.LIVEKIT_UDP_PORT
    details = {"tcp_port": tcp, "udp_port": udp}
    host = urlsplit(settings.LIVEKIT_URL).hostname or ""
    if host not in address.LOOPBACK:
        return Finding("ok", "Another machine carries them; only a browser can tell.", "", details)
    closed = [f"TCP {tcp}"] if not _accepts_tcp(host, tcp) else []
    closed += [f"UDP {udp}"] if not _is_bound_udp(udp) else []
    if closed:
        fix = "Check the LiveKit server's rtc ports, and LIVEKIT_TCP_PORT and LIVEKIT_UDP_PORT here."
        return Finding("failed", f"Nobody listens on {' and '.join(closed)}.", fix, details)
    return Finding("ok", f"Sound and pictures go by UDP {udp}, or TCP {tcp}.", "", details)


def _accepts_tcp(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 1).close()
    except OSError:
        return False
    return True


def _is_bound_udp(port: int) -> bool:
    """Whether some program has the port: it cannot be had then."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def check_agent(page: Page) -> Finding:
    found = agent_places()
    details = {"places": found.places, "free": found.free}
    if not found.alive:
        fix = "Start one with: manage.py run_agent (make run does)."
        return Finding("failed", "No avatar agent is heard of, so no avatar comes into a room.", fix, details)
    if not found.free:
        fix = "Stop an avatar that is not needed, or start a further agent."
        return Finding("warning", f"All {found.places} places for avatars are taken.", fix, details)
    return Finding("ok", f"{found.free} of {found.places} places for avatars are free.", "", details)


def check_captions(page: Page) -> Finding:
    workers = captions.alive()
    if not workers:
        fix = "Start one with: manage.py run_captions (make run does)."
        return Finding(
            "warning", "No captions process is heard of, so what people say is not captioned.", fix
        )
    worker = workers[0]
    details = {"model": worker.model, "rooms": sum(len(one.rooms) for one in workers)}
    said = worker.note or f"What is said in rooms is heard by {worker.model}."
    return Finding("ok", said, "", details)


def check_disk(page: Page) -> Finding:
    usage = shutil.disk_usage(settings.DATA_DIR)
    said = f"{readable_size(usage.free)} of {readable_size(usage.total)} are free."
    details = {"free_bytes": usage.free, "total_bytes": usage.total}
    if usage.free < LITTLE_DISK_BYTES:
        state: State = "failed" if usage.free < NO_DISK_BYTES else "warning"
        return Finding(state, said, "Delete what is not needed, or move AVSITE_DATA_DIR.", details)
    return Finding("ok", said, "", details)


def check_voices(page: Page) -> Finding:
    try:
        voice_sample(DEFAULT_VOICE)
    except (SpeechError, OSError) as error:
        return Finding("failed", f"No text can be spoken: {error}", "Run make run again, which installs it.")
    return Finding("ok", "Texts can be spoken.")


def check_secure_page(page: Page) -> Finding:
    name = urlsplit(f"//{page.host}").hostname or ""
    if page.is_secure or name in address.LOOPBACK:
        return Finding("ok", "Browsers let this page use the microphone and the camera.")
    fix = "Open it as localhost on the machine itself, or put it behind HTTPS (see docs/guide/deployment.md)."
    return Finding("warning", "Browsers give no microphone or camera to a page by plain HTTP.", fix)


CHECKS: dict[str, tuple[str, Check]] = {
    "redis": ("Redis", check_redis),
    "database": ("Database", check_database),
    "worker": ("Workers", check_worker),
    "livekit": ("LiveKit server", check_livekit),
    "livekit_media": ("Sound and pictures", check_livekit_media),
    "agent": ("Avatar agents", check_agent),
    "captions": ("Live captions", check_captions),
    "disk": ("Disk", check_disk),
    "voices": ("Voices", check_voices),
    "secure_page": ("Microphone and camera", check_secure_page),
}
