"""Registers the accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "avsite.accounts"
    label = "accounts"
    verbose_name = "Accounts"
