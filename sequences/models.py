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
    #: Step id, "exit.0", "enroll", ... -> file:line, where it stood when it was applied.
    places = models.JSONField(default=dict)
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
    #: After a move to another version: it goes on behind this step ("": from the top), and counts
    #: waits from this moment.
    anchor = models.CharField(max_length=100, blank=True)
    anchored_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lead"],
                condition=Q(status__in=["active", "paused"]),
                name="one_open_enrollment_per_lead",
            )
        ]
        indexes = [
            # serves claims.claim, in its order; SQLite takes no partial index whose condition a
            # bound value has to meet, and whoever has ended is not due
            models.Index(
                fields=["due_at", "id"], condition=Q(due_at__isnull=False), name="enrollment_due"
            ),
            models.Index(fields=["sequence", "started_at"], name="enrollment_throttle"),
            # serves rotation: how much the mailboxes have to do
            models.Index(
                fields=["mailbox_id"], condition=Q(ended_at__isnull=True), name="enrollment_load"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead} in {self.sequence} ({self.status})"


class StepRun(models.Model):
    """A step that was taken, once per enrollment, and why."""

    #: Found by the constraint below.
    enrollment = models.ForeignKey(
        Enrollment, on_delete=models.CASCADE, related_name="runs", db_index=False
    )
    step_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=10)  #: email | task | branch | update
    at = models.DateTimeField()
    way = models.SmallIntegerField(default=-1)  #: of a branch, see cadence.NO_WAY
    ended_at = models.DateTimeField(
        null=True, blank=True
    )  #: of a task: when it was done or skipped
    disposition = models.CharField(max_length=100, blank=True)  #: of a task: how it turned out
    because = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "step_id"], name="one_run_per_step")
        ]

    def __str__(self) -> str:
        return f"{self.step_id} at {self.at:%Y-%m-%d %H:%M}"


class ListMember(models.Model):
    """Who is in lists/<list>.csv of the workspace, as it was applied, or wrote into a form."""

    list = models.CharField(max_length=100)
    email = models.CharField(max_length=320)  #: normalized
    #: The file does not name it: it leaves the list when what was written is dropped.
    by_form = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["list", "email"], name="once_in_a_list")]

    def __str__(self) -> str:
        return f"{self.email} in {self.list}"


class Waiting(models.Model):
    """A lead whom a sequence's rule names, but a throttle or a rest holds back: judged again then."""

    sequence = models.CharField(max_length=100)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE)
    reason = models.CharField(max_length=300)
    since = models.DateTimeField()
    retry_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sequence", "lead"], name="one_wait_per_sequence")
        ]
        verbose_name_plural = "waiting"

    def __str__(self) -> str:
        return f"{self.lead} for {self.sequence}: {self.reason}"
