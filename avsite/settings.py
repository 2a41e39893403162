"""Every setting of the site. The only reader of environment variables, which docs/settings.md explains."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from dotenv import load_dotenv

from avsite.environment import (
    env_bool,
    env_float,
    env_int,
    env_list,
    env_numbers,
    env_pairs,
    env_secret,
    env_text,
    env_usd,
    kept_secret,
)

BASE_DIR = Path(__file__).resolve().parent.parent
load_dotenv(BASE_DIR / ".env")  # what the environment already says wins

# --- State on disk -----------------------------------------------------------------------------------------

DATA_DIR = Path(env_text("AVSITE_DATA_DIR", str(BASE_DIR / "var"))).expanduser().resolve()
MEDIA_ROOT = DATA_DIR / "media"
CACHE_DIR = DATA_DIR / "cache"
TEMP_DIR = DATA_DIR / "tmp"
for folder in (DATA_DIR, MEDIA_ROOT, CACHE_DIR, TEMP_DIR):
    folder.mkdir(parents=True, exist_ok=True)

SECRET_KEY = env_secret("AVSITE_SECRET_KEY") or kept_secret(DATA_DIR / "secret_key")
DEBUG = env_bool("AVSITE_DEBUG", False)

# --- Who may call ------------------------------------------------------------------------------------------

# Where LiveKit and the avatar agents reach the site; browsers use whatever address they came by.
INTERNAL_URL = env_text("AVSITE_INTERNAL_URL", "http://127.0.0.1:8000").rstrip("/")
PUBLIC_URL = env_text("AVSITE_PUBLIC_URL").rstrip("/")  # where anybody on the internet does; empty: nowhere
INTERNAL_HOST = re.sub(r":\d+$", "", urlsplit(INTERNAL_URL).netloc)
ALLOWED_HOSTS = [*env_list("AVSITE_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]"), INTERNAL_HOST]
CSRF_TRUSTED_ORIGINS = env_list("AVSITE_TRUSTED_ORIGINS")
HTTPS = env_bool("AVSITE_HTTPS", False)
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- Django ------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "ninja",  # for its own copy of the OpenAPI page's scripts
    "avsite.apps.SiteConfig",
    "avsite.accounts.apps.AccountsConfig",
    "lipsync.apps.LipsyncConfig",
    "rooms.apps.RoomsConfig",
    "avsite.hooks.apps.HooksConfig",
    "lipsync.dubs.apps.DubsConfig",
]
MIDDLEWARE = [
    "avsite.middleware.request_id",
    "avsite.health.probes",
    "django.middleware.security.SecurityMiddleware",
    "avsite.middleware.content_security_policy",
    "avsite.pages.api_problems",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "avsite" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "avsite.urls"
ASGI_APPLICATION = "avsite.asgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "/"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# --- Database ----------------------------------------------------------------------------------------------

DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(
        env_secret("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}"),
        conn_max_age=60,
        conn_health_checks=True,
    )
}
DATABASE_POOL = env_int("AVSITE_DATABASE_POOL", 10, minimum=2)
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    # The web server answers each request in a thread of its own, which would keep a connection when it ends.
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    pool = {"min_size": 0, "max_size": DATABASE_POOL, "timeout": 10}  # seconds to wait for a free one
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = pool
elif DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Readers never wait (WAL) and writers queue up (IMMEDIATE) instead of failing half way with "locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds a writer waits for its turn
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }

# --- Media: in MEDIA_ROOT, or in S3 with copies there ------------------------------------------------------

S3_BUCKET = env_text("AVSITE_S3_BUCKET")
if S3_BUCKET:
    STORAGES = {
        "default": {
            "BACKEND": "avsite.storage.S3Media",
            "OPTIONS": {
                "bucket_name": S3_BUCKET,
                "endpoint_url": env_text("AVSITE_S3_ENDPOINT") or None,
                "region_name": env_text("AVSITE_S3_REGION") or None,
                "access_key": env_secret("AVSITE_S3_ACCESS_KEY") or None,
                "secret_key": env_secret("AVSITE_S3_SECRET_KEY") or None,
                "default_acl": None,  # private, as the bucket is
            },
        },
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }

# --- Redis: cache, channel layer, broker -------------------------------------------------------------------

REDIS_URL = env_secret("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "avsite",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    },
    # Counts rate limits inside one process while Redis is away.
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            # Waiting for a message blocks for 5 s; redis-py would give up on the answer after the same 5 s.
            "hosts": [{"address": REDIS_URL, "socket_timeout": 30, "socket_connect_timeout": 2}],
            "prefix": "avsite",
            "capacity": 500,
            "expiry": 30,
        },
    }
}

# --- LiveKit: rooms and the avatars in them ----------------------------------------------------------------

LIVEKIT_URL = env_text("LIVEKIT_URL", "ws://127.0.0.1:7880")
LIVEKIT_PUBLIC_URL = env_text("LIVEKIT_PUBLIC_URL")  # for browsers; empty: see rooms.address
LIVEKIT_API_KEY = env_text("LIVEKIT_API_KEY", "avsite")
LIVEKIT_API_SECRET = env_secret("LIVEKIT_API_SECRET") or kept_secret(DATA_DIR / "livekit_secret")
if len(LIVEKIT_API_SECRET) < 32:
    raise ImproperlyConfigured("LIVEKIT_API_SECRET is too short; give one of at least 32 characters.")
LIVEKIT_STATUS_FILE = DATA_DIR / "run" / "livekit.status"  # what `make run` is doing to get the server
LIVEKIT_TCP_PORT = env_int("LIVEKIT_TCP_PORT", 7881, minimum=1)
LIVEKIT_UDP_PORT = env_int("LIVEKIT_UDP_PORT", 7882, minimum=1)
AGENT_PORT = env_int("AVSITE_AGENT_PORT", 8081, minimum=1)
AGENT_PLACES = env_int("AVSITE_AGENT_PLACES", 0, minimum=0)  # avatars at once; 0: told from the cores
AGENT_DRAIN_SECONDS = env_int("AVSITE_AGENT_DRAIN_SECONDS", 15, minimum=0)
CAPTION_MODEL = env_text("AVSITE_CAPTION_MODEL")  # empty: the best recogniser that is installed
CAPTION_LANGUAGE = env_text("AVSITE_CAPTION_LANGUAGE")  # empty: found out from what is said
ROOM_LIMIT = env_int("AVSITE_ROOM_LIMIT", 50, minimum=1)
ROOM_PEOPLE_LIMIT = env_int("AVSITE_ROOM_PEOPLE_LIMIT", 50, minimum=2)
AVATAR_WAIT_SECONDS = env_int("AVSITE_AVATAR_WAIT_SECONDS", 600, minimum=1)
ROOM_TOKENS_PER_MINUTE = env_int("AVSITE_ROOM_TOKENS_PER_MINUTE", 60, minimum=1)

# --- Webhooks that users have sent -------------------------------------------------------------------------

HOOKS_LOCAL = env_bool("AVSITE_HOOKS_LOCAL", False)  # also by plain HTTP, and into the own network

# --- Limits ------------------------------------------------------------------------------------------------

MEGABYTE = 1024 * 1024
SIGNUP_OPEN = env_bool("AVSITE_SIGNUP_OPEN", True)
UPLOAD_LIMIT_BYTES = env_int("AVSITE_UPLOAD_LIMIT_MB", 500, minimum=1) * MEGABYTE
IMAGE_PIXEL_LIMIT = env_int("AVSITE_IMAGE_LIMIT_MEGAPIXELS", 40, minimum=1) * 1_000_000
FACE_SECONDS_LIMIT = env_int("AVSITE_FACE_LIMIT_SECONDS", 600, minimum=1)
SPEECH_SECONDS_LIMIT = env_int("AVSITE_SPEECH_LIMIT_SECONDS", 600, minimum=1)
TEXT_CHARACTER_LIMIT = env_int("AVSITE_TEXT_LIMIT_CHARACTERS", 5000, minimum=1)
STORAGE_LIMIT_BYTES = env_int("AVSITE_STORAGE_LIMIT_MB", 5000) * MEGABYTE
JOB_LIMIT = env_int("AVSITE_JOB_LIMIT", 25, minimum=1)
BATCH_LIMIT = env_int("AVSITE_BATCH_LIMIT", 200, minimum=1)  # rows
RUNNING_JOBS_PER_USER = env_int("AVSITE_RUNNING_JOBS_PER_USER", 1, minimum=1)
LEASE_SECONDS = env_int(
    "AVSITE_LEASE_SECONDS", 15, minimum=2
)  # a worker silent for this long has lost its job
EXTRA_ENGINES = env_pairs("AVSITE_EXTRA_ENGINES")  # name=dotted.path.Class
MODELS_DIR = Path(env_text("AVSITE_MODELS_DIR", str(DATA_DIR / "models"))).expanduser().resolve()
WAV2LIP_MODEL_PATH = (
    Path(env_text("WAV2LIP_MODEL_PATH")).expanduser() if env_text("WAV2LIP_MODEL_PATH") else None
)
LIPSYNC_GPU_ENABLED = env_bool("LIPSYNC_GPU_ENABLED", True)  # used where there is one
LIPSYNC_OUTPUT_DIR = env_text(
    "LIPSYNC_OUTPUT_DIR"
)  # where relative output paths lead; empty: the working folder
KEEP_DAYS = env_int("AVSITE_KEEP_DAYS", 30)
REQUESTS_PER_MINUTE = env_int("AVSITE_REQUESTS_PER_MINUTE", 1200, minimum=1)
SIGNIN_TRIES_PER_MINUTE = env_int("AVSITE_SIGNIN_TRIES_PER_MINUTE", 10, minimum=1)

# --- Choice of engines, and money ---------------------------------------------------------------------------

SHORT_CLIP_SECONDS = env_int(
    "AVSITE_SHORT_CLIP_SECONDS", 30
)  # up to here the best engine, past it the cheapest
REGENERATE = env_bool("AVSITE_REGENERATE", True)  # a poor result is made once more by the next engine
# US dollars; None: no ceiling
BUDGET_JOB_USD = env_usd("AVSITE_BUDGET_JOB_USD", "5")
BUDGET_USER_DAY_USD = env_usd("AVSITE_BUDGET_USER_DAY_USD", "10")
BUDGET_USER_MONTH_USD = env_usd("AVSITE_BUDGET_USER_MONTH_USD", "50")
BUDGET_SITE_MONTH_USD = env_usd("AVSITE_BUDGET_SITE_MONTH_USD", "200")

HEYGEN_API_KEY = env_secret("HEYGEN_API_KEY")
HEYGEN_API_ENDPOINT = env_text(
    "HEYGEN_API_ENDPOINT", "https://api.heygen.com"
)  # a version at its end is left off
HEYGEN_API_GENERATION = env_text("HEYGEN_API_GENERATION", "v3")
HEYGEN_PATHS = env_pairs("HEYGEN_PATHS")
HEYGEN_MODE = env_text("HEYGEN_MODE", "speed")
HEYGEN_PRICE_PER_SECOND = env_numbers("HEYGEN_PRICE_PER_SECOND")
HEYGEN_LIMITS = env_numbers("HEYGEN_LIMITS")
HEYGEN_DOWNLOAD_HOSTS = env_list("HEYGEN_DOWNLOAD_HOSTS")
HEYGEN_REFUSAL_WORDS = env_list("HEYGEN_REFUSAL_WORDS")
HEYGEN_MAX_CONCURRENT = env_int("HEYGEN_MAX_CONCURRENT", 5, minimum=1)
HEYGEN_QUEUE_SECONDS = env_int("HEYGEN_QUEUE_SECONDS", 600)  # waiting for a free place, before another engine
HEYGEN_POLL_SECONDS = env_float("HEYGEN_POLL_SECONDS", 2.0)  # until the first look; doubles up to 30
HEYGEN_DEADLINE_SECONDS = env_int("HEYGEN_DEADLINE_SECONDS", 600)  # at least; longer clips have longer
HEYGEN_DEADLINE_LIMIT_SECONDS = env_int("HEYGEN_DEADLINE_LIMIT_SECONDS", 3600)
HEYGEN_KEEP_FILES = env_bool("HEYGEN_KEEP_FILES", False)
HEYGEN_WEBHOOK_SECRET = env_secret("HEYGEN_WEBHOOK_SECRET")  # with PUBLIC_URL: HeyGen tells when it is ready

# --- Uploads ------------------------------------------------------------------------------------------------

FILE_UPLOAD_TEMP_DIR = str(TEMP_DIR)
FILE_UPLOAD_HANDLERS = ["avsite.uploads.LimitedUploadHandler"]
FILE_UPLOAD_PERMISSIONS = 0o640
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * MEGABYTE
DATA_UPLOAD_MAX_NUMBER_FILES = 4

# --- The built frontend ------------------------------------------------------------------------------------

FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
STATIC_URL = "/static/"
STATICFILES_DIRS = [FRONTEND_DIST] if FRONTEND_DIST.is_dir() else []
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_IMMUTABLE_FILE_TEST = r"/assets/.+-[\w-]{8}\.\w+$"  # Vite puts a hash in these names

# --- What operators see ------------------------------------------------------------------------------------

METRICS_TOKEN = env_secret("AVSITE_METRICS_TOKEN")  # empty: /metrics is for this machine only
ALIVE_FILE = env_text("AVSITE_ALIVE_FILE")  # worker, scheduler and captions touch it while they work
LOGFIRE_TOKEN = env_secret("LOGFIRE_TOKEN")
OTLP_ENDPOINT = env_text("OTEL_EXPORTER_OTLP_ENDPOINT")

# --- Logging -----------------------------------------------------------------------------------------------

LOG_LEVEL = env_text("AVSITE_LOG_LEVEL", "INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "avsite.middleware.RequestIdFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)-7s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]}
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        "django.request": {"level": "ERROR"},  # a caller's 4xx is the caller's, and addresses may hold tokens
        "daphne": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},  # it would log presigned addresses
        "stamina": {"level": "ERROR"},  # what it repeats is logged where it failed
    },
}
