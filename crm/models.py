"""Our mirror of the CRMs: who and what they hold, what we owe them, and what happened.

Rows of one connection's records are linked to ours by ExternalRecord, by id and never by email.
"""

from django.db import models
from django.db.models import Q

from crm.connection_models import CallBudget, Connection, Hint, KeptLogin, Login, WebhookReceipt
from crm.list_models import ListCounterpart, Listed, Membership
from crm.record_models import Change, ExternalRecord, StageCounterpart

__all__ = [
    "Activity",
    "CallBudget",
    "Change",
    "Company",
    "Connection",
    "Deal",
    "ExternalRecord",
    "FormerUid",
    "Hint",
    "KeptLogin",
    "Lead",
    "ListCounterpart",
    "Listed",
    "Login",
    "Meeting",
    "Membership",
    "Owner",
    "Separated",
    "StageCounterpart",
    "StageMove",
    "WebhookReceipt",
]


class Owner(models.Model):
    """A rep, the same one in every CRM that knows the email."""

    email = models.CharField(max_length=254, unique=True)  #: normalized
    name = models.CharField(max_length=300, blank=True)
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name or self.email


class Company(models.Model):
    name = models.CharField(max_length=300)
    domain = models.CharField(max_length=253, blank=True)
    industry = models.CharField(max_length=200, blank=True)
    country = models.CharField(max_length=100, blank=True)
    employees = models.IntegerField(null=True, blank=True)
    owner = models.ForeignKey(Owner, null=True, blank=True, on_delete=models.SET_NULL)
    extra = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name


class Lead(models.Model):
    """A person. `stage` is the place among the seven; the bound deal decides it once there is one."""

    email = models.CharField(max_length=320, blank=True, db_index=True)  #: normalized
    first_name = models.CharField(max_length=200, blank=True)
    last_name = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=300, blank=True)
    phone = models.CharField(max_length=100, blank=True)
    country = models.CharField(max_length=100, blank=True)
    language = models.CharField(max_length=35, blank=True)
    timezone = models.CharField(max_length=64, blank=True)  #: IANA name, as the CRM has it
    status = models.CharField(max_length=100, blank=True)  #: the CRM's lead status
    lifecycle_stage = models.CharField(max_length=100, blank=True)
    do_not_contact = models.BooleanField(default=False)
    #: Since when nothing here forbids contact any more, while a CRM may still do; see crm.consent.
    consented_at = models.DateTimeField(null=True, blank=True)
    #: The person's data were erased here on request: the row keeps the CRM's record from landing anew.
    erased_at = models.DateTimeField(null=True, blank=True)
    #: Why this lead is not enrolled though a rule would (two people with one email, ...).
    doubt = models.TextField(blank=True)
    extra = models.JSONField(default=dict, blank=True)
    company = models.ForeignKey(Company, null=True, blank=True, on_delete=models.SET_NULL)
    owner = models.ForeignKey(Owner, null=True, blank=True, on_delete=models.SET_NULL)
    #: The connection in which the lead was first seen: touches and stages are written there.
    source = models.ForeignKey(Connection, on_delete=models.PROTECT)
    #: The meeting that its rules and emails are about, see crm.meetings; null: none.
    meeting = models.JSONField(null=True, blank=True)
    #: What a person wrote about this one lead, for emails to print; no CRM has it.
    line = models.CharField(max_length=500, blank=True)
    #: Its last score, 0 to 10, of how likely it is to recommend us.
    nps = models.SmallIntegerField(null=True, blank=True)
    #: What the last answer meant, by the process's answers; blank before the first.
    disposition = models.CharField(max_length=50, blank=True)
    stage = models.CharField(max_length=50, blank=True)
    stage_since = models.DateTimeField(null=True, blank=True)
    #: By the rules of process.yaml: fit and engagement add up to the score; null: none are declared.
    score = models.IntegerField(null=True, blank=True)
    fit = models.IntegerField(null=True, blank=True)
    engagement = models.IntegerField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            # serves process.timing: who has been in a stage for so long
            models.Index(fields=["stage", "stage_since"], name="lead_in_stage")
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email or f"lead {self.pk}"


class Separated(models.Model):
    """Two leads of which a person said that they are two people, the older one first."""

    first = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="separated_from")
    second = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="separated_too")
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["first", "second"], name="separated_once")]

    def __str__(self) -> str:
        return f"{self.first_id} is not {self.second_id}"


