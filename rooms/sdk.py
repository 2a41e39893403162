"""LiveKit's server API for Python, loaded when it is first used.

Loading it takes half a second that no page should wait for when the site starts; see ``avsite.asgi``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livekit import api as api
else:

    class _WhenUsed:
        """Stands in for the module."""

        def __getattr__(self, name: str) -> object:
            from livekit import api as loaded

            return getattr(loaded, name)

    api = _WhenUsed()


def load() -> None:
    """Have it at hand before somebody waits for it."""
    _ = api.LiveKitAPI
