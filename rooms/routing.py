"""Addresses of the WebSockets."""

from typing import Any

from django.urls import path

from rooms.consumers import RoomConsumer

room: Any = RoomConsumer.as_asgi()
websocket_urlpatterns = [path("ws/rooms/<str:slug>/", room)]
