"""The process as applied, and the work it gives to people."""

from django.db import models

from crm.models import Deal, Lead, Owner
from process.preparation.models import Enricher, Enrichment, Question
from process.prospecting.models import (
    Form,
    LeadQualification,
    LeadScore,
    Submission,
    TerritoryTurn,
    Unassigned,
)

__all__ = [
    "AppliedProcess",
    "Enricher",
    "Enrichment",
    "Form",
    "LeadQualification",
    "LeadScore",
    "Question",
    "Submission",
    "Task",
    "TerritoryTurn",
    "Unassigned",
]


class AppliedProcess(models.Model):
    """process.yaml as applied, by digest; the newest active one is at work."""

    digest = models.CharField(max_length=64, unique=True)
    definition = models.JSONField()  #: process.definition.Process, dumped
    #: `Approach.exit.0` -> file:line.
    places = models.JSONField(default=dict)
    active = models.BooleanField(default=False)
    applied_at = models.DateTimeField()
    #: Whose time in a stage ran out by then was asked; null: nobody was. See process.timing.
    timed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "applied processes"

    def __str__(self) -> str:
        return self.digest[:8]


class Feedback(models.Model):
    """What a person answered to one request for a score; the timeline has each of the answers."""

    #: The email that asked; each asks once.
    message_id = models.BigIntegerField(unique=True)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE)
    score = models.SmallIntegerField()  #: 0 to 10
    comment = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "feedback"

    def __str__(self) -> str:
        return f"{self.score} from {self.lead}"


class Renewal(models.Model):
    """A date on which a won deal ends unless it is renewed, of which the timeline was told."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE)
    day = models.CharField(max_length=10)  #: as deals have it, such as 2026-05-01
    noted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deal", "day"], name="one_renewal_per_date")]

    def __str__(self) -> str:
        return f"{self.deal} on {self.day}"


class HeldMove(models.Model):
    """A move by an exit that waits for facts which its stage requires."""

    lead = models.OneToOneField(Lead, on_delete=models.CASCADE)
    from_stage = models.CharField(max_length=50)
    to_stage = models.CharField(max_length=50)
    by_time = models.BooleanField(default=False)
    because = models.JSONField(default=dict)
    asked_at = models.DateTimeField()  #: when the facts were last looked at

    def __str__(self) -> str:
        return f"{self.lead} to {self.to_stage}"


class Task(models.Model):
    """Something for a person to do: call, research, read an answer, decide on a doubtful send."""

    kind = models.CharField(max_length=30)
    title = models.CharField(max_length=300)
    note = models.TextField(blank=True)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE)
    owner = models.ForeignKey(Owner, null=True, blank=True, on_delete=models.SET_NULL)
    enrollment_id = models.BigIntegerField(null=True, blank=True)
    step_id = models.CharField(max_length=100, blank=True)  #: that assigned it
    say = models.TextField(blank=True)  #: to the lead
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    skipped = models.BooleanField(default=False)  #: it ended without being done
    disposition = models.CharField(max_length=100, blank=True)  #: how it turned out
    ended_by = models.CharField(
        max_length=200, blank=True
    )  #: a person; blank: the program or a CRM
    snoozed_until = models.DateTimeField(null=True, blank=True)  #: off the queue till then
    #: Made at most once per key, however often its cause is seen.
    key = models.CharField(max_length=200, unique=True)

    def __str__(self) -> str:
        return self.title
