"""Endpoints and deliveries in the administration, to look at and to turn off."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from avsite.hooks.models import Delivery, Endpoint


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Endpoint)
class EndpointAdmin(ReadOnly):
    list_display = ("uid", "owner", "url", "is_on", "failing_since", "disabled_reason", "created_at")
    list_select_related = ("owner",)
    search_fields = ("url", "owner__username")
    exclude = ("salt", "old_salt")
    actions = ("turn_off",)

    @admin.display(boolean=True, description="on")
    def is_on(self, endpoint: Endpoint) -> bool:
        return endpoint.is_enabled

    @admin.action(description="Turn off selected endpoints", permissions=["delete"])
    def turn_off(self, request: HttpRequest, endpoints: QuerySet[Endpoint]) -> None:
        for endpoint in endpoints.filter(disabled_at=None):
            endpoint.disable("The site's administration turned it off.")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = (
        "uid",
        "endpoint",
        "type",
        "state",
        "attempts",
        "response_status",
        "message",
        "created_at",
    )
    list_select_related = ("endpoint",)
    list_filter = ("state", "type")
