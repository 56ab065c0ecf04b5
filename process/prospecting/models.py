"""The rows of prospecting."""

from django.db import models

from crm.models import Lead


class LeadScore(models.Model):
    """How a lead's score came about; the score itself stands on the lead."""

    lead = models.OneToOneField(Lead, on_delete=models.CASCADE)
    reasons = models.JSONField(default=list, blank=True)  #: of the rules that count: name, points
    #: It stands at the threshold or above, and may be written to.
    is_qualified = models.BooleanField(default=False)
    scored_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(db_index=True)  #: when it is counted anew at the latest

    def __str__(self) -> str:
        return f"score of lead {self.lead_id}"


class TerritoryTurn(models.Model):
    """Who got the last lead of a territory; its row is locked while the next one is given."""

    territory = models.CharField(max_length=100, unique=True)
    last_owner = models.CharField(max_length=254, blank=True)

    def __str__(self) -> str:
        return f"{self.territory}: {self.last_owner or 'nobody yet'}"


class Unassigned(models.Model):
    """A lead that waits for an owner, and why; it is tried again then."""

    lead = models.OneToOneField(Lead, on_delete=models.CASCADE)
    reason = models.CharField(max_length=300)
    since = models.DateTimeField()
    retry_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "unassigned"

    def __str__(self) -> str:
        return f"{self.lead}: {self.reason}"


class LeadQualification(models.Model):
    """Marketing's lead (MQL) as it was put before sales, and what came of it."""

    class State(models.TextChoices):
        OPEN = "open"  #: sales has not said yet
        ACCEPTED = "accepted"  #: SAL
        REJECTED = "rejected"
        SQL = "sql"
        DEAL = "deal"  #: an opportunity: a deal was made of it
        WON = "won"  #: a customer

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    because = models.JSONField(default=dict)  #: the score, or the CRM's words
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()  #: until then sales should have said yes or no
    answered_at = models.DateTimeField(null=True, blank=True)
    by = models.CharField(max_length=150, blank=True)
    reason = models.CharField(max_length=100, blank=True)  #: of a no
    deal_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lead"],
                condition=models.Q(state="open"),
                name="one_open_qualification_per_lead",
            )
        ]

    def __str__(self) -> str:
        return f"{self.lead}: {self.state}"


class Form(models.Model):
    """A form of cadenza.yaml as it was applied."""

    name = models.CharField(max_length=60, unique=True)
    settings = models.JSONField()  #: process.prospecting.forms.FormSettings, dumped

    def __str__(self) -> str:
        return self.name


class Submission(models.Model):
    """What somebody wrote into a form, and what became of it."""

    class State(models.TextChoices):
        WAITING = "waiting"  #: for its lead, or for a person who says whose it is
        NOTED = "noted"  #: on the timeline of its lead
        DROPPED = "dropped"  #: by a person

    form = models.CharField(max_length=60)
    email = models.CharField(max_length=254, db_index=True)
    told = models.JSONField(default=dict)  #: fact -> what was written
    page = models.CharField(max_length=500, blank=True)  #: that the form stood on
    consent = models.TextField()  #: that was given, to the letter
    network = models.CharField(max_length=64)  #: a hash under our key of where it came from
    at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    lead = models.ForeignKey(Lead, null=True, blank=True, on_delete=models.CASCADE)
    ended_at = models.DateTimeField(null=True, blank=True)
    by = models.CharField(max_length=150, blank=True)  #: a person; blank: the program
    why = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            # How many came from there within the hour.
            models.Index(fields=["form", "network", "at"], name="submissions_by_network"),
        ]

    def __str__(self) -> str:
        return f"{self.form}, {self.at:%Y-%m-%d %H:%M}"
