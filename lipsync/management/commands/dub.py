"""A video in another language: ``manage.py dub VIDEO --to de -o OUT.mp4``. Needs no server or database."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from avsite.ai.errors import ModelUnavailable
from avsite.ai.registry import sha256_of
from lipsync.dubbing.chain import FINAL, NEW_CAPTIONS, Chain, ToSync
from lipsync.dubbing.spec import STAGES, Background, DubError, DubSpec, Edit, Json, NeedsPerson
from lipsync.dubbing.store import Kept, Store
from lipsync.dubbing.tools import make_tools
from lipsync.engines.base import ENGINES
from lipsync.management.failures import told_plainly
from lipsync.service import get_lipsync_service
from lipsync.work import Work

LINES = "lines.json"


class Command(BaseCommand):
    help = (
        "Makes the people in a video speak another language, with lips that fit. Stages are kept in a "
        f"folder: edit the translations in its {LINES} and run the command again; only that is redone."
    )
    requires_system_checks: list[str] = []  # noqa: RUF012 -- Django's own type; needs no database

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("video", type=Path, help="a video in which somebody speaks")
        parser.add_argument("--to", required=True, metavar="LANGUAGE", help="a tag such as de or pt-BR")
        parser.add_argument("--from", dest="source", default="", help="such as en; found out unless told")
        parser.add_argument("-o", "--output", type=Path, help="the MP4 to write; VIDEO.LANGUAGE.mp4")
        parser.add_argument("--folder", type=Path, help="where stages are kept; beside the output")
        parser.add_argument("--term", action="append", default=[], metavar="TERM=WORD", help="kept so")
        parser.add_argument(
            "--voice", action="append", default=[], metavar="SPEAKER=VOICE", help="as 1=de-m3"
        )
        parser.add_argument("--background", choices=get_args(Background), default="remove")
        parser.add_argument("--engine", choices=["auto", *ENGINES], default="auto", help="of the lips")
        parser.add_argument("--no-lipsync", action="store_true", help="leave the picture as it is")
        parser.add_argument("--stop-before", choices=STAGES, default="", help="to look over what was made")

    def handle(self, *args: Any, **options: Any) -> None:
        video = options["video"]
        output = options["output"] or video.with_suffix(f".{options['to']}.mp4")
        store = Store(options["folder"] or output.with_suffix(".dub"))
        with told_plainly(video, DubError, ModelUnavailable, RuntimeError):
            spec = _spec(options, _edits(store))
            chain = Chain(spec, store, make_tools(settings.MODELS_DIR, _sync), lambda stage, fraction: None)
            try:
                chain.run(self._tell)
            except NeedsPerson as needed:
                raise CommandError(self._to_edit(chain, store, needed)) from None
            self._to_edit(chain, store, None)
            output.write_bytes(store.path(FINAL).read_bytes())
            output.with_suffix(".vtt").write_bytes(store.path(NEW_CAPTIONS).read_bytes())
        self.stdout.write(f"{output}: {chain.made('finish')['seconds']:.1f} s in {options['to']}")

    def _tell(self, stage: str, kept: Kept) -> None:
        reused = f", {kept.reused} kept as they were" if kept.reused else ""
        self.stdout.write(f"{STAGES[stage]}: {kept.redone} made{reused} ({kept.seconds:.1f} s)")

    def _to_edit(self, chain: Chain, store: Store, needed: NeedsPerson | None) -> str:
        """Write what may be edited; what to do about ``needed``."""
        try:
            found = chain.lines()
        except KeyError:  # stopped before there are any
            return str(needed)
        wanted = ("id", "start", "end", "speaker", "text", "translation", "keep")
        lines = [{name: line[name] for name in wanted} for line in found]
        path = store.folder / LINES
        path.write_text(json.dumps(lines, ensure_ascii=False, indent=1), "utf8")
        return f"{needed} Edit {path} and run the command again."


def _edits(store: Store) -> dict[str, Edit]:
    """What somebody has written into the lines. Raises CommandError."""
    path = store.folder / LINES
    if not path.is_file():
        return {}
    try:
        lines = json.loads(path.read_text("utf8"))
        translate, sentences = store.read("translate"), store.read("sentences")
        machine = translate.made["items"] if translate else {}
        heard = {item["id"]: item for item in sentences.made["items"]} if sentences else {}
        return {line["id"]: _edit(line, heard.get(line["id"], {}), machine) for line in lines}
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path} cannot be read: {error}; mend it, or delete it to begin anew.") from error


def _edit(line: Json, heard: Json, machine: Json) -> Edit:
    """What of ``line`` is not as it was heard and translated."""
    said = str(line["translation"])
    return Edit(
        text=None if line["text"] == heard.get("text") else line["text"],
        translation=said if said and said != machine.get(line["id"], {}).get("text") else None,
        speaker=None if line["speaker"] == heard.get("speaker") else line["speaker"],
        keep=bool(line.get("keep")),
    )


def _spec(options: dict[str, Any], edits: dict[str, Edit]) -> DubSpec:
    return DubSpec(
        video=options["video"],
        video_sha256=sha256_of(options["video"]),
        target=options["to"],
        source=options["source"],
        glossary=_pairs(options["term"]),
        voices=_pairs(options["voice"]),
        edits=edits,
        background=options["background"],
        lipsync=not options["no_lipsync"],
        engine=options["engine"],
        stop_before=options["stop_before"],
    )


def _pairs(given: list[str]) -> dict[str, str]:
    return {name.strip(): value.strip() for name, _, value in (one.partition("=") for one in given)}


def _sync(wanted: ToSync, tell: Callable[[float], None]) -> Json:
    rendered = get_lipsync_service().render_files(
        Work(face_path=wanted.video, speech_path=wanted.voice),
        wanted.output.absolute(),
        wanted.engine,
        on_progress=lambda stage, fraction: tell(fraction),
    )
    return {"engine": rendered.engine, "warnings": list(rendered.result.warnings)}
