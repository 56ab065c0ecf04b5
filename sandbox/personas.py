"""How people answer, and how many of a hundred answer so."""

from hashlib import sha256

#: Persona -> share in percent. What stands behind "objects:" is an answer of process.yaml.
SHARES = {
    "interested": 26,
    "objects:price": 9,
    "objects:timing": 8,
    "objects:has_solution": 7,
    "objects:wrong_person": 4,
    "out_of_office": 8,
    "unsubscribes:writes": 3,
    "unsubscribes:mails": 3,
    "unsubscribes:clicks": 3,
    "bounces:inline": 3,
    "bounces:later": 2,
    "delays:inline": 2,
    "delays:later": 2,
    "silent": 20,
}


def draw(email: str, seed: int) -> str:
    """The persona behind an address; people with one address are one person and answer as one."""
    number = share_of(100, "persona", seed, email)
    for persona, share in SHARES.items():
        if number < share:
            return persona
        number -= share
    raise AssertionError("the shares add up to 100")


def share_of(whole: int, *about: object) -> int:
    """A number below `whole`, always the same for what it is about."""
    digest = sha256(":".join(map(str, about)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % whole
