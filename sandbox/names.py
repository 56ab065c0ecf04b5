"""Names of invented people around the world, with how each is written in an email address."""

import unicodedata
from dataclasses import dataclass

#: Letters that do not decompose into an ASCII letter and a mark.
_LETTERS = str.maketrans({
    "ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "æ": "ae",
    "Æ": "Ae", "œ": "oe", "Œ": "Oe", "þ": "th", "Þ": "Th", "ð": "d", "ä": "ae", "ö": "oe",
    "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Name:
    written: str
    #: Lower-case ASCII, for the local part of an address.
    latin: str


@dataclass(frozen=True, kw_only=True)
class Locale:
    language: str
    country: str
    dialing: str
    timezones: tuple[str, ...]
    first: tuple[Name, ...]
    last: tuple[Name, ...]


def ascii_of(text: str) -> str:
    """Lower-case ASCII letters and digits of a Latin text: "Müller-Łoś" gives "muellerlos"."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(c for c in plain if c.isascii() and c.isalnum()).lower()


def _names(words: str) -> tuple[Name, ...]:
    """Words by blanks; one in another script stands as `native=latin`, "_" for a blank."""
    pairs = (word.partition("=") for word in words.split())
    return tuple(
        Name(written=native.replace("_", " "), latin=latin or ascii_of(native))
        for native, _, latin in pairs
    )


def _locale(
    language: str, country: str, dialing: str, timezones: str, first: str, last: str
) -> Locale:
    return Locale(
        language=language,
        country=country,
        dialing=dialing,
        timezones=tuple(timezones.split()),
        first=_names(first),
        last=_names(last),
    )


LOCALES = (
    _locale("en", "United States", "+1", "America/New_York America/Chicago America/Denver America/Los_Angeles",
            "Harriet Wendell Odessa Truman Marjorie Clyde", "Whitlock Abernathy Delacroix-Boone O'Hara Tillman Prescott"),
    _locale("en", "United Kingdom", "+44", "Europe/London",
            "Imogen Rupert Nigel Philippa Alastair Gwen", "Thistlewood Ashby-Crane MacAllister Penhaligon Hargreave Llewellyn"),
    _locale("en", "Australia", "+61", "Australia/Sydney Australia/Perth",
            "Bronte Lachlan Matilda Angus Talia Declan", "Kirrawee Holloway Dunmore Fairweather Costello Brannigan"),
    _locale("de", "Germany", "+49", "Europe/Berlin",
            "Jürgen Käthe Björn Annegret Heiko Gisela", "Müller-Lüdenscheidt Großkopf Schäfer Böhm Weiß Kühnemann"),
    _locale("de", "Austria", "+43", "Europe/Vienna",
            "Leopold Walpurga Bartholomäus Rosl Ägidius Traudl", "Höllwarth Zöchling Übelacker Straßer Pröll Gföhler"),
    _locale("fr", "France", "+33", "Europe/Paris",
            "Anaïs Françoise Gaëtan Hélène Loïc Aurélie", "Lefèvre Béranger Noël-Dupré Garçon D'Aubigné Châtelain"),
    _locale("es", "Mexico", "+52", "America/Mexico_City",
            "Íñigo Begoña Andrés Concepción Nicolás Ángela", "Núñez Ibáñez Peñalosa Gutiérrez Zúñiga Muñoz"),
    _locale("pt-BR", "Brazil", "+55", "America/Sao_Paulo America/Manaus",
            "João Conceição Thaís Antônio Iracema Luís", "Gonçalves Magalhães Araújo Simões Brandão Assunção"),
    _locale("it", "Italy", "+39", "Europe/Rome",
            "Niccolò Desirée Calogero Ginevra Amedeo Mariù", "Dell'Acqua Forlì Castagnola Nardò Pezzù Baldinucci"),
    _locale("pl", "Poland", "+48", "Europe/Warsaw",
            "Małgorzata Łukasz Zdzisław Agnieszka Świętosława Michał", "Wójcik Żółkiewski Gałązka Dąbrowska Źrebiec Śliwa"),
    _locale("cs", "Czechia", "+420", "Europe/Prague",
            "Jiří Zdeňka Ondřej Božena Řehoř Květa", "Dvořáček Příhoda Šťastný Hrušková Čížek Vaňková"),
    _locale("sv", "Sweden", "+46", "Europe/Stockholm",
            "Åsa Göran Märta Torbjörn Yngve Elin", "Sjögren Åkerlund Öhman Bäckström Grönvall Lindqvist"),
    _locale("da", "Denmark", "+45", "Europe/Copenhagen",
            "Søren Bodil Jørgen Maiken Aksel Ditte", "Kjærgaard Nørby Øllgaard Skovbølling Brandstrup Præst"),
    _locale("is", "Iceland", "+354", "Atlantic/Reykjavik",
            "Þórunn Sigurður Guðrún Ægir Hrafnhildur Bjarni", "Þorláksson Eiríksdóttir Björnsson Sæmundsdóttir Ásgeirsson Óladóttir"),
    _locale("tr", "Türkiye", "+90", "Europe/Istanbul",
            "Çağla İsmail Gülşen Oğuz Şebnem Işıl", "Yıldırımoğlu Çelikkaya Güneş Öztürk Şahinbaş Kılıç"),
    _locale("vi", "Vietnam", "+84", "Asia/Ho_Chi_Minh",
            "Thúy Đức Phượng Hiếu Ngọc Trường", "Nguyễn Đặng Phạm Vũ Huỳnh Lê"),
    _locale("el", "Greece", "+30", "Europe/Athens",
            "Θεοδώρα=theodora Αλέξανδρος=alexandros Ευφροσύνη=effrosyni Σπυρίδων=spyridon Καλλιόπη=kalliopi Ιάσονας=iasonas",
            "Παπαδημητρίου=papadimitriou Κωστόπουλος=kostopoulos Ζαχαριάδη=zachariadi Μαυρομάτης=mavromatis Λεβέντη=leventi Χριστοδούλου=christodoulou"),
    _locale("ru", "Kazakhstan", "+7", "Asia/Almaty",
            "Людмила=lyudmila Геннадий=gennady Ярослав=yaroslav Зинаида=zinaida Тимур=timur Айгуль=aigul",
            "Щербаков=shcherbakov Журавлёва=zhuravlyova Нурланов=nurlanov Ершова=ershova Беляев=belyaev Сейткали=seitkali"),
    _locale("uk", "Ukraine", "+380", "Europe/Kyiv",
            "Олексій=oleksii Ґанна=ganna Їжакевич=yizhak Соломія=solomiia Тарас=taras Юлія=yuliia",
            "Шевчук=shevchuk Гнатюк=hnatiuk Кравець=kravets Об'єдков=obiedkov Лисенко=lysenko Задорожна=zadorozhna"),
    _locale("zh", "China", "+86", "Asia/Shanghai",
            "晓明=xiaoming 丽华=lihua 志强=zhiqiang 雅芳=yafang 俊杰=junjie 思雨=siyu", "欧阳=ouyang 陈=chen 诸葛=zhuge 林=lin 赵=zhao 司徒=situ"),
    _locale("ja", "Japan", "+81", "Asia/Tokyo",
            "健太郎=kentaro 美咲=misaki ひろし=hiroshi 千代子=chiyoko 翔=sho さくら=sakura", "長谷川=hasegawa 佐々木=sasaki 東海林=shoji 小鳥遊=takanashi 渡邉=watanabe 五十嵐=igarashi"),
    _locale("ko", "South Korea", "+82", "Asia/Seoul",
            "지훈=jihoon 서연=seoyeon 은경=eunkyung 동현=donghyun 하늘=haneul 미란=miran", "남궁=namgung 박=park 제갈=jegal 최=choi 황보=hwangbo 윤=yoon"),
    _locale("ar", "Jordan", "+962", "Asia/Amman",
            "ليلى=layla يوسف=yousef نسرين=nisreen خالد=khaled رانيا=rania عمر=omar", "الخطيب=alkhatib حداد=haddad النجار=alnajjar عبد_الله=abdullah القاسم=alqasem زيدان=zidan"),
    _locale("he", "Israel", "+972", "Asia/Jerusalem",
            "נועם=noam שושנה=shoshana אביגיל=avigail יהונתן=yehonatan תמר=tamar גדעון=gideon", "בן_דוד=bendavid שפירא=shapira אלקיים=elkayam פרידמן=fridman מזרחי=mizrahi כהנא=kahana"),
    _locale("hi", "India", "+91", "Asia/Kolkata",
            "सुनीता=sunita अर्जुन=arjun Lakshmi Venkatesh प्रिया=priya Farhan", "चौधरी=chaudhary Subramaniam शर्मा=sharma D'Mello पटेल=patel Krishnamurthy"),
    _locale("th", "Thailand", "+66", "Asia/Bangkok",
            "สมชาย=somchai มาลี=malee กมล=kamon ศิริพร=siriporn ธนา=thana อรทัย=orathai", "ศรีสุข=srisuk วงศ์ทอง=wongthong จันทร์เพ็ญ=chanpen บุญมา=boonma ทองดี=thongdee ใจดี=jaidee"),
    _locale("sw", "Kenya", "+254", "Africa/Nairobi",
            "Wanjirũ Otieno Njeri Kipchoge Achieng Mwangi", "Kamau-Ochieng' Ng'ang'a Wairimũ Odhiambo Cheruiyot Mutua"),
    _locale("mi", "New Zealand", "+64", "Pacific/Auckland",
            "Ngaio Tāne Kahurangi Wiremu Mārama Rāwiri", "Te_Kanawa Pōhatu Rangihuna Tūhoe Waitākere Hīnaki"),
)  # fmt: skip

TITLES = (
    "Head of Procurement", "IT Manager", "Chief Operating Officer", "VP Engineering",
    "Purchasing Lead", "Operations Director", "Finance Manager", "Infrastructure Lead",
    "Office Manager", "Managing Director", "Leiter Einkauf", "Directrice des achats",
    "Jefe de compras", "Gerente de TI",
)  # fmt: skip

#: Countries whose clocks all show the same, those of the company tables among them. Others do not
#: say what time it is at somebody's desk.
ONE_CLOCK = {
    "United Kingdom": "Europe/London", "Germany": "Europe/Berlin", "Austria": "Europe/Vienna",
    "France": "Europe/Paris", "Italy": "Europe/Rome", "Poland": "Europe/Warsaw",
    "Czechia": "Europe/Prague", "Sweden": "Europe/Stockholm", "Denmark": "Europe/Copenhagen",
    "Iceland": "Atlantic/Reykjavik", "Türkiye": "Europe/Istanbul", "Vietnam": "Asia/Ho_Chi_Minh",
    "Greece": "Europe/Athens", "Kazakhstan": "Asia/Almaty", "Japan": "Asia/Tokyo",
    "South Korea": "Asia/Seoul", "Korea": "Asia/Seoul", "Jordan": "Asia/Amman",
    "Israel": "Asia/Jerusalem", "India": "Asia/Kolkata", "Thailand": "Asia/Bangkok",
    "Kenya": "Africa/Nairobi", "Belgium": "Europe/Brussels", "Norway": "Europe/Oslo",
    "Panama": "America/Panama", "Romania": "Europe/Bucharest",
}  # fmt: skip

#: Locales at home in an office location of a company table; others are drawn from all.
AT_HOME = {
    "Philipines": "Thailand",
    "Korea": "South Korea",
    "Belgium": "France",
    "Norway": "Denmark",
}
