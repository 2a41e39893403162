"""The task queue. Tasks carry ids only: the database row says what to do and whether it is still wanted."""

from __future__ import annotations

import logging.config
import os
from pathlib import Path
from typing import Any

import django.conf
from celery import Celery
from celery.signals import after_task_publish, beat_init, heartbeat_sent, setup_logging, worker_ready
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "avsite.settings")
settings = django.conf.settings

app = Celery("avsite")
app.conf.update(
    broker_url=settings.REDIS_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # a worker waits for Redis as long as it takes
    broker_transport_options={
        "global_keyprefix": "avsite:",
        "visibility_timeout": 3600,  # only a backstop: leases on the rows find dead workers within seconds
        "socket_connect_timeout": 2,
        "retry_on_timeout": False,
        # Publishing never holds up a request: it fails at once and the scheduler enqueues the row later.
        "max_retries": 0,
    },
    task_publish_retry=False,
    result_backend=settings.REDIS_URL,
    result_backend_transport_options={"global_keyprefix": "avsite:"},
    result_backend_always_retry=False,
    redis_socket_connect_timeout=2,
    redis_socket_timeout=5,
    result_expires=86_400,
    accept_content=["json"],
    task_serializer="json",
    result_serializer="json",
    task_queues=[
        Queue(name, routing_key=name) for name in ("default", "cpu", "gpu", "remote", "rooms", "hooks")
    ],
    task_default_queue="default",
    task_routes={  # never behind a render
        "rooms.tasks.*": {"queue": "rooms"},
        "avsite.hooks.tasks.*": {"queue": "hooks"},
    },
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,  # a render outlives a restart of Redis
    worker_hijack_root_logger=False,
    beat_schedule_filename=str(settings.DATA_DIR / "celerybeat-schedule"),
    beat_schedule={
        "sweep": {"task": "lipsync.tasks.sweep_task", "schedule": 5.0, "options": {"expires": 15}},
        "follow-remote": {
            "task": "lipsync.tasks.follow_remote_task",
            "schedule": 10.0,
            "options": {"expires": 20, "queue": "remote"},
        },
        "expire-files": {
            "task": "lipsync.tasks.expire_files_task",
            "schedule": 600.0,
            "options": {"expires": 600},
        },
        "sweep-dubs": {
            "task": "lipsync.dubs.tasks.sweep_dubs_task",
            "schedule": 5.0,
            "options": {"expires": 15},
        },
        "expire-dubs": {
            "task": "lipsync.dubs.tasks.expire_dubs_task",
            "schedule": 600.0,
            "options": {"expires": 600},
        },
        "reconcile-rooms": {
            "task": "rooms.tasks.reconcile_task",
            "schedule": 2.0,
            "options": {"expires": 4},
        },
        "sweep-hooks": {"task": "avsite.hooks.tasks.sweep_task", "schedule": 5.0, "options": {"expires": 15}},
        "tidy-hooks": {
            "task": "avsite.hooks.tasks.tidy_task",
            "schedule": 3600.0,
            "options": {"expires": 3600},
        },
        "tidy-rooms": {"task": "rooms.tasks.tidy_task", "schedule": 600.0, "options": {"expires": 600}},
    },
    timezone="UTC",
)
app.autodiscover_tasks(["lipsync", "lipsync.dubs", "rooms", "avsite.hooks"])


@setup_logging.connect
def use_site_logging(**_: Any) -> None:
    """Worker and scheduler log in the site's one format."""
    logging.config.dictConfig(settings.LOGGING)


@worker_ready.connect
def prepare_first_visit(**_: Any) -> None:
    """Have what the first page shows ready before somebody waits for it."""
    app.send_task("lipsync.tasks.draw_looks_task", ignore_result=True, expires=600)


@heartbeat_sent.connect
def note_alive(**_: Any) -> None:
    """Touch the file that a health check looks at: a worker does while it is connected to the broker."""
    if settings.ALIVE_FILE:
        Path(settings.ALIVE_FILE).touch()


@beat_init.connect
def note_alive_as_scheduler(**_: Any) -> None:
    """The scheduler has no heartbeat; each task that it hands out is one."""
    after_task_publish.connect(note_alive)
