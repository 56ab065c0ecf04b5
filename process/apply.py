"""From the team's files to the rows that workers read.

`configure` brings connections, mailboxes, the sender and the process over; it enrolls nobody.
`apply` activates each sequence's version and enrolls its set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from connectors.base import WRITTEN, Written
from crm import hints, stages
from crm.models import Connection, ExternalRecord, Owner, StageCounterpart
from crm.normalize import email as normalized_email
from mail import attached, pauses
from mail.models import SENDER, EmailTemplate, Mailbox, Sender
from process import freezing, mailboxes, outcomes, planning
from process.blueprint import Blueprint, Template
from process.frozen import Frozen
from process.models import AppliedProcess, Form
from process.preparation import enriching
from process.prospecting import members, scores
from process.prospecting.form_lists import with_members
from runtime import clock
from sequences import engine, enroll
from sequences.definition import Sequence as Definition
from sequences.models import AppliedVersion, ListMember


@dataclass(frozen=True, kw_only=True)
class Applied:
    #: Sequence -> how many were enrolled.
    enrolled: Mapping[str, int] = field(default_factory=dict)
    #: Sequences whose version changed.
    activated: Sequence[str] = ()


def configure(blueprint: Blueprint) -> None:
    """Bring connections, mailboxes, sender and process into the database; enroll nobody."""
    with transaction.atomic():
        scored_by = scores.declared()
        _connections(blueprint)
        _mailboxes(blueprint)
        Sender.objects.update_or_create(
            pk=SENDER,
            defaults={
                "company": blueprint.sender.company,
                "postal_address": blueprint.sender.postal_address,
                "public_url": blueprint.public_url,
                "timezone": blueprint.timezone,
                "redirect_to": blueprint.redirect_to,
                "privacy": blueprint.privacy.model_dump(mode="json") if blueprint.privacy else {},
                "tracking_url": blueprint.tracking.url or "",
                "track_clicks": blueprint.tracking.clicks,
                "track_opens": blueprint.tracking.opens,
                "booking": blueprint.booking and blueprint.booking.model_dump(),
                "intent_hook": (hook := blueprint.inbound.intent_hook) and hook.model_dump(),
            },
        )
        _process(blueprint)
        _counterparts(blueprint)
        _lists(blueprint)
        _forms(blueprint)
        enriching.configure(blueprint)
        if scores.declared() != scored_by:
            scores.count_all()
        for connection in Connection.objects.all():
            stages.settle_unplaced(connection, at=clock.now())


def apply(blueprint: Blueprint, frozen: Frozen | None = None) -> Applied:
    """Activate every sequence's version and enroll the leads that its rule names today.

    With a frozen plan just those whom it names are enrolled; raises Moved, with nothing done, when
    the files or the world are no longer those of the plan.
    """
    configure(blueprint)
    if frozen is not None:
        freezing.compare(frozen, planning.plan(blueprint))
    # Whoever applies has mended them. What a person paused stays so: see mail.pauses.
    pauses.try_again(Mailbox.objects.all())
    enrolled: dict[str, int] = {}
    activated = []
    for name, definition in blueprint.sequences.items():
        version, changed = _activate(blueprint, definition)
        if changed:
            activated.append(name)
        if definition.enroll is not None and definition.enroll.existing:
            rows = list(EmailTemplate.objects.filter(pk__in=version.templates.values()))
            found = enroll.candidates(definition, rows)
            if frozen is not None:
                people = frozen.people(name)
                found = (one for one in found if one.refusal or one.lead.pk in people)
            enrolled[name] = enroll.enroll_all(version, found)
    # What the team took out of its files enrolls nobody any more; who is in it goes on.
    AppliedVersion.objects.filter(active=True).exclude(sequence__in=blueprint.sequences).update(
        active=False
    )
    return Applied(enrolled=enrolled, activated=activated)


def _connections(blueprint: Blueprint) -> None:
    _forget_the_unread(blueprint)
    for name, definition in blueprint.connections.items():
        settings = definition.model_dump(mode="json", exclude_none=True)
        kind = settings.pop("kind")
        settings.pop("pull_every")
        connection, created = Connection.objects.get_or_create(
            name=name,
            defaults={
                "kind": kind,
                "settings": settings,
                "pull_every": definition.pull_every.elapsed,
                "pull_due_at": clock.now(),
            },
        )
        if created:
            continue
        _read_what_is_newly_mapped(connection, settings)
        changed = (connection.kind, connection.settings) != (kind, settings)
        connection.kind, connection.settings = kind, settings
        connection.pull_every = definition.pull_every.elapsed
        if changed or connection.status == Connection.Status.STOPPED:
            # Whoever configures anew has mended it: it is tried again, and stops again if not.
            connection.status, connection.last_error = Connection.Status.ACTIVE, ""
            connection.pull_due_at = clock.now()
        connection.save(
            update_fields=["kind", "settings", "pull_every", "status", "last_error", "pull_due_at"]
        )


def _forget_the_unread(blueprint: Blueprint) -> None:
    """A connection that was never read holds nothing: taken out of the files, it is gone.

    Locked, so that no pull begins meanwhile; one that is under way keeps it.
    """
    gone = Connection.objects.exclude(name__in=blueprint.connections).filter(
        first_pulled_at=None, pull_claimed_until__lte=clock.monotonic()
    )
    for connection in gone.select_for_update():
        if not ExternalRecord.objects.filter(connection=connection).exists():
            connection.delete()


def _read_what_is_newly_mapped(connection: Connection, settings: Mapping[str, Any]) -> None:
    for kind in WRITTEN:
        if _mapped(connection.settings, kind) != _mapped(settings, kind):
            hints.all_of(connection, kind)


def _mapped(settings: Mapping[str, Any], kind: Written) -> Sequence[object]:
    """Which fields of the CRM are read, and as what."""
    return [(settings.get(name) or {}).get(kind) or {} for name in ("fields", "types")]


def _mailboxes(blueprint: Blueprint) -> None:
    # What was begun from those that the team took out goes on from there, and nothing else does.
    kept = [definition.address for definition in blueprint.mailboxes]
    Mailbox.objects.exclude(address__in=kept).update(owner=None)
    for definition in blueprint.mailboxes:
        owner, _ = Owner.objects.get_or_create(
            email=normalized_email(definition.owner), defaults={"name": definition.name}
        )
        Mailbox.objects.update_or_create(
            address=definition.address,
            defaults={**mailboxes.values(definition), "owner": owner},
        )
    # Those that the files do not name any more may still have emails.
    Mailbox.objects.update(team_limits=blueprint.limits.model_dump(exclude_none=True))


def _process(blueprint: Blueprint) -> None:
    definition = blueprint.process.model_dump(mode="json", by_alias=True, exclude_none=True)
    digest = outcomes.digest_of(blueprint.process)
    AppliedProcess.objects.filter(active=True).exclude(digest=digest).update(
        active=False, timed_until=None
    )
    at_work = {"active": True, "places": dict(blueprint.process.places)}
    AppliedProcess.objects.update_or_create(
        digest=digest,
        defaults=at_work,
        create_defaults={**at_work, "definition": definition, "applied_at": clock.now()},
    )


def _counterparts(blueprint: Blueprint) -> None:
    connections = {row.name: row for row in Connection.objects.all()}
    StageCounterpart.objects.all().delete()
    StageCounterpart.objects.bulk_create(
        StageCounterpart(
            connection=connections[name],
            object=kind,
            value=value,
            stage=stage.name,
            written=position == 0,
        )
        for stage in blueprint.process.stages
        for name, counterpart in stage.counterparts.items()
        for kind, values in (("lead", counterpart.lead_status), ("deal", counterpart.deal_stage))
        for position, value in enumerate(values)
    )


def _lists(blueprint: Blueprint) -> None:
    members.configure(blueprint.process.lists)
    ListMember.objects.all().delete()
    ListMember.objects.bulk_create(
        (
            ListMember(list=name, email=email, by_form=email not in blueprint.lists.get(name, ()))
            for name, emails in with_members(blueprint.lists, blueprint.forms).items()
            for email in sorted(emails)
        ),
        batch_size=500,
        ignore_conflicts=True,  # a form may be sent in just now
    )


def _forms(blueprint: Blueprint) -> None:
    Form.objects.exclude(name__in=blueprint.forms).delete()
    for name, form in blueprint.forms.items():
        settings = form.model_dump(mode="json", exclude_none=True)
        Form.objects.update_or_create(name=name, defaults={"settings": settings})


def _activate(blueprint: Blueprint, definition: Definition) -> tuple[AppliedVersion, bool]:
    digest = blueprint.digests[definition.name]
    with transaction.atomic():
        templates = {}
        for name in definition.templates():
            templates[name] = _kept_template(blueprint.templates[name])
        version, _ = AppliedVersion.objects.get_or_create(
            sequence=definition.name,
            digest=digest,
            defaults={
                "definition": definition.model_dump(mode="json", by_alias=True),
                "templates": templates,
                "places": blueprint.sequences[definition.name].places,
                "applied_at": clock.now(),
            },
        )
        changed = not version.active
        others = AppliedVersion.objects.filter(sequence=definition.name, active=True)
        others.exclude(pk=version.pk).update(active=False)
        if changed:
            version.active = True
            version.save(update_fields=["active"])
            if definition.when_changed != "finish":
                engine.reconsider(sequence=definition.name)
    return version, changed


def _kept_template(template: Template) -> int:
    row = planning.template_row(template)
    attached.keep(template.attachments)
    kept, _ = EmailTemplate.objects.get_or_create(
        name=row.name,
        digest=row.digest,
        defaults={
            "subject": row.subject,
            "text": row.text,
            "html": row.html,
            "attachments": row.attachments,
        },
    )
    return kept.pk
