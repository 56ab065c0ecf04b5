"""Draws the project's own data set: `python -m sandbox.data.generate`. Always the same files.

An invented seller of lighting, its accounts, reps and products. It carries the marks of real
exports on purpose: opportunities without an account, a product in two spellings, a misspelled
sector, US dates, empty cells.
"""

import csv
import random
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

FOLDER = Path(__file__).parent / "crm"
TODAY = date(2026, 2, 27)

AGENTS = (
    ("Ottilie Brandvold", "Renske Aalbers", "North"),
    ("Casimir Thorne", "Renske Aalbers", "North"),
    ("Yumiko Hartwell", "Renske Aalbers", "North"),
    ("Bastiaan Okoro", "Renske Aalbers", "North"),
    ("Delphine Marchetti", "Tobias Quint", "South"),
    ("Ignacio Velarde", "Tobias Quint", "South"),
    ("Wilhelmina Stroud", "Tobias Quint", "South"),
    ("Zoë Farkas", "Tobias Quint", "South"),
    ("Emeka Lindholm", "Harriet Sólveig", "Overseas"),
    ("Priscilla Vantongeren", "Harriet Sólveig", "Overseas"),
    ("Rufus Adeyemi", "Harriet Sólveig", "Overseas"),
    ("Nils Castellano", "Harriet Sólveig", "Overseas"),
)
PRODUCTS = (("Lumen One", "Lumen", 640), ("Lumen Duo", "Lumen", 1290), ("Halo Desk", "Halo", 85),
            ("Halo Studio", "Halo", 3150), ("Arc 200", "Arc", 5400), ("Arc 900", "Arc", 24900))  # fmt: skip
#: As hasty hands write it.
SPELLINGS = {"Halo Studio": "HaloStudio"}
ACCOUNTS = (
    "Amberwick Clinics", "Bücher Anhalt", "Calderstone Foods", "Dovrefjell Freight", "Elmhaven Schools",
    "Fernleigh Hotels", "Gullwing Textiles", "Hafnarberg Seafood", "Inkwell & Vane", "Juniper Vale Brewing",
    "Kestrel Signworks", "Larkhollow Dairy", "Möwenstein Reederei", "Nightingale Audio", "Oakmere Furniture",
    "Pellucid Optics", "Quarrybank Stone", "Rosenholm Pharma", "Saltmarsh Ceramics", "Tarnwood Joinery",
    "Umbria Verde", "Velvetmoor Theatres", "Wexcombe Couriers", "Xanthe Cosmetics", "Yarrowfield Seeds",
    "Zephyr Gliders", "Ålgård Ull", "Brackenridge Legal", "Copperkettle Kitchens", "Driftwood Surf Supply",
    "Eiderdown Bedding", "Foxglove Botanicals", "Glasshouse Media", "Harrowgate Insurance", "Ironmoss Tools",
    "Jadewater Spa Group", "Kilnforge Bricks", "Lindenhof Kliniken", "Marlowe Print Works", "Northlight Studios",
)  # fmt: skip
SECTORS = (
    "health",
    "retail",
    "logistics",
    "education",
    "hospitality",
    "manufacturing",
    "media",
    "finance",
)
MISSPELLED = {"manufacturing": "manufactoring"}
COUNTRIES = ("Germany", "United Kingdom", "France", "Italy", "Japan", "Brazil", "Kenya", "India", "Greece",
             "United States", "Poland", "Sweden", "Jordan", "South Korea", "Mexico", "New Zealand")  # fmt: skip
#: Stage, opportunities with an account, and without.
STAGES = (("Prospecting", 55, 25), ("Engaging", 90, 45), ("Won", 260, 0), ("Lost", 125, 0))
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


def main(folder: Path = FOLDER, *, times: int = 1) -> None:
    """Write the files; `times` as many opportunities."""
    draw = random.Random("brightwell")  # noqa: S311 - a draw, no secret
    _write(folder, "sales_teams.csv", ("sales_agent", "manager", "regional_office"), AGENTS)
    _write(folder, "products.csv", ("product", "series", "sales_price"), PRODUCTS)
    _write(
        folder,
        "accounts.csv",
        ("account", "sector", "year_established", "revenue", "employees", "office_location", "subsidiary_of"),
        (_account(draw, number, name) for number, name in enumerate(ACCOUNTS)),
    )  # fmt: skip
    stages = [
        (s, has)
        for s, with_one, without in STAGES
        for has in [True] * with_one * times + [False] * without * times
    ]
    draw.shuffle(stages)
    _write(
        folder,
        "sales_pipeline.csv",
        ("opportunity_id", "sales_agent", "product", "account", "deal_stage", "engage_date", "close_date", "close_value"),
        (_opportunity(draw, stage, has_account=has) for stage, has in stages),
    )  # fmt: skip


def _account(draw: random.Random, number: int, name: str) -> Sequence[object]:
    sector = draw.choice(SECTORS)
    return (
        name,
        MISSPELLED.get(sector, sector) if number % 7 == 0 else sector,
        draw.randrange(1955, 2021),
        round(draw.lognormvariate(5.5, 1.1), 2),
        int(draw.lognormvariate(6, 1)) + 8,
        draw.choice(COUNTRIES),
        ACCOUNTS[number // 2] if number % 11 == 5 else "",
    )


def _opportunity(draw: random.Random, stage: str, *, has_account: bool) -> Sequence[object]:
    product, _, price = draw.choice(PRODUCTS)
    written = SPELLINGS.get(product, product) if draw.random() < 0.5 else product
    engaged = TODAY - timedelta(days=draw.randrange(5, 400))
    closed = min(engaged + timedelta(days=draw.randrange(4, 120)), TODAY)
    value = round(price * draw.uniform(0.75, 1.2)) if stage == "Won" else 0
    is_closed = stage in {"Won", "Lost"}
    return (
        "".join(draw.choices(LETTERS, k=8)),
        draw.choice(AGENTS)[0],
        written,
        draw.choice(ACCOUNTS) if has_account else "",
        stage,
        "" if stage == "Prospecting" else _us(engaged),
        _us(closed) if is_closed else "",
        value if is_closed else "",
    )


def _us(day: date) -> str:
    return f"{day.month}/{day.day}/{day.year}"


def _write(
    folder: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
