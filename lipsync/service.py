"""Lip-sync for the rest of the product: check, estimate, choose an engine, use the cache, render."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypedDict
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from avsite.accounts.models import User
from lipsync import breaker, budget, results
from lipsync.cost import estimate_render_seconds
from lipsync.engines.base import (
    ENGINES,
    Cancelled,
    FaceKind,
    OnProgress,
    RemoteEngine,
    get_engine,
)
from lipsync.engines.clip import clip_seconds
from lipsync.judge import measure_quality
from lipsync.models import Batch, Job
from lipsync.order import Order, Refused, check_order
from lipsync.order_rows import create_job, name_of
from lipsync.policy import Candidate, Choice, NoEngine, Wish, choose, survey
from lipsync.render import Rendered, Watch, render
from lipsync.video.errors import MediaError
from lipsync.video.probe import probe
from lipsync.work import Work


class Generated(TypedDict):
    """What ``generate_lipsync`` returns. ``duration`` in seconds."""

    status: str
    output_path: str
    method_used: str
    duration: float
    cost_usd: float
    warnings: list[str]


class Scores(TypedDict):
    """What ``check_lipsync_quality`` returns, each 0..1."""

    sync_score: float
    audio_quality: float
    video_quality: float


@dataclass(frozen=True)
class Estimate:
    """What an order would take. ``render_seconds`` None: nothing like it was rendered here yet."""

    engine: str
    reason: str
    seconds: float
    cost_usd: Decimal
    most_usd: Decimal
    """What it may come to when other engines have to step in; it is within every budget."""
    render_seconds: float | None
    from_cache: bool
    candidates: list[Candidate]
    choices: list[Choice]


class Plan(NamedTuple):
    """Engines to try for an order, and how every engine stands to it."""

    choices: list[Choice]
    candidates: list[Candidate]


class Place(NamedTuple):
    """Where a job stands in a batch."""

    batch: Batch
    row: int
    name: str


class LipsyncService:
    """Everything about one render. ``generate_lipsync`` and ``render`` need no database."""

    async def generate_lipsync(
        self,
        video_path: str | Path,
        audio_path: str | Path,
        output_path: str | Path,
        method: str = "auto",
        *,
        batch: bool = False,
        watch: Watch | None = None,
    ) -> Generated:
        """Make the face in ``video_path`` (video or photo) say ``audio_path``, as an MP4 at ``output_path``.

        ``method`` is an engine's name, or "auto". Raises FileNotFoundError for a missing input, TimeoutError
        when a remote engine was too slow, and RuntimeError with a sentence for people for anything else.
        """
        stop = threading.Event()

        def on_progress(stage: str, fraction: float) -> None:
            if stop.is_set():
                raise Cancelled

        work = Work(face_path=Path(video_path), speech_path=Path(audio_path))
        try:
            rendered = await asyncio.to_thread(
                self.render_files,
                work,
                Path(output_path),
                method,
                on_progress=on_progress,
                batch=batch,
                watch=watch,
            )
        except asyncio.CancelledError:
            stop.set()
            raise
        return Generated(
            status="success",
            output_path=str(rendered.result.output_path),
            method_used=rendered.engine,
            duration=rendered.result.duration_seconds,
            cost_usd=rendered.result.cost_usd,
            warnings=list(rendered.result.warnings),
        )

    async def check_lipsync_quality(self, path: str | Path) -> Scores:
        """How well lips and speech fit in the video at ``path``.

        Raises FileNotFoundError, and RuntimeError where it cannot be measured.
        """
        if not await asyncio.to_thread(Path(path).is_file):
            raise FileNotFoundError(f"There is no file {path}; check its name.")
        quality = await asyncio.to_thread(measure_quality, Path(path))
        return Scores(
            sync_score=quality.sync_score,
            audio_quality=quality.audio_quality,
            video_quality=quality.video_quality,
        )

    def render_files(
        self,
        work: Work,
        output_path: Path,
        engine: str = "auto",
        *,
        on_progress: OnProgress,
        batch: bool = False,
        watch: Watch | None = None,
    ) -> Rendered:
        """Render files to a file by policy, within the ceiling of one job.

        ``batch``: one of many, so cost goes before quality. Errors as ``generate_lipsync``, and Cancelled.
        """
        for path in (work.face_path, work.speech_path, *(part.speech_path for part in work.segments)):
            if path is not None and not path.is_file():
                raise FileNotFoundError(f"There is no file {path}; check its name.")
        try:
            seconds, face = _files_seconds(work)
            wish: Wish | None = "segments" if work.segments else "pick" if work.options.pick else None
            candidates = survey(seconds, face=face, wish=wish, budget_usd=settings.BUDGET_JOB_USD)
            choices = choose(
                engine,
                seconds,
                batch=batch,
                short_seconds=settings.SHORT_CLIP_SECONDS,
                candidates=candidates,
            )
        except KeyError:
            raise RuntimeError(f"There is no engine called {engine!r}; use auto.") from None
        except (NoEngine, MediaError) as error:
            raise RuntimeError(str(error)) from error
        target = Path(settings.LIPSYNC_OUTPUT_DIR or ".") / output_path
        return self.render(work, choices, target.absolute(), on_progress, watch=watch)

    def files_seconds(self, video_path: str | Path, audio_path: str | Path) -> float:
        """Length of what two files will make. Raises MediaError."""
        return _files_seconds(Work(face_path=Path(video_path), speech_path=Path(audio_path)))[0]

    def render(
        self,
        work: Work,
        choices: list[Choice],
        output_path: Path,
        on_progress: OnProgress,
        *,
        temp_dir: Path | None = None,
        watch: Watch | None = None,
    ) -> Rendered:
        """Render with the first of ``choices`` that can; see ``lipsync.render.render``."""
        return render(
            work,
            choices,
            output_path,
            on_progress,
            temp_dir=temp_dir or settings.TEMP_DIR,
            speech_dir=settings.CACHE_DIR / "speech",
            watch=watch,
        )

    def plan(
        self, order: Order, owner_id: int | None, job: Job | None = None, *, batch: bool = False
    ) -> Plan:
        """Engines to try for ``order``, within what its owner may spend. Raises Refused."""
        ceiling = budget.tightest(owner_id, job.uid if job else None, order.max_cost_usd)
        candidates = survey(
            order.seconds,
            face=order.face_kind,
            wish=order.wish,
            budget_usd=None if ceiling is None else ceiling.left_usd,
            budget_words="" if ceiling is None else ceiling.words,
            blocked=_blocked(),
        )
        try:
            choices = choose(
                order.engine,
                order.seconds,
                batch=batch or (job is not None and job.batch_id is not None),
                short_seconds=settings.SHORT_CLIP_SECONDS,
                candidates=candidates,
            )
        except NoEngine as error:
            raise Refused("invalid", str(error), "engine") from None
        except KeyError:
            raise Refused(
                "invalid", f"There is no engine called {order.engine!r}; use auto.", "engine"
            ) from None
        return Plan(choices, candidates)

    def estimate(self, owner: User, order: Order) -> Estimate:
        """What ``order`` would take. Raises Refused."""
        order = check_order(order)
        choices, candidates = self.plan(order, owner.pk)
        engine, reason = choices[0]
        from_cache = Job.objects.rendered(self.key(order, engine)) is not None
        costs = {one.engine: one.cost_usd for one in candidates}
        pace = estimate_render_seconds(Job.objects.recent_pace(engine), order.seconds)
        return Estimate(
            engine=engine,
            reason=reason,
            seconds=round(order.seconds, 2),
            cost_usd=Decimal(0) if from_cache else costs[engine],
            most_usd=Decimal(0) if from_cache else max(costs[choice.engine] for choice in choices),
            render_seconds=0.0 if from_cache else pace,
            from_cache=from_cache,
            candidates=candidates,
            choices=choices,
        )

    def submit(self, owner: User, order: Order, place: Place | None = None) -> Job:
        """A new job of ``owner``, done at once when the same was rendered before. Raises Refused."""
        order = check_order(order)
        choices = self.plan(order, owner.pk, batch=place is not None).choices
        key = self.key(order, choices[0].engine)
        with transaction.atomic():
            locked = User.objects.select_for_update().get(pk=owner.pk)
            if place is None:  # a batch has a limit of its own, and its jobs wait in line
                require_room(locked)
            job = create_job(
                locked,
                order,
                batch=place.batch if place else None,
                batch_index=place.row if place else None,
                batch_name=place.name if place else "",
                warnings=_notices(order),
                cache_key=key,
            )
        self.take_from_cache(job, key)
        return Job.objects.get(pk=job.pk)

    def take_from_cache(self, job: Job, key: str, token: UUID | None = None) -> bool:
        """Finish ``job`` with the files of one that was the same. False when there is none."""
        twin = Job.objects.rendered(key)
        if twin is None:
            return False
        try:
            result, poster = results.adopt(job, twin)
        except FileNotFoundError:
            return False
        return Job.objects.finish_from_cache(
            job.pk,
            token,
            result=result,
            poster=poster,
            engine_used=twin.engine_used,
            duration_seconds=twin.duration_seconds,
            quality=twin.quality,
            warnings=twin.warnings,
            cache_key=key,
            expires_at=result_expiry(),
        )

    def key(self, order: Order, engine: str) -> str:
        """The name of the render that ``engine`` would make of a checked ``order``."""
        return name_of(order, engine)


def require_room(owner: User) -> None:
    """Raises Refused when ``owner`` has as many unfinished jobs as allowed."""
    limit = settings.JOB_LIMIT if owner.job_limit is None else owner.job_limit
    count = Job.objects.unfinished().filter(owner=owner).count()
    if count >= limit:
        raise Refused(
            "limit_reached",
            f"You have {count} jobs waiting or running and the limit is {limit}; wait for one or cancel one.",
        )


def _blocked() -> dict[str, str]:
    """Services that are left alone for now, and why."""
    found = {}
    for name in ENGINES:
        try:
            engine = get_engine(name)
        except ImportError:
            continue
        if isinstance(engine, RemoteEngine) and (reason := breaker.why_open(engine)):
            found[name] = reason
    return found


def result_expiry() -> datetime | None:
    """When a result made now is deleted; None for never."""
    return timezone.now() + timedelta(days=settings.KEEP_DAYS) if settings.KEEP_DAYS else None


def _notices(order: Order) -> list[str]:
    said = [order.face, order.speech, *(one.speech for one in order.segments)]
    return list(dict.fromkeys(notice for asset in said if asset is not None for notice in asset.notices))


def _files_seconds(work: Work) -> tuple[float, FaceKind]:
    """Length of the result as far as it can be known before rendering, and what is to speak."""
    face = probe(work.face_path) if work.face_path else None
    kind: FaceKind = "drawn" if face is None else "video" if face.media == "video" else "image"
    if work.speech_path is None:
        return 0.0, kind
    face_seconds = face.duration_seconds if face and kind == "video" else None
    speech_seconds = probe(work.speech_path).duration_seconds
    return clip_seconds(speech_seconds, face_seconds, work.options.sync_mode), kind


@cache
def get_lipsync_service() -> LipsyncService:
    """The one service of this process."""
    return LipsyncService()
