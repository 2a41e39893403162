"""What went wrong with a file, as a command tells it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import CommandError

from lipsync.video.errors import MediaError


@contextmanager
def told_plainly(path: Path, *others: type[Exception]) -> Iterator[None]:
    """Errors of files and media, and ``others`` that are sentences already, become CommandErrors.

    path  what is meant where an error of the system names no file
    """
    sentences: tuple[type[Exception], ...] = (MediaError, *others)
    try:
        yield
    except sentences as error:
        raise CommandError(str(error)) from error
    except FileNotFoundError as error:
        raise CommandError(f"There is no {error.filename or path}; check the path.") from error
    except OSError as error:
        raise CommandError(f"{error.filename or path}: {error.strerror or error}.") from error
