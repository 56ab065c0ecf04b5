"""The tasks page: each rep's queue, and what is done with a task. Works without JavaScript."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractBaseUser, User
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from crm.models import Owner
from process import desk, tasks
from process.models import Task
from runtime import clock
from workspace.problems import Fault

#: What is told; blank: nothing was there to do any more.
Deed = Callable[[Task, QueryDict, str], str]
#: Longest texts that are taken from the page.
_NOTE, _WHY = 2000, 300


@login_required
@never_cache
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """One's own, by the email address of the login; staff see everybody's, or one rep's."""
    is_staff = _user(request).is_staff
    owner = request.GET.get("owner") if is_staff else _address(request)
    now = clock.now()
    shown = {
        "entries": desk.entries(now, owner=owner or None),
        "owner": owner or "",
        "owners": Owner.objects.filter(active=True).order_by("email"),
        "is_staff": is_staff,
        "now": now,
        "tomorrow": desk.tomorrow(now),
    }
    return render(request, "tasks/queue.html", shown)


@never_cache
@require_POST
def act(request: HttpRequest, number: int, deed: str) -> HttpResponse:
    """Do, snooze, skip or give a task; somebody else's is not there."""
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("tasks"))  # this address answers no GET
    task = _task(request, number)
    if deed not in _DEEDS:
        raise Http404
    try:
        told = _DEEDS[deed](task, request.POST, _address(request))
        messages.info(request, f"{task.title}: {told or 'somebody was faster; it had ended'}.")
    except Fault as fault:
        messages.error(request, f"{task.title}: {fault}")
    return redirect("tasks")


def _task(request: HttpRequest, number: int) -> Task:
    rows = Task.objects.select_related("owner")
    if not _user(request).is_staff:
        rows = rows.filter(owner__email__iexact=_address(request))
    task = rows.filter(pk=number).first()
    if task is None:
        raise Http404
    return task


def _done(task: Task, form: QueryDict, by: str) -> str:
    disposition, remark = form.get("disposition", ""), form.get("note", "")[:_NOTE]
    return "done" if tasks.done(task.pk, disposition=disposition, remark=remark, by=by) else ""


def _snooze(task: Task, form: QueryDict, by: str) -> str:
    until = desk.in_the_teams_zone(_moment(form.get("until", "")))
    if until <= clock.now():
        raise Fault("that day has begun; choose a later one")
    return f"sleeps until {until:%Y-%m-%d}" if tasks.snooze(task.pk, until=until, by=by) else ""


def _moment(written: str) -> datetime:
    try:
        return datetime.strptime(written, "%Y-%m-%d")  # noqa: DTZ007 - of the team's zone
    except ValueError:
        raise Fault("needs a day, such as 2026-03-09") from None


def _skip(task: Task, form: QueryDict, by: str) -> str:
    why = form.get("why", "").strip()[:_WHY]
    if not why:
        raise Fault("say why it is skipped")
    return "skipped" if tasks.skip(task.pk, why=why, by=by) else ""


def _give(task: Task, form: QueryDict, by: str) -> str:
    to = Owner.objects.filter(email__iexact=form.get("to", ""), active=True).first()
    if to is None:
        raise Fault("choose the rep who takes it")
    return f"{to.email} has it now" if tasks.give(task.pk, to=to, by=by) else ""


_DEEDS: Mapping[str, Deed] = {"done": _done, "snooze": _snooze, "skip": _skip, "give": _give}


def _user(request: HttpRequest) -> User:
    user: AbstractBaseUser = request.user  # type: ignore[assignment]  # there is a login
    assert isinstance(user, User)  # noqa: S101 - the project has no other
    return user


def _address(request: HttpRequest) -> str:
    user = _user(request)
    return user.email or user.username
