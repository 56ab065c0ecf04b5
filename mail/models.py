"""Mailboxes, what leaves through them, what comes back, and who must not be written to."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from crm.models import Company, Deal, Lead
from mail.inbound_models import Inbound, SentCopy, Watch
from mail.mailbox_models import SENDER, Mailbox, MailboxLogin, Pause, Sender
from runtime import clock

if TYPE_CHECKING:
    from mail.attachments import Attachment

__all__ = [
    "SENDER",
    "AttachedFile",
    "EmailTemplate",
    "Inbound",
    "Mailbox",
    "MailboxLogin",
    "Message",
    "Pause",
    "Sender",
    "SentCopy",
    "Suppression",
    "Visit",
    "Watch",
]


class AttachedFile(models.Model):
    """What emails carry along, by digest; never changed once written."""

    digest = models.CharField(max_length=64, unique=True)  #: SHA-256 of the content
    content = models.BinaryField()

    def __str__(self) -> str:
        return self.digest


class EmailTemplate(models.Model):
    """One applied state of templates/email/<name>/, by digest; never changed once written."""

    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    subject = models.TextField()
    text = models.TextField(blank=True)  #: blank: it is made of `html`
    html = models.TextField(blank=True)
    #: [name, digest of an AttachedFile] of each.
    attachments = models.JSONField(default=list, blank=True)

    #: Of a row that is in no database, as previews make them: mail.attachments.Attachment.
    unsaved_attachments: Sequence["Attachment"] = ()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "digest"], name="one_row_per_template_state")
        ]

    def __str__(self) -> str:
        return self.name


class Message(models.Model):
    """One email of one step of one enrollment: at most one, whatever happens."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"  #: claimed by a worker
        SENT = "sent"
        FAILED = "failed"  #: refused for good; `last_error` says why
        UNCONFIRMED = "unconfirmed"  #: handed to the server, outcome unknown
        CANCELLED = "cancelled"

    enrollment_id = models.BigIntegerField()
    step_id = models.CharField(max_length=100)
    #: The name by which a person pauses it, nothing more.
    sequence = models.CharField(max_length=100, blank=True)
    #: Opaque, the same for the same enrollment and step: leaves as X-Cadenza-Step.
    token = models.CharField(max_length=100)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE)
    #: The deal that the enrollment is bound to: its closing stops the message.
    deal = models.ForeignKey(Deal, null=True, blank=True, on_delete=models.SET_NULL, db_index=False)
    mailbox = models.ForeignKey(Mailbox, on_delete=models.PROTECT, db_index=False)
    template = models.ForeignKey(EmailTemplate, on_delete=models.PROTECT, db_index=False)
    #: The meeting that it invites to, as mail.invitations reads it: {"title", "start", "location"} as
    #: written, "duration" and "reminder" in seconds.
    invite = models.JSONField(null=True, blank=True)
    #: The email that this one follows up, in the same thread.
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, db_index=False
    )
    to_email = models.CharField(max_length=320)
    to_domain = models.CharField(max_length=320, blank=True, default="")
    #: Whom `raw` is addressed to instead, in staging.
    redirected_to = models.CharField(max_length=320, blank=True)
    #: With angle brackets; written when queued and kept over every retry.
    message_id = models.CharField(max_length=300)
    #: By which the ESP that sent it knows it, where that is not our Message-ID.
    provider_id = models.CharField(max_length=300, null=True, blank=True)
    references = models.TextField(blank=True)
    subject = models.TextField(blank=True)
    text = models.TextField(blank=True)
    #: The bytes, kept when they are first handed over, before the server has one of them.
    raw = models.BinaryField(null=True)
    #: Where its tracked links lead, by number; see mail.tracking.
    links = models.JSONField(default=list, blank=True)
    #: {"days": ["mon", ...], "from": "09:00", "to": "17:00", "timezone": "Europe/Berlin",
    #: "holidays": ["DE"]}
    window = models.JSONField()
    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    #: When the enrollment began: a reply or closing later than this stops the message.
    enrolled_at = models.DateTimeField()
    queued_at = models.DateTimeField()
    due_at = models.DateTimeField()  #: not before
    #: And not from then on: what it says is of no use any more.
    leave_before = models.DateTimeField(null=True, blank=True)
    #: News of a meeting that stands, and no outreach: what ends enrollments does not stop it.
    is_notice = models.BooleanField(default=False)
    #: It sells to somebody who is no customer: a deal that the company wins with us stops it.
    is_prospecting = models.BooleanField(default=False)
    claimed_until = models.FloatField(default=0)  #: real seconds, see runtime.clock
    #: Committed just before DATA: from here on a crash means "unconfirmed".
    handed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    #: When we learned that it came back for good, and that it was called spam.
    bounced_at = models.DateTimeField(null=True, blank=True)
    complained_at = models.DateTimeField(null=True, blank=True)
    attempts = models.IntegerField(default=0)
    last_error = models.TextField(blank=True)
    because = models.JSONField(default=dict)  #: the decision and the admission that led here

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enrollment_id", "step_id"], name="one_message_per_step"
            ),
            models.UniqueConstraint(fields=["message_id"], name="one_message_per_message_id"),
        ]
        indexes = [
            # serves outbox.claim: what is due of a mailbox
            models.Index(
                fields=["mailbox", "due_at"], condition=Q(status="queued"), name="message_queued"
            ),
            # serves claims.recover: claims that ran out; and pacing: what is under way
            models.Index(
                fields=["mailbox", "claimed_until"],
                condition=Q(status="sending"),
                name="message_under_way",
            ),
            # serves pacing: what may have left a mailbox
            models.Index(
                fields=["mailbox", "handed_at"],
                condition=Q(status="unconfirmed"),
                name="message_unconfirmed",
            ),
            # serves pacing: what left a mailbox lately
            models.Index(
                fields=["mailbox", "sent_at"],
                condition=Q(sent_at__isnull=False),
                name="message_history",
            ),
            # serves history.quotas: what left to a domain lately
            models.Index(
                fields=["to_domain", "sent_at"],
                condition=Q(sent_at__isnull=False),
                name="message_to_domain",
            ),
            # serve reputation.tally: few come back
            models.Index(
                fields=["mailbox", "bounced_at"],
                condition=Q(bounced_at__isnull=False),
                name="message_bounced",
            ),
            models.Index(
                fields=["mailbox", "complained_at"],
                condition=Q(complained_at__isnull=False),
                name="message_complained",
            ),
            # serve the end of a deal, and of what a thread began with; most have neither
            models.Index(fields=["deal"], condition=Q(deal__isnull=False), name="message_of_deal"),
            models.Index(
                fields=["parent"], condition=Q(parent__isnull=False), name="message_of_parent"
            ),
            # serves touches.by_ids: answers that name the ESP's id
            models.Index(
                fields=["provider_id"],
                condition=Q(provider_id__isnull=False),
                name="message_provider_id",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.to_email} {self.step_id} ({self.status})"


class Visit(models.Model):
    """A link of an email was followed, or its pixel fetched, so often within one minute."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE)
    number = models.IntegerField()  #: the link's in Message.links, or tracking.PIXEL
    minute = models.DateTimeField()
    machine = models.CharField(max_length=20, blank=True)  #: why it was no person; blank: it may be
    count = models.IntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    judged = models.BooleanField(default=False)  #: it stands on the timeline

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message", "number", "minute", "machine"], name="one_visit_per_minute"
            )
        ]
        indexes = [
            # serves visits.judge: what is not on the timeline yet
            models.Index(fields=["first_at"], condition=Q(judged=False), name="visit_unjudged")
        ]

    def __str__(self) -> str:
        return f"{self.number} of {self.message_id} at {self.minute:%Y-%m-%d %H:%M}"


class Suppression(models.Model):
    """A person stop: nothing leaves any more to whomever it covers; see mail.suppression."""

    class Kind(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed"
        HARD_BOUNCE = "hard_bounce"
        COMPLAINT = "complaint"
        DO_NOT_CONTACT = "do_not_contact"  #: a flag in a connected CRM
        MANUAL = "manual"
        IMPORTED = "imported"
        ERASED = "erased"  #: the person's data were erased on request

    #: Whom it covers, in the spelling that is looked up: an address; "@" and a domain; "#" and the
    #: keyed hash of an erased address. Blank: a company.
    email = models.CharField(max_length=320, blank=True)
    #: All of its leads. PROTECT: a company that goes must hand its suppressions on.
    company = models.ForeignKey(Company, null=True, blank=True, on_delete=models.PROTECT)
    kind = models.CharField(max_length=20, choices=Kind)
    #: Covered besides, under any address.
    lead = models.ForeignKey(Lead, null=True, blank=True, on_delete=models.SET_NULL)
    at = models.DateTimeField()  #: when the person asked, or whoever suppressed did
    #: When the row was written: an email that left between the two left before we knew.
    noted_at = models.DateTimeField(default=clock.now)
    #: Who and why: {"by": ..., "reason": ...}, or what of ours it rests on.
    because = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["email", "kind"], condition=~Q(email=""), name="one_suppression_per_kind"
            )
        ]
        indexes = [
            # serves suppression.first: what covers the address, whatever the kind
            models.Index(fields=["email"], name="suppression_of_address"),
        ]

    def __str__(self) -> str:
        return f"{self.value} ({self.kind})"

    @property
    def scope(self) -> str:
        """address | domain | company | erased."""
        if self.company_id is not None:
            return "company"
        return {"@": "domain", "#": "erased"}.get(self.email[:1], "address")

    @property
    def value(self) -> str:
        """The address, the domain, the company's name or the hash, without the mark."""
        if self.company is not None:
            return self.company.name
        return self.email if self.scope == "address" else self.email[1:]
