"""Domains under which anybody has an address: that two people share one says nothing of them."""

_NAMES = """
aol bluewin bol.com.br btinternet comcast.net cox.net duck email.cz fastmail free.fr freenet.de gmail gmx
googlemail hey hotmail icloud inbox.lv laposte.net libero.it live mac mail.com mail.ru me.com msn naver
o2.pl onet.pl orange.fr outlook proton protonmail qq rocketmail seznam.cz sfr.fr skynet.be t-online.de
telenet.be terra.com.br tiscali.it tutanota uol.com.br verizon.net virgilio.it wanadoo.fr web.de wp.pl
yahoo yandex ymail ziggo.nl zoho 163 126
""".split()
_WHOLE = frozenset(name for name in _NAMES if "." in name)
#: Under many endings: gmx.de, yahoo.co.uk.
_BEGINNINGS = frozenset(name for name in _NAMES if "." not in name)


def is_free(domain: str) -> bool:
    domain = domain.lower()
    return domain in _WHOLE or domain.partition(".")[0] in _BEGINNINGS
