"""A voice call from a terminal: ``python -m rooms.client ROOM``. Needs no database."""
