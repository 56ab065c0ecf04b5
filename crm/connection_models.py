"""The rows of connections: what is known of each, what it may be asked, and how it is logged in to."""

from uuid import uuid4

from django.db import models


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
