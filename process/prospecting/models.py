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
