"""Reads a company's pipeline from CSV: accounts, sales teams, products and opportunities."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

STAGES = ("Prospecting", "Engaging", "Won", "Lost")

_COLUMNS = {
    "accounts.csv": ("account", "sector", "revenue", "employees", "office_location"),
    "sales_teams.csv": ("sales_agent", "manager", "regional_office"),
    "products.csv": ("product", "series", "sales_price"),
    "sales_pipeline.csv": (
        "opportunity_id", "sales_agent", "product", "account", "deal_stage", "engage_date",
        "close_date", "close_value",
    ),
}  # fmt: skip


class BadData(Exception):
    """A file of the data set cannot be read; the text names file, line, value and choices."""


@dataclass(frozen=True, kw_only=True)
class AccountRow:
    name: str
    sector: str
    revenue: float
    employees: int
    country: str


@dataclass(frozen=True, kw_only=True)
class AgentRow:
    name: str
    manager: str
    office: str


@dataclass(frozen=True, kw_only=True)
class OpportunityRow:
    id: str
    agent: str
    #: As the product table spells it, whatever the pipeline wrote.
    product: str
    account: str
    stage: str
    engage_date: date | None
    close_date: date | None
    value: float | None


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    accounts: tuple[AccountRow, ...]
    agents: tuple[AgentRow, ...]
    opportunities: tuple[OpportunityRow, ...]


def read(folder: Path) -> Pipeline:
    """The data set in `folder`; raises BadData."""
    accounts = tuple(_account(cell) for cell in _rows(folder, "accounts.csv"))
    agents = tuple(
        AgentRow(name=cell["sales_agent"], manager=cell["manager"], office=cell["regional_office"])
        for cell in _rows(folder, "sales_teams.csv")
    )
    products = {_plain(cell["product"]): cell["product"] for cell in _rows(folder, "products.csv")}
    account_names = {account.name for account in accounts}
    agent_names = {agent.name for agent in agents}
    opportunities: dict[str, OpportunityRow] = {}
    for cell in _rows(folder, "sales_pipeline.csv"):
        cell.choose("sales_agent", agent_names)
        cell.choose("deal_stage", set(STAGES))
        if cell["account"]:
            cell.choose("account", account_names)
        if _plain(cell["product"]) not in products:
            cell.fail("product", f"choose one of {', '.join(sorted(products.values()))}")
        if cell["opportunity_id"] in opportunities:
            cell.fail("opportunity_id", "it stands there twice")
        opportunities[cell["opportunity_id"]] = OpportunityRow(
            id=cell["opportunity_id"],
            agent=cell["sales_agent"],
            product=products[_plain(cell["product"])],
            account=cell["account"],
            stage=cell["deal_stage"],
            engage_date=cell.date("engage_date"),
            close_date=cell.date("close_date"),
            value=cell.number("close_value"),
        )
    return Pipeline(accounts=accounts, agents=agents, opportunities=tuple(opportunities.values()))


@dataclass(frozen=True, kw_only=True)
class _Cells:
    """One row, and where it stands."""

    place: str
    values: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values[column]

    def fail(self, column: str, why: str) -> None:
        raise BadData(f"{self.place}: {column} is {self[column]!r}; {why}")

    def choose(self, column: str, choices: set[str]) -> None:
        if self[column] not in choices:
            self.fail(column, f"choose one of {', '.join(sorted(choices))}")

    def date(self, column: str) -> date | None:
        """US order: month, day, year."""
        if not self[column]:
            return None
        try:
            return datetime.strptime(self[column], "%m/%d/%Y").date()  # noqa: DTZ007 - a day has no zone
        except ValueError as error:
            raise BadData(f"{self.place}: {column} is {self[column]!r}; write 3/1/2017") from error

    def number(self, column: str) -> float | None:
        if not self[column]:
            return None
        try:
            return float(self[column])
        except ValueError as error:
            raise BadData(f"{self.place}: {column} is {self[column]!r}; write 1054") from error


def _account(cell: _Cells) -> AccountRow:
    return AccountRow(
        name=cell["account"],
        sector=cell["sector"],
        revenue=cell.number("revenue") or 0.0,
        employees=int(cell.number("employees") or 0),
        country=cell["office_location"],
    )


def _rows(folder: Path, name: str) -> Iterator[_Cells]:
    path = folder / name
    try:
        file = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        wanted = ", ".join(_COLUMNS)
        raise BadData(f"{path}: {error.strerror}; a data set has {wanted}") from error
    with file:
        reader = csv.DictReader(file)
        missing = [c for c in _COLUMNS[name] if c not in (reader.fieldnames or ())]
        if missing:
            raise BadData(f"{path}:1: the column {missing[0]!r} is missing")
        for row in reader:
            values = {column: (row[column] or "").strip() for column in _COLUMNS[name]}
            yield _Cells(place=f"{path}:{reader.line_num}", values=values)


def _plain(product: str) -> str:
    """Spelling apart, "GTXPro" is "GTX Pro"."""
    return product.replace(" ", "").replace("-", "").casefold()
