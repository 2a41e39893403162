"""Addresses of the WebSockets."""

from typing import Any

from django.urls import path

from lipsync.consumers import JobsConsumer, OneJobConsumer
from lipsync.dubs.consumers import DubsConsumer

jobs: Any = JobsConsumer.as_asgi()
one_job: Any = OneJobConsumer.as_asgi()
dubs: Any = DubsConsumer.as_asgi()
websocket_urlpatterns = [
    path("ws/jobs/", jobs),
    path("ws/jobs/<uuid:uid>/", one_job),
    path("ws/dubs/", dubs),
]
