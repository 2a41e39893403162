"""The web process: HTTP through Django, WebSockets through Channels."""

from __future__ import annotations

import os
import tempfile
import threading

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "avsite.settings")

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.core.asgi import get_asgi_application

LOAD_LATER_SECONDS = 5.0

http = get_asgi_application()  # loads the apps, which routing needs

from avsite.bodies import keep_bodies_on_disk  # noqa: E402
from lipsync.routing import websocket_urlpatterns as job_sockets  # noqa: E402
from rooms import sdk  # noqa: E402
from rooms.routing import websocket_urlpatterns as room_sockets  # noqa: E402

# What rooms need takes its time to load, and the first page does not wait for it.
loader = threading.Timer(LOAD_LATER_SECONDS, sdk.load)
loader.daemon = True
loader.start()

# The web server and Django keep request bodies in temporary files: on the data disk, not in a small /tmp.
tempfile.tempdir = str(settings.TEMP_DIR)

sockets = URLRouter([*job_sockets, *room_sockets])
application = ProtocolTypeRouter(
    {
        "http": keep_bodies_on_disk(http),
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(sockets)),
    }
)
