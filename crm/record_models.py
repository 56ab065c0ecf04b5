"""The rows that tie ours to the CRMs': their records, their words for our stages, what we owe them."""

from django.db import models
from django.db.models import Q


class ExternalRecord(models.Model):
    """One record of one connection, linked to our row, with what both sides last agreed on."""

    connection = models.ForeignKey("crm.Connection", on_delete=models.CASCADE)
    kind = models.CharField(max_length=10)  #: owner | company | lead | deal
    external_id = models.CharField(max_length=100)
    owner = models.ForeignKey("crm.Owner", null=True, blank=True, on_delete=models.CASCADE)
    company = models.ForeignKey("crm.Company", null=True, blank=True, on_delete=models.CASCADE)
    lead = models.ForeignKey("crm.Lead", null=True, blank=True, on_delete=models.CASCADE)
    deal = models.ForeignKey("crm.Deal", null=True, blank=True, on_delete=models.CASCADE)
    #: Our field name -> the value, JSON-ready.
    base = models.JSONField(default=dict)
    #: Our field name -> our value that the CRM emptied and is to get back; see crm.merge.
    emptied = models.JSONField(default=dict, blank=True)
    #: Of a person in another CRM than the source: our field name -> its own word; see crm.words.
    words = models.JSONField(default=dict, blank=True)
    modified_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    #: When all its fields were read from the CRM; see crm.push.
    known_at = models.DateTimeField(null=True, blank=True)
    #: The number as of which we know it; answers with a lower one are older.
    seq = models.BigIntegerField(default=0)
    #: It refers to a record that has not landed; see crm.links.
    dangling = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "external_id"], name="one_row_per_external_record"
            )
        ]
        indexes = [
            # serves crm.links: what may refer to the records that have just landed
            models.Index(
                fields=["connection", "kind"], condition=Q(dangling=True), name="record_dangling"
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection_id}:{self.kind}:{self.external_id}"


class StageCounterpart(models.Model):
    """What a stage is called in a connection: written by `apply` from process.yaml."""

    connection = models.ForeignKey("crm.Connection", on_delete=models.CASCADE)
    object = models.CharField(max_length=10)  #: lead (its status) | deal (its stage)
    value = models.CharField(max_length=100)
    stage = models.CharField(max_length=50)
    #: The value that is written when a lead moves to `stage`; the others are only read.
    written = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "object", "value", "stage"], name="one_counterpart"
            )
        ]

    def __str__(self) -> str:
        return f"{self.value} = {self.stage}"


class Change(models.Model):
    """What we owe a CRM: a field's new value, a touch for its timeline, what became of a task, or
    that somebody is on a list of its or not."""

    class Status(models.TextChoices):
        PENDING = "pending"
        PUSHED = "pushed"
        SUPERSEDED = "superseded"  #: a newer change of the same field took its place
        CONFLICTED = "conflicted"  #: the CRM changed the field too, and won
        REFUSED = "refused"  #: the CRM's validation said no; `last_error` names the field

    class Kind(models.TextChoices):
        UPDATE = "update"
        TOUCH = "touch"
        COMPLETION = "completion"
        HANDOVER = "handover"
        MEMBERSHIP = "membership"

    connection = models.ForeignKey("crm.Connection", on_delete=models.CASCADE)
    kind = models.CharField(max_length=10, choices=Kind)
    #: The record that is written; for all others the lead's.
    record = models.ForeignKey(ExternalRecord, on_delete=models.CASCADE)
    field = models.CharField(max_length=70, blank=True)
    value = models.JSONField(null=True)
    #: 0 opt-outs, 1 stage changes, 2 touches, 3 the rest; see crm.ledger.
    priority = models.SmallIntegerField(default=3)
    #: For all others: the touch's Message-ID, and the Touch's other values in `value`.
    message_id = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    #: When a write was begun whose outcome we do not know yet; the next push looks first.
    attempted_at = models.DateTimeField(null=True, blank=True)
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField()
    last_error = models.TextField(blank=True)
    external_id = models.CharField(max_length=100, blank=True)  #: the engagement created
    created_at = models.DateTimeField()
    pushed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "message_id"],
                condition=Q(kind="touch"),
                name="one_touch_per_message",
            ),
            models.UniqueConstraint(
                fields=["connection", "message_id"],
                condition=Q(kind="completion"),
                name="one_completion_per_message",
            ),
            models.UniqueConstraint(
                fields=["record", "field"],
                condition=Q(kind="update", status="pending"),
                name="one_pending_change_per_field",
            ),
            models.UniqueConstraint(
                fields=["record", "field"],
                condition=Q(kind="membership", status="pending"),
                name="one_pending_membership",
            ),
        ]
        indexes = [
            # serves crm.push: the oldest due changes of a connection, the most urgent first
            models.Index(
                fields=["connection", "priority", "due_at"],
                condition=Q(status="pending"),
                name="change_pending",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.field or self.message_id} ({self.status})"
