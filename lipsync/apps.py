"""Registers the lipsync app, the engines that the site's settings add, and what settings say to engines."""

from __future__ import annotations

import re
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks

from lipsync.callback_address import callback_url
from lipsync.engines.base import CONFIGURED, ENGINES
from lipsync.engines.heygen.config import HOSTS, LIMITS, PRICES, REFUSALS, HeyGenConfig, bare_endpoint
from lipsync.engines.wav2lip.config import Wav2LipConfig


class LipsyncConfig(AppConfig):
    name = "lipsync"
    verbose_name = "Lip-sync"

    def ready(self) -> None:
        ENGINES.update(settings.EXTRA_ENGINES)
        CONFIGURED["heygen"] = heygen_config
        CONFIGURED["wav2lip"] = wav2lip_config
        checks.register(check_heygen)


def wav2lip_config() -> Wav2LipConfig:
    """Where the site keeps the weights of Wav2Lip, and whether it may use a GPU."""
    return Wav2LipConfig(
        checkpoint=settings.WAV2LIP_MODEL_PATH,
        models=settings.MODELS_DIR,
        use_gpu=settings.LIPSYNC_GPU_ENABLED,
        notes_dir=settings.CACHE_DIR,
    )


def heygen_config() -> HeyGenConfig:
    """What the site's settings say about HeyGen, read anew each time."""
    return HeyGenConfig(
        api_key=settings.HEYGEN_API_KEY,
        endpoint=settings.HEYGEN_API_ENDPOINT,
        generation=settings.HEYGEN_API_GENERATION,
        mode=settings.HEYGEN_MODE,
        prices=PRICES | settings.HEYGEN_PRICE_PER_SECOND,
        limits=LIMITS | settings.HEYGEN_LIMITS,
        paths=settings.HEYGEN_PATHS,
        hosts=tuple(settings.HEYGEN_DOWNLOAD_HOSTS) or HOSTS,
        refusals=(*REFUSALS, *settings.HEYGEN_REFUSAL_WORDS),
        max_at_once=settings.HEYGEN_MAX_CONCURRENT,
        queue_seconds=settings.HEYGEN_QUEUE_SECONDS,
        poll_seconds=settings.HEYGEN_POLL_SECONDS,
        deadline_seconds=settings.HEYGEN_DEADLINE_SECONDS,
        deadline_limit_seconds=settings.HEYGEN_DEADLINE_LIMIT_SECONDS,
        keep_files=settings.HEYGEN_KEEP_FILES,
        callback_url=callback_url(),
    )


def check_heygen(**_: Any) -> list[checks.CheckMessage]:
    """What in the settings of HeyGen works, but not as it may have been meant."""
    found: list[checks.CheckMessage] = []
    endpoint = settings.HEYGEN_API_ENDPOINT.rstrip("/")
    if bare_endpoint(endpoint) != endpoint:
        version = re.sub(r".*/", "", endpoint)
        found.append(
            checks.Warning(
                f"HEYGEN_API_ENDPOINT ends in /{version}, which is left off.",
                hint="Versions 1 and 2 have ended; HEYGEN_API_GENERATION says which one is used.",
                id="lipsync.W001",
            )
        )
    if settings.HEYGEN_MODE not in PRICES | settings.HEYGEN_PRICE_PER_SECOND:
        found.append(
            checks.Error(
                f"HEYGEN_MODE is {settings.HEYGEN_MODE!r}, which has no price.",
                hint="Set it to speed or precision, or give its price in HEYGEN_PRICE_PER_SECOND.",
                id="lipsync.E001",
            )
        )
    if settings.HEYGEN_WEBHOOK_SECRET and not settings.PUBLIC_URL.startswith("https://"):
        found.append(
            checks.Warning(
                "HEYGEN_WEBHOOK_SECRET is set, but AVSITE_PUBLIC_URL is no address that HeyGen can reach.",
                hint="Set AVSITE_PUBLIC_URL to the site's https:// address; HeyGen is polled without it too.",
                id="lipsync.W002",
            )
        )
    return found
