"""Orders as rows: a job and its segments, there and back, and the name of the render they ask for."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from avsite.accounts.models import User
from lipsync.cache import (
    file_content,
    house_content,
    render_key,
    segments_content,
    text_content,
    transcribed_content,
)
from lipsync.engines.base import RenderOptions, get_engine
from lipsync.face.place import FacePick
from lipsync.models import Job
from lipsync.models import Segment as Row
from lipsync.order import Order, Segment
from lipsync.spoken import ALIGNER, SYNTHESISER

SAID = ("speech", "text", "transcript", "transcript_language", "voice", "voice_rate")
ASKED = ("face", "house_look", *SAID, "music", "engine", "max_cost_usd")


def create_job(owner: User, order: Order, **fields: Any) -> Job:
    """The row of a checked order, with those of its segments; ``fields`` are others of the job."""
    asked = {name: getattr(order, name) for name in ASKED}
    job: Job = Job.objects.create(owner=owner, **asked, options=asdict(order.options), **fields)
    Row.objects.bulk_create(
        Row(
            job=job,
            number=number,
            start_seconds=one.start_seconds,
            end_seconds=one.end_seconds,
            pick=asdict(one.pick) if one.pick else None,
            **{name: getattr(one, name) for name in SAID},
        )
        for number, one in enumerate(order.segments)
    )
    return job


def order_of(job: Job) -> Order:
    """What ``job`` was asked to be."""
    segments = tuple(
        Segment(
            start_seconds=row.start_seconds,
            end_seconds=row.end_seconds,
            pick=FacePick.of(row.pick),
            **{name: getattr(row, name) for name in SAID},
        )
        for row in job.segments.select_related("speech")
    )
    asked = {name: getattr(job, name) for name in ASKED}
    return Order(**asked, segments=segments, options=RenderOptions.of(job.options))


def name_of(order: Order, engine: str) -> str:
    """The name of the render that ``engine`` would make of a checked ``order``."""
    face = file_content(order.face.sha256) if order.face else house_content(order.house_look)
    if order.segments:
        speech = segments_content(
            [
                [_words(one), one.start_seconds, one.end_seconds, asdict(one.pick) if one.pick else None]
                for one in order.segments
            ]
        )
    else:
        speech = _words(order)
    version = get_engine(engine).version
    return render_key(
        engine=engine,
        engine_version=version,
        options=order.options,
        face=face,
        speech=speech,
        music=file_content(order.music.sha256) if order.music else None,
    )


def _words(said: Order | Segment) -> str:
    if said.speech is None:
        return text_content(said.text, said.voice, said.voice_rate, SYNTHESISER)
    speech = file_content(said.speech.sha256)
    if said.transcript:
        return transcribed_content(speech, said.transcript, said.transcript_language, ALIGNER)
    return speech
