"""``/costs``: what was spent, by day and engine, and what is left of every budget."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema

from avsite.auth import caller
from avsite.errors import ApiError
from lipsync import budget
from lipsync.models import Spending

router = Router()
Days = Annotated[int, Query(ge=1, le=366)]
ZERO = Decimal(0)


class CostLine(Schema):
    """One engine on one day (UTC). ``reserved_usd`` is put aside for what is not over yet."""

    day: date
    user: str
    engine: str
    count: int
    seconds: float
    cost_usd: float
    reserved_usd: float


class BudgetOut(Schema):
    """``limit_usd`` null: no ceiling."""

    name: str
    limit_usd: float | None
    used_usd: float


class CostsOut(Schema):
    items: list[CostLine]
    total_usd: float
    budgets: list[BudgetOut]


@router.get("/costs", response=CostsOut)
def get_costs(request: HttpRequest, days: Days = 30, everyone: bool = False) -> CostsOut:
    """By day and engine, newest first; ``everyone`` is for the site's staff and tells people apart."""
    items = [CostLine(**line) for line in _lines(request, days, everyone)]
    return CostsOut(
        items=items, total_usd=round(sum(item.cost_usd for item in items), 4), budgets=_budgets(request)
    )


@router.get("/costs.csv")
def get_costs_csv(request: HttpRequest, days: Days = 30, everyone: bool = False) -> HttpResponse:
    """The same as a table for a spreadsheet."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(CostLine.model_fields), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({**line, "user": _harmless(line["user"])} for line in _lines(request, days, everyone))
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="avsite-costs-{timezone.now():%Y-%m-%d}.csv"'
    return response


def _lines(request: HttpRequest, days: int, everyone: bool) -> list[dict[str, Any]]:
    rows = _mine(request, everyone).filter(
        at__gte=budget.start_of_day(timezone.now()) - timedelta(days=days - 1)
    )
    grouped = (
        rows.exclude(state=Spending.State.RELEASED)
        .annotate(day=TruncDate("at"), user=F("owner__username"))
        .values("day", "user", "engine")
        .annotate(
            count=Count("id"),
            seconds=Sum("seconds"),
            cost=Sum("cost_usd"),
            reserved=Sum("reserved_usd", filter=Q(state=Spending.State.RESERVED)),
        )
        .order_by("-day", "user", "engine")
    )
    return [
        {
            "day": row["day"],
            "user": row["user"] or "",
            "engine": row["engine"],
            "count": row["count"],
            "seconds": round(row["seconds"] or 0.0, 2),
            "cost_usd": float(row["cost"] or ZERO),
            "reserved_usd": float(row["reserved"] or ZERO),
        }
        for row in grouped
    ]


def _mine(request: HttpRequest, everyone: bool) -> QuerySet[Spending]:
    user = caller(request)
    if not everyone:
        return Spending.objects.filter(owner=user)
    if not user.is_staff:
        raise ApiError("forbidden", "Only the site's staff sees what everybody spent.", "everyone")
    return Spending.objects.all()


def _budgets(request: HttpRequest) -> list[BudgetOut]:
    now, user = timezone.now(), caller(request)
    own = Spending.objects.filter(owner=user)
    this_month = Q(at__gte=budget.start_of_month(now))
    limits: list[tuple[str, Decimal | None, QuerySet[Spending]]] = [
        ("Your day", settings.BUDGET_USER_DAY_USD, own.filter(at__gte=budget.start_of_day(now))),
        ("Your month", settings.BUDGET_USER_MONTH_USD, own.filter(this_month)),
    ]
    if user.is_staff:
        limits.append(
            ("The site's month", settings.BUDGET_SITE_MONTH_USD, Spending.objects.filter(this_month))
        )
    return [
        BudgetOut(
            name=name,
            limit_usd=None if limit is None else float(limit),
            used_usd=float(rows.aggregate(usd=budget.COUNTED)["usd"] or ZERO),
        )
        for name, limit, rows in limits
    ]


def _harmless(text: str) -> str:
    """Spreadsheets take what begins so for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
