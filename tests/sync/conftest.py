"""A mirror and the CRMs that it is connected to: the sandbox over HTTP, through the real SDKs."""

from datetime import timedelta

import pytest

from crm.connections import forget
from crm.models import Change, Connection, ExternalRecord
from crm.pull import pull
from crm.push import push
from runtime import clock
from tests.connectors.conftest import start_sandbox


@pytest.fixture
def sandbox(tmp_path):
    """CRMs without a record: what a test finds there, it put there."""
    with start_sandbox(tmp_path, "--empty") as running:
        yield running


class Crm:
    """One connection, and what people and faults do to the CRM behind it."""

    def __init__(self, sandbox, connection, set_clock):
        self.sandbox, self.connection, self.name = sandbox, connection, connection.name
        self._set_clock = set_clock
        self.person = {"hubspot": "contacts", "salesforce": "Contact"}[self.name]

    def pull(self, *, expect_error=False):
        pulled = pull(self.connection.pk)
        assert expect_error or not pulled.error, pulled.error
        return pulled

    def push(self, *, expect_error=False):
        pushed = push(self.connection.pk)
        assert expect_error or not pushed.error, pushed.error
        return pushed

    def sync(self):
        self.pull()
        self.push()

    def create(self, *rows, object_=None, at=None):
        """Ids of what people entered."""
        return self.sandbox.hands(
            self.name, "create", object_ or self.person, rows=list(rows), at=at
        )

    def edit(self, id_, object_=None, **values):
        self.sandbox.hands(self.name, "edit", object_ or self.person, ids=[id_], values=values)

    def hands(self, do, *ids, object_=None, **how):
        return self.sandbox.hands(self.name, do, object_ or self.person, ids=list(ids), **how)

    def fault(self, kind, **how):
        self.sandbox.fault(self.name, kind, **how)

    def records(self, object_=None):
        return self.sandbox.records(self.name, object_ or self.person)

    def writes(self):
        """The calls that wrote something, as the CRM kept them: (route, body)."""
        entries = self.sandbox.journal(f"{self.name}.write")
        return [
            (entry["route"], entry["body"]) for entry in entries if "/oauth2/" not in entry["route"]
        ]

    def lead_of(self, id_):
        return ExternalRecord.objects.get(
            connection=self.connection, kind="lead", external_id=id_
        ).lead

    def changes(self, **by):
        return Change.objects.filter(connection=self.connection, **by)

    def advance(self, **by):
        """Time goes on, in the CRM and here."""
        self.sandbox.advance(timedelta(**by))
        self._set_clock(self.sandbox.now())


@pytest.fixture
def no_waiting(monkeypatch):
    """Whoever waits for a turn, or for a CRM to mend, has waited: the time has passed for all."""
    real, waited = clock.monotonic, [0.0]
    monkeypatch.setattr("runtime.clock.monotonic", lambda: real() + sum(waited))
    monkeypatch.setattr("connectors.retry.rest", waited.append)


@pytest.fixture
def crms(sandbox, frozen_clock, no_waiting, db):
    """Connects by name, with settings of cadenza.yaml besides."""
    frozen_clock.now = sandbox.now()

    def connect(name, **more):
        settings = {
            "hubspot": {
                "url": sandbox["hubspot"],
                "token": sandbox["hubspot_token"],
                "tier": "add_on",
            },
            "salesforce": {
                "url": sandbox["salesforce"],
                "client_id": sandbox["salesforce_client_id"],
                "client_secret": sandbox["salesforce_client_secret"],
            },
        }[name]
        connection = Connection.objects.create(
            name=name, kind=name, settings={**settings, **more}, pull_every=timedelta(minutes=15)
        )
        return Crm(sandbox, connection, lambda now: setattr(frozen_clock, "now", now))

    yield connect
    forget()


@pytest.fixture
def hubspot(crms):
    crm = crms("hubspot")
    crm.pull()
    return crm


@pytest.fixture
def salesforce(crms):
    crm = crms("salesforce")
    crm.pull()
    return crm
