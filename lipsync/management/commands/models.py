"""``manage.py models``: the weights of others that are installed here."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from avsite.ai.errors import ModelUnavailable
from avsite.ai.registry import Registry, how_to_get
from avsite.ai.spec import model_specs

MEGABYTE = 1_000_000
TIMEOUT_SECONDS = 30.0


class Command(BaseCommand):
    help = "List, show, fetch, import, verify and remove models. Only `pull` uses the network."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="what there is, and what is installed")
        for action, text in (
            ("show", "all that is known of one"),
            ("verify", "read its files again and compare; without a name, all that are installed"),
            ("rm", "remove it"),
        ):
            one = actions.add_parser(action, help=text)
            one.add_argument("model", nargs="?" if action == "verify" else None)
        for action, text in (("pull", "fetch it from its owner"), ("import", "take a file you have")):
            one = actions.add_parser(action, help=text)
            one.add_argument("model")
            one.add_argument("--accept-licence", action="store_true", help="you may use it under its licence")
            if action == "import":
                one.add_argument("file", type=Path, help="or the folder, for models of several files")

    def handle(self, *_: Any, **options: Any) -> None:
        registry = Registry(settings.MODELS_DIR)
        try:
            getattr(self, f"_{options['action']}")(registry, options)
        except (ModelUnavailable, OSError, httpx2.HTTPError) as error:
            raise CommandError(str(error)) from error

    def _list(self, registry: Registry, options: dict[str, Any]) -> None:
        for name, spec in model_specs().items():
            found = registry.installed(name)
            state = (
                f"installed, {found.bytes / MEGABYTE:.0f} MB" if found else f"{spec.bytes / MEGABYTE:.0f} MB"
            )
            self.stdout.write(f"{name:14} {spec.task:10} {state:20} {spec.licence}")

    def _show(self, registry: Registry, options: dict[str, Any]) -> None:
        spec, found = registry.spec(options["model"]), registry.installed(options["model"])
        rows = {
            "model": f"{spec.label} ({spec.name})",
            "about": spec.about,
            "licence": spec.licence,
            "commercial": "yes" if spec.commercial else "no",
            "from": spec.url or spec.home,
            "files": ", ".join(spec.files),
            "installed": f"{found.folder} since {found.at}" if found else f"no. {how_to_get(spec)}",
        }
        for file, digest in (found.sha256 if found else {}).items():
            rows[f"sha256 of {file}"] = digest
        for title, value in rows.items():
            self.stdout.write(f"{title:12} {value}")

    def _import(self, registry: Registry, options: dict[str, Any]) -> None:
        registry.import_file(
            options["model"], options["file"], accepted=options["accept_licence"], on_bytes=self._progress
        )
        self._done(registry, options["model"])

    def _pull(self, registry: Registry, options: dict[str, Any]) -> None:
        registry.pull(options["model"], fetch, accepted=options["accept_licence"], on_bytes=self._progress)
        self._done(registry, options["model"])

    def _verify(self, registry: Registry, options: dict[str, Any]) -> None:
        names = [options["model"]] if options["model"] else list(model_specs())
        for name in names:
            if options["model"] or registry.installed(name):
                registry.verify(name)
                self.stdout.write(f"{name}: as it came")

    def _rm(self, registry: Registry, options: dict[str, Any]) -> None:
        gone = registry.remove(options["model"])
        self.stdout.write(
            f"{options['model']} is removed" if gone else f"{options['model']} was not installed"
        )

    def _progress(self, done: int, total: int) -> None:
        if sys.stderr.isatty():
            share = f" of {total / MEGABYTE:.0f}" if total else ""
            self.stderr.write(f"\r{done / MEGABYTE:.0f}{share} MB", ending="")

    def _done(self, registry: Registry, name: str) -> None:
        found = registry.installed(name)
        digest = next(iter(found.sha256.values())) if found else ""
        self.stdout.write(f"{name} is installed; its SHA-256 is {digest}")


def fetch(url: str) -> tuple[int, Iterator[bytes]]:
    """The size of the file at ``url``, 0 where it is not told, and its pieces. Raises HTTPError."""
    client = httpx2.Client(follow_redirects=True, timeout=TIMEOUT_SECONDS)
    answer = client.send(client.build_request("GET", url), stream=True)
    answer.raise_for_status()

    def pieces() -> Iterator[bytes]:
        with client, answer:  # type: ignore[attr-defined]
            yield from answer.iter_bytes(1 << 20)

    return int(answer.headers.get("content-length", 0)), pieces()
