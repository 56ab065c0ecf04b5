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
