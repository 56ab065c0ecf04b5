"""The project as a Django app of its own: it has no models, only checks."""

from django.apps import AppConfig


class CadenzaConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401, PLC0415 - registers; needs Django's registry
