"""The rows of what was found in mailboxes: answers, and emails of ours that left unknown to us."""

from django.db import models

from crm.models import Lead


class Watch(models.Model):
    """One row: the last moment at which somebody kept watch over this database, see mail.watch."""

    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"seen at {self.seen_at}"


class SentCopy(models.Model):
    """An email that left and that the database does not know of, found where it was kept.

    A backup was restored: the step that it was sent for is yet to come here, or never will.
    """

    mailbox = models.ForeignKey("mail.Mailbox", on_delete=models.CASCADE)
    message_id = models.CharField(max_length=300, unique=True)
    token = models.CharField(max_length=100, db_index=True)  #: its X-Cadenza-Step
    to_email = models.CharField(max_length=320, db_index=True)  #: normalized
    sent_at = models.DateTimeField()
    found_in = models.CharField(max_length=300)  #: the folder
    raw = models.BinaryField()
    #: The step came and is known as sent, or a person looked at it; until then its lead is in doubt.
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "sent copies"

    def __str__(self) -> str:
        return f"{self.to_email} {self.sent_at}"


class Inbound(models.Model):
    """One email that came in, and what it was taken for."""

    class Kind(models.TextChoices):
        REPLY = "reply"
        AUTO_REPLY = "auto_reply"
        CALENDAR = "calendar"  #: the answer to an invitation, by a button
        BOUNCE = "bounce"
        DELAYED = "delayed"
        COMPLAINT = "complaint"
        UNSUBSCRIBE = "unsubscribe"
        OTHER = "other"

    mailbox = models.ForeignKey("mail.Mailbox", on_delete=models.CASCADE)
    uidvalidity = models.BigIntegerField()
    uid = models.BigIntegerField()
    #: SHA-256 over the bytes: the email's identity, also when the server numbers it anew.
    fingerprint = models.CharField(max_length=64)
    message_id = models.CharField(max_length=1000, blank=True)
    from_email = models.CharField(max_length=320, blank=True)
    subject = models.TextField(blank=True)
    kind = models.CharField(max_length=12, choices=Kind)
    text = models.TextField(blank=True)  #: the new text, quotes cut off
    #: Of ours, that it answers; matched by id, else by address.
    answers = models.ForeignKey("mail.Message", null=True, blank=True, on_delete=models.SET_NULL)
    lead = models.ForeignKey(Lead, null=True, blank=True, on_delete=models.SET_NULL)
    received_at = models.DateTimeField()
    data = models.JSONField(default=dict, blank=True)  #: what the classification rests on

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "fingerprint"], name="one_row_per_inbound")
        ]
        indexes = [
            # serves stops.reason: what a lead has answered lately
            models.Index(fields=["lead", "received_at"], name="inbound_of_lead"),
        ]
        verbose_name_plural = "inbound"

    def __str__(self) -> str:
        return f"{self.kind} from {self.from_email}"
