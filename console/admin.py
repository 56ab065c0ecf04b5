"""The console: everything can be looked at; what is history is read-only."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from crm import models as crm
from mail import models as mail
from process import models as process
from process import tasks
from sequences import models as sequences
from workspace.problems import Fault


class History(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Rows that the program writes and people read."""

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        return False


class HistoryInline(TabularInline):  # type: ignore[misc]  # unfold ships no types
    extra = 0
    tab = True
    show_change_link = True

    def has_add_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        return False


class ActivityInline(HistoryInline):
    model = crm.Activity
    fields = ["occurred_at", "kind", "data"]
    ordering = ["-occurred_at", "-pk"]
    verbose_name_plural = "timeline"


class EnrollmentInline(HistoryInline):
    model = sequences.Enrollment
    fields = ["sequence", "status", "reason", "started_at", "ended_at", "because"]


class MessageInline(HistoryInline):
    model = mail.Message
    fields = ["step_id", "subject", "status", "sent_at", "last_error"]


class StageMoveInline(HistoryInline):
    model = crm.StageMove
    fields = ["at", "from_stage", "to_stage", "by", "who", "because"]
    ordering = ["-at", "-pk"]


@admin.register(crm.Connection)
class ConnectionAdmin(History):
    list_display = ["name", "kind", "status", "pulled_at", "calls", "last_error"]


@admin.register(crm.ListCounterpart)
class ListCounterpartAdmin(History):
    list_display = ["name", "connection", "called", "reads", "writes", "read_at", "last_error"]
    list_select_related = ["connection"]
    list_filter = ["connection"]


@admin.register(crm.Owner)
class OwnerAdmin(History):
    list_display = ["name", "email", "active"]
    search_fields = ["name", "email"]


@admin.register(crm.Company)
class CompanyAdmin(History):
    list_display = ["name", "industry", "country", "employees", "owner"]
    list_select_related = ["owner"]
    search_fields = ["name", "domain"]
    list_filter = ["country"]


@admin.register(crm.Lead)
class LeadAdmin(History):
    list_display = ["__str__", "email", "stage", "company", "owner", "source", "disposition"]
    list_select_related = ["company", "owner", "source"]
    list_filter = ["stage", "source", "owner", "do_not_contact", "disposition"]
    search_fields = ["email", "first_name", "last_name", "company__name"]
    ordering = ["-pk"]
    inlines = [ActivityInline, EnrollmentInline, MessageInline, StageMoveInline]


@admin.register(crm.Deal)
class DealAdmin(History):
    list_display = ["name", "stage_value", "amount", "is_closed", "is_won", "lead", "owner"]
    list_select_related = ["lead", "owner"]
    list_filter = ["stage_value", "is_closed", "is_won", "source"]
    search_fields = ["name", "lead__email"]


@admin.register(crm.Activity)
class ActivityAdmin(History):
    list_display = ["occurred_at", "kind", "lead", "connection", "reacted_at"]
    list_select_related = ["lead", "connection"]
    list_filter = ["kind"]
    ordering = ["-pk"]


@admin.register(crm.StageMove)
class StageMoveAdmin(History):
    list_display = ["at", "lead", "from_stage", "to_stage", "by", "who", "out_of_order"]
    list_select_related = ["lead"]
    list_filter = ["to_stage", "by"]
    search_fields = ["who", "lead__email"]
    ordering = ["-pk"]


@admin.register(crm.Change)
class ChangeAdmin(History):
    list_display = ["created_at", "connection", "kind", "field", "status", "attempts", "last_error"]
    list_select_related = ["connection"]
    list_filter = ["status", "kind", "connection"]
    ordering = ["-pk"]


@admin.register(sequences.Enrollment)
class EnrollmentAdmin(History):
    list_display = ["lead", "sequence", "status", "reason", "started_at", "due_at"]
    list_select_related = ["lead"]
    list_filter = ["sequence", "status", "reason"]
    search_fields = ["lead__email"]
    ordering = ["-pk"]


@admin.register(sequences.AppliedVersion)
class AppliedVersionAdmin(History):
    list_display = ["sequence", "digest", "active", "applied_at"]
    list_filter = ["active"]


@admin.register(mail.Mailbox)
class MailboxAdmin(History):
    list_display = ["address", "owner", "status", "read_at", "per_day", "last_error"]
    list_select_related = ["owner"]
    list_filter = ["status"]


@admin.register(mail.Pause)
class PauseAdmin(History):
    list_display = ["__str__", "since", "by", "reason"]


@admin.register(mail.Message)
class MessageAdmin(History):
    list_display = ["to_email", "subject", "step_id", "status", "mailbox", "sent_at"]
    list_select_related = ["mailbox"]
    list_filter = ["status", "mailbox"]
    search_fields = ["to_email", "message_id", "subject"]
    exclude = ["raw"]
    ordering = ["-pk"]


@admin.register(mail.Visit)
class VisitAdmin(History):
    list_display = ["first_at", "message", "number", "count", "machine"]
    list_select_related = ["message"]
    list_filter = ["machine"]
    ordering = ["-pk"]


@admin.register(mail.Inbound)
class InboundAdmin(History):
    list_display = ["received_at", "kind", "from_email", "subject", "mailbox", "lead"]
    list_select_related = ["mailbox", "lead"]
    list_filter = ["kind"]
    search_fields = ["from_email", "subject"]
    ordering = ["-pk"]


class SuppressionForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Says what is wrong with an address beside it."""

    email = forms.CharField(label="Address", max_length=320)

    def clean_email(self) -> str:
        from mail.targets import target  # noqa: PLC0415 - admin loads before mail is ready

        try:
            return target(self.cleaned_data["email"], "address").email
        except Fault as fault:
            raise forms.ValidationError(str(fault)) from fault


@admin.register(mail.Suppression)
class SuppressionAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """An address may be added by hand; domains, companies and files are the command line's."""

    list_display = ["__str__", "scope", "kind", "at"]
    list_select_related = ["company"]
    list_filter = ["kind"]
    search_fields = ["email", "company__name"]
    form = SuppressionForm
    fields = ["email"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        from mail import blocklist, targets  # noqa: PLC0415 - admin loads before mail is ready
        from runtime import clock  # noqa: PLC0415 - likewise

        entry = blocklist.Entry(
            target=targets.target(obj.email, "address"),
            kind=mail.Suppression.Kind.MANUAL,
            at=clock.now(),
            by=request.user.get_username(),
            reason="",
        )
        blocklist.add([entry])

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        return False


@admin.register(crm.Meeting)
class MeetingAdmin(History):
    list_display = ["starts_at", "status", "lead", "attendee", "title", "owner", "source"]
    list_select_related = ["lead", "owner"]
    list_filter = ["status", "source", "owner"]
    search_fields = ["lead__email", "attendee", "title"]
    ordering = ["-starts_at"]


@admin.register(process.Feedback)
class FeedbackAdmin(History):
    list_display = ["at", "score", "lead", "comment"]
    list_select_related = ["lead"]
    list_filter = ["score"]
    ordering = ["-at"]


@admin.register(process.Task)
class TaskAdmin(History):
    list_display = ["title", "kind", "lead", "owner", "due_at", "done_at"]
    list_select_related = ["lead", "owner"]
    list_filter = ["kind", "owner"]
    actions = ["mark_done"]

    @admin.action(description="Mark as done", permissions=["view"])
    def mark_done(self, request: HttpRequest, rows: Any) -> None:
        for task in rows:
            tasks.done(task.pk, by=request.user.get_username())
