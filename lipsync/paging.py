"""Long lists in pages, newest first. A cursor is the last row's number, so new rows shift nothing."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet

from avsite.errors import ApiError

Row = TypeVar("Row", bound=Model)


def take_page(rows: QuerySet[Row], cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
    """Up to ``limit`` rows after ``cursor``, and the next page's cursor or None. Raises ApiError."""
    if cursor:
        if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
            raise ApiError(
                "invalid", "This cursor is not one that this list gave; start without it.", "cursor"
            )
        rows = rows.filter(pk__lt=int(cursor))
    found = list(rows.order_by("-pk")[: limit + 1])
    page = found[:limit]
    return page, (str(page[-1].pk) if len(found) > limit else None)
