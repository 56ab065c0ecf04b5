"""Who and what the sandbox's company deals with."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Crm = Literal["hubspot", "salesforce"]


@dataclass(frozen=True, kw_only=True)
class Rep:
    id: int
    name: str
    email: str
    manager: str
    office: str


@dataclass(frozen=True, kw_only=True)
class Account:
    id: int
    name: str
    domain: str
    sector: str
    country: str
    employees: int
    #: Millions of US dollars a year.
    revenue: float
    crm: Crm


@dataclass(frozen=True, kw_only=True)
class Person:
    id: int
    first_name: str
    last_name: str
    #: Blank for two people; two pairs of people share one.
    email: str
    title: str
    phone: str
    country: str
    language: str
    #: IANA name, or blank.
    timezone: str
    account_id: int | None
    rep_id: int
    crm: Crm
    #: How this person answers, see sandbox.people.
    persona: str
    #: "lead" is an unconverted Salesforce Lead.
    kind: Literal["contact", "lead"]
    do_not_contact: bool


@dataclass(frozen=True, kw_only=True)
class Opportunity:
    id: str
    account_id: int | None
    person_id: int | None
    rep_id: int
    product: str
    #: Prospecting, Engaging, Won or Lost.
    stage: str
    engage_date: date | None
    close_date: date | None
    value: float | None
    crm: Crm
