"""Addresses of the WebSockets."""

from django.urls import path

from lipsync.consumers import JobsConsumer, OneJobConsumer

websocket_urlpatterns = [
    path("ws/jobs/", JobsConsumer.as_asgi()),
    path("ws/jobs/<uuid:uid>/", OneJobConsumer.as_asgi()),
]
