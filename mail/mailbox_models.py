"""The rows of who writes: the sender, its mailboxes with their logins, and what a person has paused."""

from datetime import datetime

from django.db import models

from crm.models import KeptLogin, Owner
from mail.pacing import Limits, RampUp
from runtime import clock

#: The id of the only row of Sender.
SENDER = 1


class Sender(models.Model):
    """Who writes, for the law and the templates: one row, written by `apply` from cadenza.yaml."""

    company = models.CharField(max_length=300)
    postal_address = models.CharField(max_length=500)
    #: Where people reach `cadenza web`; blank: unsubscribing works by mail alone.
    public_url = models.URLField(max_length=500, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    #: For staging: every email goes there, and to nobody else; blank: to the leads.
    redirect_to = models.CharField(max_length=320, blank=True)
    #: See mail.legal; {}: no legal basis is asked for.
    privacy = models.JSONField(default=dict, blank=True)
    #: Where tracked links lead; blank: to `public_url`.
    tracking_url = models.URLField(max_length=500, blank=True)
    track_clicks = models.BooleanField(default=False)
    track_opens = models.BooleanField(default=False)
    #: {"url": ..., "token": "${NAME}"} of the team's own model; null: the rules read answers alone.
    intent_hook = models.JSONField(null=True, blank=True)
    #: {"provider": ..., "secret": "${NAME}", "link": ...} of the page on which people book; null: none.
    booking = models.JSONField(null=True, blank=True)

    def __str__(self) -> str:
        return self.company


class Mailbox(models.Model):
    """A rep's mailbox: out by SMTP or an ESP's API, in by IMAP or the ESP's webhook."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        PAUSED = (
            "paused"  #: by itself, after a fault that `last_error` tells; a person's is a Pause
        )

    class PlusAddressing(models.TextChoices):
        """What comes back to a sub-address that names the email: see mail.subaddress."""

        NONE = "none"
        REPLIES = "replies"  #: by Reply-To
        ALL = "all"  #: reports too, by the envelope

    address = models.CharField(max_length=254, unique=True)
    display_name = models.CharField(max_length=200, blank=True)
    #: The rep, who may have several; null: it is in cadenza.yaml no more, and begins nothing.
    owner = models.ForeignKey(Owner, null=True, blank=True, on_delete=models.SET_NULL)
    #: smtp:// | smtp+starttls:// | smtps://host:port; blank: an ESP sends.
    smtp_url = models.CharField(max_length=500, blank=True)
    #: imap:// | imap+starttls:// | imaps://host:port; blank: the ESP brings in what arrives, or the
    #: local mail server hands it over, see mail.pipe.
    imap_url = models.CharField(max_length=500, blank=True)
    username = models.CharField(max_length=254)
    #: As in cadenza.yaml: ${NAME}, never the secret. Blank: `oauth` is the login, or none is needed.
    password = models.CharField(max_length=200, blank=True)
    #: Likewise; see mail.definition.OAuthSettings.
    oauth = models.JSONField(null=True, blank=True)
    #: Likewise: {"kind": ..., and its keys as "${NAME}"}; null: SMTP sends.
    esp = models.JSONField(null=True, blank=True)
    #: {"domain": ..., "selector": ..., "key": "${NAME}"}; null: its server signs, or nobody.
    dkim = models.JSONField(null=True, blank=True)
    plus_addressing = models.CharField(
        max_length=10, choices=PlusAddressing, default=PlusAddressing.NONE
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    last_error = models.TextField(blank=True)
    per_day = models.IntegerField()
    per_hour = models.IntegerField()
    per_minute = models.IntegerField(null=True, blank=True)  #: null: no cap
    gap = models.DurationField()  #: least time between two emails
    #: {"start": ..., "add": ...}: while it is new, see pacing.RampUp; null: all its caps allow.
    ramp_up = models.JSONField(null=True, blank=True)
    #: Days (UTC) on which emails left it, and the last of them.
    sending_days = models.IntegerField(default=0)
    last_sending_day = models.DateField(null=True, blank=True)
    #: The team's `limits`, see mail.quotas; the same in each, since a claim reads this row anyway.
    team_limits = models.JSONField(default=dict, blank=True)
    #: How far the inbox is read. A new UIDVALIDITY reads it again; Inbound keeps it unique.
    uidvalidity = models.BigIntegerField(default=0)
    last_uid = models.BigIntegerField(default=0)
    read_at = models.DateTimeField(null=True, blank=True)
    #: Not read again before; set after a failure.
    retry_at = models.DateTimeField(null=True, blank=True)
    failures = models.IntegerField(default=0)
    #: Shares of emails, in hundredths of a percent, above which it pauses; see mail.reputation.
    most_bounces = models.IntegerField(default=500)
    most_complaints = models.IntegerField(default=30)
    #: Paused for such a share since then: only a person resumes it.
    rates_exceeded_at = models.DateTimeField(null=True, blank=True)
    #: Whoever resumed it then: what left before counts no more.
    rates_from = models.DateTimeField(null=True, blank=True)
    #: Nobody can say here what left since then, see mail.watch: nothing leaves until that is known.
    unaccounted_since = models.DateTimeField(null=True, blank=True)
    #: The listener that holds IDLE, and until when (real seconds, see runtime.clock).
    listener = models.CharField(max_length=100, blank=True)
    listened_until = models.FloatField(default=0)

    class Meta:
        verbose_name_plural = "mailboxes"

    def __str__(self) -> str:
        return self.address

    @property
    def ramp(self) -> RampUp | None:
        if self.ramp_up is None:
            return None
        return RampUp(**self.ramp_up, days=self.sending_days, last=self.last_sending_day)

    def most_at(self, now: datetime) -> int:
        return min(self.per_day, self.ramp.most(now)) if self.ramp else self.per_day

    @property
    def limits(self) -> Limits:
        """As they are now."""
        return Limits(
            ramp_up=self.ramp.most(clock.now()) if self.ramp else None,
            per_day=self.per_day,
            per_hour=self.per_hour,
            per_minute=self.per_minute,
            gap=self.gap,
            whose=self.address,
        )


class MailboxLogin(KeptLogin):
    """Of the mailbox with this address; see mail.oauth."""

    address = models.CharField(max_length=254, unique=True)
    #: How long the access token is good (real seconds, see runtime.clock).
    good_until = models.FloatField(default=0)

    def __str__(self) -> str:
        return f"login of {self.address}"


class Pause(models.Model):
    """What a person has paused: nothing of it leaves until a person resumes it."""

    class Scope(models.TextChoices):
        ALL = "all"
        MAILBOX = "mailbox"
        SEQUENCE = "sequence"

    scope = models.CharField(max_length=10, choices=Scope)
    #: The mailbox's address or the sequence's name; blank for all.
    name = models.CharField(max_length=254, blank=True)
    since = models.DateTimeField()
    by = models.CharField(max_length=200)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "name"], name="one_pause_each")]

    def __str__(self) -> str:
        return f"{self.scope} {self.name}" if self.name else "all sending"
