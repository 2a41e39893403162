"""The site: settings, URLs, the API's root, accounts. Loads the task queue so that tasks find their app."""

from avsite.celery import app as celery_app

__all__ = ["celery_app"]