class Deal(models.Model):
    name = models.CharField(max_length=300)
    stage_value = models.CharField(max_length=100)  #: the CRM's value
    pipeline = models.CharField(max_length=100, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    is_closed = models.BooleanField(default=False)
    is_won = models.BooleanField(default=False)
    created_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    company = models.ForeignKey(Company, null=True, blank=True, on_delete=models.SET_NULL)
    owner = models.ForeignKey(Owner, null=True, blank=True, on_delete=models.SET_NULL)
    #: The primary person on the deal; the others are not walked through the process.
    lead = models.ForeignKey(
        Lead, null=True, blank=True, on_delete=models.SET_NULL, related_name="deals"
    )
    source = models.ForeignKey(Connection, on_delete=models.PROTECT)
    extra = models.JSONField(default=dict, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Meeting(models.Model):
    """A meeting with a lead: booked by a link, invited to by an email, or noted by a person."""

    class Status(models.TextChoices):
        INVITED = "invited"  #: and not answered yet
        BOOKED = "booked"
        CANCELED = "canceled"
        HELD = "held"
        MISSED = "missed"  #: the lead did not come

    #: Null: nobody knows yet whose it is; a person says so.
    lead = models.ForeignKey(
        Lead, null=True, blank=True, on_delete=models.CASCADE, related_name="meetings"
    )
    owner = models.ForeignKey(Owner, null=True, blank=True, on_delete=models.SET_NULL)
    #: By which calendars, or the provider, know it; a booking that is moved gets another.
    uid = models.CharField(max_length=255, unique=True)
    source = models.CharField(max_length=20)  #: cal.com | invitation | by hand
    status = models.CharField(max_length=10, choices=Status)
    title = models.CharField(max_length=300, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    timezone = models.CharField(max_length=64)  #: in which the lead is told when it is
    location = models.CharField(max_length=500, blank=True)  #: a place, or the link to it
    attendee = models.CharField(max_length=320, blank=True)  #: the address that was given
    attendee_name = models.CharField(max_length=300, blank=True)
    #: How often it was changed, as calendars count (RFC 5545 3.8.7.4).
    sequence = models.IntegerField(default=0)
    #: Of the newest news that is in it: what is told later and is older changes nothing.
    told_at = models.DateTimeField()
    #: The mailbox that is its organizer, where we invited to it.
    mailbox_id = models.BigIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.title or 'meeting'} at {self.starts_at:%Y-%m-%d %H:%M}"


class FormerUid(models.Model):
    """By which a meeting was known before it was moved: news of it may come late."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="former")
    uid = models.CharField(max_length=255, unique=True)

    def __str__(self) -> str:
        return self.uid


class StageMove(models.Model):
    """A lead's move from stage to stage: who moved it, when and why."""

    class By(models.TextChoices):
        RULE = "rule"  #: an exit of the process, or a step of a sequence, on an outcome
        TIME = "time"  #: an exit of the process, after so long in the stage
        PERSON = "person"  #: somebody here
        CRM = "crm"  #: somebody there

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="moves")
    from_stage = models.CharField(max_length=50, blank=True)
    to_stage = models.CharField(max_length=50)
    at = models.DateTimeField()
    by = models.CharField(max_length=10, choices=By, default=By.RULE)
    who = models.CharField(max_length=100, blank=True)  #: the person's name, or the connection's
    #: The process does not allow it; a person in the CRM did it, and it holds.
    out_of_order = models.BooleanField(default=False)
    because = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.from_stage or '-'} to {self.to_stage}"


class Activity(models.Model):
    """The timeline, append-only. `reacted_at` stays null until its reactions ran."""

    kind = models.CharField(max_length=30)
    lead = models.ForeignKey(Lead, null=True, blank=True, on_delete=models.CASCADE, db_index=False)
    deal = models.ForeignKey(Deal, null=True, blank=True, on_delete=models.CASCADE, db_index=False)
    connection = models.ForeignKey(
        Connection, null=True, blank=True, on_delete=models.CASCADE, db_index=False
    )
    #: Plain ids: those layers stand above this one.
    enrollment_id = models.BigIntegerField(null=True, blank=True)
    message_id = models.BigIntegerField(null=True, blank=True)
    occurred_at = models.DateTimeField()
    data = models.JSONField(default=dict, blank=True)
    #: Written at most once per key, however often its cause is seen; null: no such bound.
    key = models.CharField(max_length=300, null=True, blank=True)
    reacted_at = models.DateTimeField(null=True, blank=True)
    #: A reaction that failed is tried again by the next sweeps, a few times, then shown.
    reaction_attempts = models.IntegerField(default=0)
    reaction_error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "activities"
        # Every activity is written to each of these: there are no more than are read.
        constraints = [models.UniqueConstraint(fields=["key"], name="one_activity_per_key")]
        indexes = [
            # serves workers.reactions: what is still without a reaction
            models.Index(
                fields=["id"], condition=Q(reacted_at__isnull=True), name="activity_unreacted"
            ),
            models.Index(fields=["lead", "occurred_at"], name="activity_of_lead"),
            # serve the end of a deal or a connection; few activities name one
            models.Index(fields=["deal"], condition=Q(deal__isnull=False), name="activity_of_deal"),
            models.Index(
                fields=["connection"],
                condition=Q(connection__isnull=False),
                name="activity_of_connection",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.occurred_at:%Y-%m-%d %H:%M}"
