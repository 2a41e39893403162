"""Registers the lipsync app."""

from django.apps import AppConfig


class LipsyncConfig(AppConfig):
    name = "lipsync"
    verbose_name = "Lip-sync"
