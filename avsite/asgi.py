"""The web process: HTTP through Django, WebSockets through Channels."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "avsite.settings")

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.core.asgi import get_asgi_application

http = get_asgi_application()  # loads the apps, which routing needs

from avsite.bodies import keep_bodies_on_disk  # noqa: E402
from lipsync.routing import websocket_urlpatterns  # noqa: E402

# The web server and Django keep request bodies in temporary files: on the data disk, not in a small /tmp.
tempfile.tempdir = str(settings.TEMP_DIR)

application = ProtocolTypeRouter(
    {
        "http": keep_bodies_on_disk(http),
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
