"""Applied sequences and the people in them."""

from django.db import models
from django.db.models import Q

from crm.models import Deal, Lead


class AppliedVersion(models.Model):
    """A sequence as applied, by a digest over it, the process and its templates; never changed."""

    sequence = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    definition = models.JSONField()  #: sequences.definition.Sequence, dumped
    templates = models.JSONField()  #: template name -> mail.EmailTemplate id
    active = models.BooleanField(default=False)  #: its rules enroll newcomers
    applied_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sequence", "digest"], name="one_row_per_version"),
            models.UniqueConstraint(
                fields=["sequence"], condition=Q(active=True), name="one_active_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence}@{self.digest[:8]}"


class Enrollment(models.Model):
    """A lead in a sequence; pins the applied version it began with."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"  #: until `due_at` (out of office) or until a person resumes it (null)
        FINISHED = "finished"  #: every step done
        STOPPED = "stopped"  #: an exit criterion, a person stop or a person; `reason` says which

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE)
    version = models.ForeignKey(AppliedVersion, on_delete=models.PROTECT)
    sequence = models.CharField(max_length=100)
    deal = models.ForeignKey(Deal, null=True, blank=True, on_delete=models.SET_NULL)
    mailbox_id = models.BigIntegerField()  #: the mailbox that every email of it leaves from
    timezone = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    reason = models.CharField(max_length=100, blank=True)
    because = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)  #: when `decide` is asked next

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lead"],
                condition=Q(status__in=["active", "paused"]),
                name="one_open_enrollment_per_lead",
            )
        ]
        indexes = [
            # serves engine.claim_due
            models.Index(
                fields=["due_at"],
                condition=Q(status__in=["active", "paused"]),
                name="enrollment_due",
            ),
            models.Index(fields=["sequence", "started_at"], name="enrollment_throttle"),
        ]

    def __str__(self) -> str:
        return f"{self.lead} in {self.sequence} ({self.status})"


class StepRun(models.Model):
    """A step that was taken, once per enrollment, and why."""

    enrollment = models.ForeignKey(Enrollment, on_delete=models.CASCADE, related_name="runs")
    step_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=10)  #: email | wait | task
    at = models.DateTimeField()
    because = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "step_id"], name="one_run_per_step")
        ]

    def __str__(self) -> str:
        return f"{self.step_id} at {self.at:%Y-%m-%d %H:%M}"
