"""The demo's clock."""

from django.db import models


class Moment(models.Model):
    """Business time of a sandbox run: one row that only advances, read by every worker."""

    now = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.now:%Y-%m-%d %H:%M}"
