"""The admin's view of jobs and uploads: all to see, little to change."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from avsite.files import serve_file
from lipsync.media_types import content_type
from lipsync.models import Asset, Attempt, Job, LogEntry
from lipsync.progress import publish, seconds_left, stage_label
from lipsync.tasks import enqueue

TAKEN = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())


if TYPE_CHECKING:
    JobModelAdmin = admin.ModelAdmin[Job]
    AssetModelAdmin = admin.ModelAdmin[Asset]
    Inline = admin.TabularInline[Any, Job]
else:
    JobModelAdmin = AssetModelAdmin = admin.ModelAdmin
    Inline = admin.TabularInline


class ReadOnly:
    """Nothing is added or changed here: jobs are made by people and written by workers."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RecordInline(ReadOnly, Inline):
    can_delete = False
    extra = 0

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AttemptInline(RecordInline):
    model = Attempt
    fields = ("engine", "reason", "outcome", "error_message", "started_at", "finished_at", "cost_usd")
    readonly_fields = fields


class LogInline(RecordInline):
    model = LogEntry
    fields = ("at", "level", "message")
    readonly_fields = fields
    verbose_name_plural = "log"


def file_link(url: str, text: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', url, text)


def status_of(job: Job) -> dict[str, Any]:
    """What the list shows of a job while it moves."""
    return {
        "id": job.pk,
        "state": job.state,
        "label": stage_label(job),
        "percent": job.percent,
        "seconds_left": seconds_left(job),
    }


@admin.register(Job)
class JobAdmin(ReadOnly, JobModelAdmin):
    change_list_template = "admin/lipsync/job/change_list.html"

    class Media:
        css = {"all": ("lipsync/admin_jobs.css",)}
        js = ("lipsync/admin_jobs.js",)

    list_display = (
        "short_id",
        "owner",
        "status",
        "progress",
        "engine_shown",
        "length",
        "taken",
        "cost",
        "created_at",
    )
    list_filter = (
        "state",
        ("engine_used", admin.AllValuesFieldListFilter),
        "created_at",
        "from_cache",
        "owner",
    )
    list_select_related = ("owner",)
    list_per_page = 50
    date_hierarchy = "created_at"
    search_fields = ("uid", "owner__username", "owner__email", "error_code")
    actions = ("cancel_jobs", "retry_jobs")
    inlines = (AttemptInline, LogInline)
    fieldsets = (
        (None, {"fields": ("uid", "owner", "status", "progress", "error_code", "error_message", "warnings")}),
        ("Asked for", {"fields": ("source", "spoken", "voice", "voice_rate", "engine", "options")}),
        (
            "Result",
            {
                "fields": (
                    "video",
                    "engine_used",
                    "duration_seconds",
                    "taken",
                    "cost",
                    "quality",
                    "from_cache",
                )
            },
        ),
        ("Times", {"fields": ("created_at", "started_at", "finished_at", "expires_at")}),
        (
            "Worker",
            {"fields": ("attempt_count", "lease_expires_at", "rung_at", "cancel_requested", "revision")},
        ),
    )

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Deleting goes through the API, which stops the job and removes its files."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        jobs: QuerySet[Job] = super().get_queryset(request)
        return jobs.annotate(taken_time=TAKEN)

    def get_urls(self) -> list[URLPattern]:
        def named(route: str, view: Any, name: str) -> URLPattern:
            pattern: URLPattern = path(route, self.admin_site.admin_view(view), name=f"lipsync_job_{name}")
            return pattern

        return [
            named("status/", self.status_view, "status"),
            named("<int:pk>/file/<str:which>/", self.file_view, "file"),
            *super().get_urls(),
        ]

    def status_view(self, request: HttpRequest) -> JsonResponse:
        """The state of up to 200 jobs by their numbers, for the list's script."""
        if not self.has_view_permission(request):
            raise Http404
        numbers = [number for number in request.GET.get("ids", "").split(",")[:200] if number.isdigit()]
        return JsonResponse({"items": [status_of(job) for job in Job.objects.filter(pk__in=numbers)]})

    def file_view(self, request: HttpRequest, pk: int, which: str) -> HttpResponseBase:
        """A job's face, speech or video, for those who may see jobs here."""
        if not self.has_view_permission(request):
            raise Http404
        job = get_object_or_404(Job.objects.select_related("face", "speech"), pk=pk)
        files = {
            "face": job.face.file if job.face else None,
            "speech": job.speech.file if job.speech else None,
            "video": job.result,
            "poster": job.poster,
        }
        file = files.get(which)
        if not file or not Path(file.path).is_file():
            raise Http404
        return serve_file(request, Path(file.path), content_type(str(file.name)), Path(str(file.name)).name)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None)  # none where it redirects
        if context and "cl" in context:
            context["totals"] = totals_of(context["cl"].queryset)
            context["status_url"] = reverse("admin:lipsync_job_status")
        return response

    @admin.display(description="Job")
    def short_id(self, job: Job) -> str:
        return str(job.uid)[:8]

    @admin.display(description="Status", ordering="state")
    def status(self, job: Job) -> SafeString:
        return format_html('<span class="job-status" data-state="{}">{}</span>', job.state, stage_label(job))

    @admin.display(description="Progress", ordering="percent")
    def progress(self, job: Job) -> SafeString:
        return format_html(
            '<span class="job-progress" data-job="{}" data-state="{}">'
            '<progress max="100" value="{}" aria-label="Progress"></progress> <span>{} %</span></span>',
            job.pk,
            job.state,
            job.percent,
            job.percent,
        )

    @admin.display(description="Engine", ordering="engine_used")
    def engine_shown(self, job: Job) -> str:
        shown = job.engine_used or f"({job.engine})"
        return f"{shown}, from cache" if job.from_cache else shown

    @admin.display(description="Length", ordering="duration_seconds")
    def length(self, job: Job) -> str:
        return "" if job.duration_seconds is None else f"{job.duration_seconds:.1f} s"

    @admin.display(description="Took", ordering="taken_time")
    def taken(self, job: Job) -> str:
        time_taken = getattr(job, "taken_time", None)
        return "" if time_taken is None else show_time(time_taken)

    @admin.display(description="Cost", ordering="cost_usd")
    def cost(self, job: Job) -> str:
        return f"${job.cost_usd:.2f}"

    @admin.display(description="Face")
    def source(self, job: Job) -> str:
        if job.face is None:
            return f"drawn: {job.house_look}" if job.house_look else "deleted"
        return file_link(reverse("admin:lipsync_job_file", args=(job.pk, "face")), job.face.name)

    @admin.display(description="Speech")
    def spoken(self, job: Job) -> str:
        if job.speech is None:
            lines = [one.text or (one.speech.name if one.speech else "deleted") for one in job.segments.all()]
            return job.text or " / ".join(lines) or "deleted"
        return file_link(reverse("admin:lipsync_job_file", args=(job.pk, "speech")), job.speech.name)

    @admin.display(description="Video")
    def video(self, job: Job) -> str:
        if not job.result:
            return "none"
        url, poster = (
            reverse("admin:lipsync_job_file", args=(job.pk, which)) for which in ("video", "poster")
        )
        return format_html(
            '<video controls preload="none" src="{}" poster="{}" style="max-width: 20rem"></video>',
            url,
            poster,
        )

    @admin.action(description="Cancel the chosen jobs", permissions=["view"])
    def cancel_jobs(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        self._act(request, jobs, Job.objects.request_cancel, "cancelled", "had ended already")

    @admin.action(description="Try the chosen jobs again", permissions=["view"])
    def retry_jobs(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        self._act(request, jobs, Job.objects.retry, "queued again", "had not failed")

    def _act(self, request: HttpRequest, jobs: QuerySet[Job], act: Any, done: str, not_done: str) -> None:
        changed = [job for job in jobs if act(job.pk)]
        for job in changed:
            publish(job)
            enqueue(job)
        if changed:
            self.message_user(request, f"{show_count(len(changed))} {done}.", messages.SUCCESS)
        if left := len(jobs) - len(changed):
            self.message_user(request, f"{show_count(left)} {not_done} and stay so.", messages.WARNING)


@admin.register(Asset)
class AssetAdmin(ReadOnly, AssetModelAdmin):
    list_display = (
        "name",
        "kind",
        "media",
        "owner",
        "size",
        "length",
        "job_count",
        "created_at",
        "expires_at",
    )
    list_filter = ("kind", "media", "created_at", "owner")
    list_select_related = ("owner",)
    search_fields = ("uid", "name", "owner__username")
    fields = (
        "uid",
        "owner",
        "kind",
        "media",
        "name",
        "content",
        "size",
        "sha256",
        "info",
        "notices",
        "hidden_at",
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Asset]:
        counted = Count("face_jobs", distinct=True) + Count("speech_jobs", distinct=True)
        assets: QuerySet[Asset] = super().get_queryset(request)
        return assets.annotate(jobs_with_it=counted)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.file_view)
        return [path("<int:pk>/file/", view, name="lipsync_asset_file"), *super().get_urls()]

    def file_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise Http404
        asset = get_object_or_404(Asset, pk=pk)
        return serve_file(request, Path(asset.file.path), content_type(str(asset.file.name)), asset.name)

    @admin.display(description="Size", ordering="size_bytes")
    def size(self, asset: Asset) -> str:
        return f"{asset.size_bytes / 1e6:.1f} MB"

    @admin.display(description="Length")
    def length(self, asset: Asset) -> str:
        seconds = asset.info.get("duration_seconds")
        return f"{seconds:.1f} s" if seconds else ""

    @admin.display(description="Jobs", ordering="jobs_with_it")
    def job_count(self, asset: Asset) -> int:
        return int(getattr(asset, "jobs_with_it", 0))

    @admin.display(description="File")
    def content(self, asset: Asset) -> SafeString:
        return file_link(reverse("admin:lipsync_asset_file", args=(asset.pk,)), asset.name)


def totals_of(jobs: QuerySet[Job]) -> dict[str, Any]:
    """Sums over every job the filters let through, not only over this page."""
    ended = Q(finished_at__isnull=False, started_at__isnull=False)
    sums = jobs.order_by().aggregate(
        count=Count("id"),
        active=Count("id", filter=Q(state__in=("queued", "running"))),
        failed=Count("id", filter=Q(state="failed")),
        cost=Sum("cost_usd"),
        video_seconds=Sum("duration_seconds"),
        time=Sum(TAKEN, filter=ended),
        mean_time=Avg(TAKEN, filter=ended),
    )
    return sums | {
        "cost": f"${sums['cost'] or 0:.2f}",
        "video": show_time(timedelta(seconds=sums["video_seconds"] or 0)),
        "time": show_time(sums["time"] or timedelta()),
        "mean_time": show_time(sums["mean_time"] or timedelta()),
    }


def show_count(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"


def show_time(length: timedelta) -> str:
    """1:02:03, 2:03 or 4.5 s."""
    seconds = length.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    hours, rest = divmod(round(seconds), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
