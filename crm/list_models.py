"""The rows of lists: where a list of ours stands in a CRM, and who is on it, there and here."""

from django.db import models
from django.db.models import Q

from crm.membership import Known


class ListCounterpart(models.Model):
    """A list of process.yaml as a connection has it: written by `apply`."""

    #: Before its name, by which a Change names it.
    FIELD = "list."

    connection = models.ForeignKey("crm.Connection", on_delete=models.CASCADE)
    name = models.CharField(max_length=60)  #: of our list
    #: As process.yaml names it: one of the two.
    called = models.CharField(max_length=300, blank=True)
    called_id = models.CharField(max_length=100, blank=True)
    reads = models.BooleanField(default=False)  #: who is on it there is on ours
    writes = models.BooleanField(default=False)  #: who is on ours is put on it there
    #: Of a campaign's members: those that count, none: all; and what is given to whom we put there.
    statuses = models.JSONField(default=list, blank=True)
    status = models.CharField(max_length=100, blank=True)
    #: Its id there; blank until it was found.
    external_id = models.CharField(max_length=100, blank=True)
    #: Why nobody can be put on it; blank where one can.
    read_only = models.CharField(max_length=200, blank=True)
    #: Of the reading under way: the number that it began with, see crm.order, and its last cursor.
    reading = models.BigIntegerField(default=0)
    cursor = models.CharField(max_length=300, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)  #: whole, the last time
    #: When it is compared with ours next; null: when it is read.
    settle_due_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "name"], name="one_counterpart_per_list")
        ]

    def __str__(self) -> str:
        return f"{self.name} = {self.called or self.called_id}"

    @property
    def both_ways(self) -> bool:
        return self.reads and self.writes

    @property
    def field(self) -> str:
        return f"{self.FIELD}{self.name}"


class Membership(models.Model):
    """A person on a CRM's list, as we last knew it; of whoever left what must not be forgotten."""

    #: The columns that are crm.membership.Known.
    KNOWN = ("there", "by_us", "taken_out", "status", "our_status")

    counterpart = models.ForeignKey(ListCounterpart, on_delete=models.CASCADE)
    external_id = models.CharField(max_length=100)  #: the person's
    #: Null: its record has not landed.
    lead = models.ForeignKey("crm.Lead", null=True, blank=True, on_delete=models.SET_NULL)
    there = models.BooleanField(default=False)
    by_us = models.BooleanField(default=False)
    taken_out = models.BooleanField(default=False)
    #: Of a campaign's member: as it is there, and the one that we gave.
    status = models.CharField(max_length=100, blank=True)
    our_status = models.CharField(max_length=100, blank=True)
    written_at = models.DateTimeField(null=True, blank=True)  #: by us, the last time
    #: The number as of which we know it, see crm.order.
    seq = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["counterpart", "external_id"], name="one_membership_per_person"
            )
        ]
        indexes = [
            # serves crm.lists: who stood there and was not read again
            models.Index(
                fields=["counterpart", "seq"], condition=Q(there=True), name="membership_there"
            )
        ]

    def __str__(self) -> str:
        return f"{self.external_id} on {self.counterpart_id}"

    @property
    def known(self) -> Known:
        return Known(**{name: getattr(self, name) for name in self.KNOWN})

    def know(self, known: Known) -> None:
        for name in self.KNOWN:
            setattr(self, name, getattr(known, name))


class Listed(models.Model):
    """Who is on a list of ours that comes from CRMs."""

    list = models.CharField(max_length=60)
    lead = models.ForeignKey("crm.Lead", on_delete=models.CASCADE)
    since = models.DateTimeField()

    class Meta:
        verbose_name_plural = "listed"
        constraints = [models.UniqueConstraint(fields=["list", "lead"], name="listed_once")]

    def __str__(self) -> str:
        return f"{self.lead_id} on {self.list}"
