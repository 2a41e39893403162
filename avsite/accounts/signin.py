"""One-time sign-in links: how the first person gets in without a password."""

from __future__ import annotations

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from avsite.accounts.models import SignInLink
from avsite.errors import ApiError

BACKEND = "django.contrib.auth.backends.ModelBackend"


@require_GET
@never_cache
def sign_in_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Uses the link up, signs its user in and goes to the studio."""
    user = SignInLink.objects.use(token)
    if user is None:
        if request.user.is_authenticated:
            return redirect("/")
        error = ApiError(
            "gone", "This sign-in link was used or has expired; run manage.py signin_link for a new one."
        )
        return render(request, "problem.html", {"error": error}, status=error.status)
    login(request, user, backend=BACKEND)
    return redirect("/")
