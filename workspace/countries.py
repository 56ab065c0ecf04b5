"""Countries by what CRMs and people call them: their codes, English names, and many of their own."""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from holidays.registry import COUNTRIES

from workspace.problems import Fault

#: What else people write, by ISO 3166 code.
_ALSO = {
    "AE": "UAE, Emirates, Vereinigte Arabische Emirate",
    "AT": "Österreich, Oesterreich, Autriche",
    "AU": "Australien, Australie",
    "BE": "België, Belgique, Belgien",
    "BR": "Brasil, Brasilien, Brésil",
    "CA": "Kanada",
    "CH": "Schweiz, Suisse, Svizzera",
    "CI": "Côte d'Ivoire",
    "CN": "中国, PRC, People's Republic of China",
    "CZ": "Czech Republic, Česko, Česká republika, Tschechien",
    "DE": "Deutschland, Allemagne, Alemania, Federal Republic of Germany",
    "DK": "Danmark, Dänemark",
    "EE": "Eesti",
    "ES": "España, Spanien, Espagne",
    "FI": "Suomi, Finnland",
    "FR": "Frankreich, Francia",
    "GB": "Great Britain, Britain, England, Scotland, Wales, Northern Ireland",
    "GR": "Ελλάδα, Hellas, Griechenland",
    "HK": "Hong Kong SAR",
    "HR": "Hrvatska, Kroatien",
    "HU": "Magyarország, Ungarn",
    "IE": "Éire, Republic of Ireland, Irland",
    "IL": "ישראל",
    "IN": "भारत, Bharat, Indien",
    "IS": "Ísland, Island",
    "IT": "Italia, Italien, Italie",
    "JP": "日本, Nippon",
    "KR": "Republic of Korea, 대한민국",
    "LT": "Lietuva, Litauen",
    "LU": "Luxemburg",
    "LV": "Latvija, Lettland",
    "MX": "México, Mexiko",
    "NL": "Nederland, The Netherlands, Holland, Niederlande, Pays-Bas",
    "NO": "Norge, Norwegen",
    "NZ": "Aotearoa, Neuseeland",
    "PL": "Polska, Polen",
    "PT": "Portugal",
    "RO": "România, Rumänien",
    "RU": "Россия, Russian Federation, Russland",
    "SA": "KSA",
    "SE": "Sverige, Schweden",
    "SI": "Slovenija, Slowenien",
    "SK": "Slovensko, Slowakei, Slovak Republic",
    "TR": "Türkiye, Türkei",
    "UA": "Україна",
    "US": "U.S., U.S.A., United States of America, America, Vereinigte Staaten, Estados Unidos",
    "VN": "Việt Nam",
    "ZA": "RSA, Südafrika",
}


@lru_cache(maxsize=10_000)
def code(text: str) -> str:
    """The ISO 3166 code of a country by any of its names; blank when nobody calls it that."""
    return _codes().get(_plain(text), "")


def known(written: str) -> str:
    """An ISO 3166 code as it is; raises Fault for anything else."""
    if written in _ISO:
        return written
    guess = code(written)
    hint = f'did you mean "{guess}"? ' if guess else ""
    raise Fault(
        f'unknown country code "{written}"; {hint}valid: the two letters of ISO 3166, such as '
        "DE, GB, US",
        choices=(guess,) if guess else ("DE", "GB", "US"),
    )


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    return {_plain(name): code for code, name in _names()}


def _names() -> Iterator[tuple[str, str]]:
    """The library's first name is English and written in one word; codes and others follow."""
    for name, iso, *others in COUNTRIES.values():
        for one in (name, iso, *others, *_ALSO.get(iso, "").split(",")):
            if _plain(one):
                yield iso, one


def _plain(text: str) -> str:
    """Letters alone: neither case nor accents, blanks or points tell countries apart."""
    split = unicodedata.normalize("NFKD", text.replace("&", "and").casefold())
    return "".join(char for char in split if char.isalpha()).removeprefix("the")


_ISO = frozenset(iso for _, iso, *_ in COUNTRIES.values())
