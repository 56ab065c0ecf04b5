"""Our mirror of the CRMs: who and what they hold, what we owe them, and what happened.

Rows of one connection's records are linked to ours by ExternalRecord, by id and never by email.
"""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from crm.list_models import ListCounterpart, Listed, Membership

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


class Connection(models.Model):
    """One CRM account of the workspace; `name` is its key in cadenza.yaml."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        STOPPED = "stopped"  #: a permanent failure switched it off; `last_error` says why

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=20)  #: hubspot | salesforce | csv
    #: As written in cadenza.yaml, `${SECRETS}` unresolved: url, token, fields, ...
    settings = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    last_error = models.TextField(blank=True)
    #: Kind of record -> the connector's opaque cursor; "" before the first page landed.
    cursors = models.JSONField(default=dict)
    #: The first pull enrolls nobody; null until it has ended.
    first_pulled_at = models.DateTimeField(null=True, blank=True)
    pulled_at = models.DateTimeField(null=True, blank=True)
    #: When the next pull is due, and who is at it until when (real seconds, see runtime.clock).
    pull_due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    pull_every = models.DurationField()
    pull_claimed_until = models.FloatField(default=0)
    push_claimed_until = models.FloatField(default=0)
    push_due_at = models.DateTimeField(null=True, blank=True)  #: not before; null: at once
    calls = models.BigIntegerField(default=0)  #: API calls made so far
    #: Drawn before each asking and each writing, see crm.order.
    seq = models.BigIntegerField(default=0)
    #: A mass change that waits for a person, {"direction", "kind", "count", "limit", ...}; or {}.
    brake = models.JSONField(default=dict, blank=True)
    #: What a person let pass, as crm.brakes names it; taken back when that scan or push has ended.
    brake_approved = models.JSONField(default=list, blank=True)
    #: Kind -> what the scan under way has changed and deleted so far.
    braking = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.name


class CallBudget(models.Model):
    """A token bucket of one connection's API calls; see crm.quota. Moments are real seconds."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    name = models.CharField(max_length=10)  #: call | search
    tokens = models.FloatField()
    refilled_at = models.FloatField()
    day = models.DateField()  #: UTC
    day_used = models.IntegerField(default=0)
    day_limit = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "name"], name="one_bucket_per_name")
        ]

    def __str__(self) -> str:
        return f"{self.connection_id}:{self.name}"


class Hint(models.Model):
    """A record of a CRM that may have changed; gone once it was read again."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    kind = models.CharField(max_length=10)
    external_id = models.CharField(max_length=100)
    #: The person asked the CRM to be forgotten: there is nothing to read.
    forgotten = models.BooleanField(default=False)
    #: Drawn anew when it is told again.
    mark = models.UUIDField(default=uuid4)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "external_id", "forgotten"], name="one_hint"
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection_id}:{self.kind}:{self.external_id}"


class WebhookReceipt(models.Model):
    """A webhook that was taken in, so that it is not taken in twice; kept for minutes."""

    digest = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest


class KeptLogin(models.Model):
    """Tokens that refreshes won, encrypted; see crm.logins."""

    #: Which refresh token of the workspace they come from, as a digest.
    origin = models.CharField(max_length=64)
    access_token = models.TextField(blank=True)
    refresh_token = models.TextField(blank=True)
    claimed_until = models.FloatField(default=0)

    class Meta:
        abstract = True


class Login(KeptLogin):
    """Of a connection."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE)

    def __str__(self) -> str:
        return f"login of {self.connection_id}"


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


class ExternalRecord(models.Model):
    """One record of one connection, linked to our row, with what both sides last agreed on."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    kind = models.CharField(max_length=10)  #: owner | company | lead | deal
    external_id = models.CharField(max_length=100)
    owner = models.ForeignKey(Owner, null=True, blank=True, on_delete=models.CASCADE)
    company = models.ForeignKey(Company, null=True, blank=True, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, null=True, blank=True, on_delete=models.CASCADE)
    deal = models.ForeignKey(Deal, null=True, blank=True, on_delete=models.CASCADE)
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

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
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

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
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
