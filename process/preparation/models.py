"""Who is to be asked about a lead, and what was answered."""

from django.db import models

from crm.models import Lead


class Enricher(models.Model):
    """The `enrichment` of cadenza.yaml as applied; one row, locked by whoever is about to ask."""

    settings = models.JSONField()  #: process.preparation.definition.EnrichmentSettings, dumped

    def __str__(self) -> str:
        return str(self.settings["url"])


class Enrichment(models.Model):
    """A lead of whom something is to be asked; gone once it was."""

    lead = models.OneToOneField(Lead, on_delete=models.CASCADE)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True, db_index=True)  #: null: given up
    attempts = models.IntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"enrichment of {self.lead}"


class Question(models.Model):
    """One call to the hook: the budget counts them, and an answer is good for a while."""

    #: Whom it was asked for first; others with the same facts may have had the answer.
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE)
    key = models.CharField(max_length=64, db_index=True)  #: SHA-256 over what was sent and wanted
    asked_at = models.DateTimeField(db_index=True)
    answer = models.JSONField(null=True, blank=True)  #: fact -> value; null: none came, or not yet
    error = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.key[:8]} at {self.asked_at:%Y-%m-%d %H:%M}"
