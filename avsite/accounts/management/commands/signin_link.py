"""Prints a link that signs its opener in, once."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from avsite.accounts.models import SignInLink, User


class Command(BaseCommand):
    help = (
        "Prints an address that signs its opener in once, within the hour; makes the admin if there is none."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", default="admin", help="whom to sign in (default: admin)")
        parser.add_argument(
            "--root", default="", help="what to print before the path, as http://localhost:8000"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["username"]
        with transaction.atomic():
            user = User.objects.filter(username=name).first()
            if user is None and name != "admin":
                raise CommandError(f"There is no user {name!r}; sign up first, or leave --username out.")
            if user is None:
                user = User.objects.create_superuser(name, password=None)
            if not user.is_active:
                raise CommandError(
                    f"The user {name!r} is not active; activate it in the administration first."
                )
            token = SignInLink.objects.issue(user)
        self.stdout.write(f"{options['root'].rstrip('/')}/signin/{token}")
