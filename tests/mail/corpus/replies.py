"""Replies as mail clients lay them out: which of their text is new, and which is ours."""

import html

from tests.mail.corpus.case import ADA, Case, Expected, message, several

OURS = "Hello Grace,\n\nI saw that Customer Ltd opened a second plant.\nWould a call next week suit you?\n\nBest regards\nAda Bright"
ANSWERS = {"In-Reply-To": "<touch-1@sender.example>", "References": "<touch-1@sender.example>"}
A = f"Ada Bright <{ADA}>"

TEXTS = {
    "en": "Thanks, Ada. That sounds interesting.\n\nCould you call me on Tuesday at 10:00?\n\nGrace",
    "de": "Hallo Frau Bright,\n\ndas klingt gut. Dienstag um 10:00 Uhr passt mir.\n\nMit freundlichen Grüßen\nAnna Schmidt",
    "fr": "Bonjour Ada,\n\nmerci pour votre message : cela m'intéresse.\n\nCordialement,\nMarie",
    "es": "Hola Ada,\n\n¿me puede llamar el martes?\n\nUn saludo,\nLucía",
    "it": "Buongiorno,\n\nmartedì alle 10 va bene.\n\nCordiali saluti\nGiulia",
    "pt": "Olá Ada,\n\nterça-feira às 10h está ótimo.\n\nAbraços,\nJoão",
    "nl": "Dag Ada,\n\ndinsdag om 10 uur is prima.\n\nGroeten,\nSanne",
    "sv": "Hej!\n\nTisdag klockan 10 passar bra.\n\nHälsningar\nÅsa",
    "da": "Hej Ada\n\nTirsdag kl. 10 passer fint.\n\nVenlig hilsen\nSøren",
    "no": "Hei Ada,\n\ntirsdag klokka 10 er fint.\n\nHilsen Kåre",
    "fi": "Hei!\n\nTiistai klo 10 sopii.\n\nTerveisin\nÄiti Virtanen",
    "pl": "Dzień dobry,\n\nproszę o telefon we wtorek.\n\nPozdrawiam\nŁucja",
    "cs": "Dobrý den,\n\núterý v 10 hodin se hodí.\n\nS pozdravem\nJiří",
    "ru": "Здравствуйте!\n\nПозвоните мне во вторник.\n\nС уважением,\nАнна",
    "uk": "Доброго дня!\n\nЗателефонуйте у вівторок.\n\nОлена",
    "tr": "Merhaba,\n\nSalı günü saat 10 uygun.\n\nAyşe",
    "hu": "Jó napot!\n\nA kedd 10 óra megfelel.\n\nÜdvözlettel\nZsófia",
    "ro": "Bună ziua,\n\nmarți la ora 10 este bine.\n\nȘtefan",
    "el": "Καλημέρα,\n\nΤρίτη στις 10 είναι καλά.\n\nΜαρία",
    "ja": "ブライト様\n\n火曜日の10時でお願いします。\n\n田中",
    "zh": "您好，\n\n周二十点可以。\n\n王芳",
    "ko": "안녕하세요.\n\n화요일 10시에 전화 주세요.\n\n김민지",
    "vi": "Chào Ada,\n\nthứ Ba lúc 10 giờ được nhé.\n\nLan",
    "id": "Halo Ada,\n\nSelasa jam 10 cocok.\n\nBudi",
}

#: How a client introduces the mail that is answered, and whether it marks each line of it.
MARKED = {
    "gmail-en": f"On Wed, Mar 4, 2026 at 9:00 AM {A} wrote:\n",
    "gmail-en-wrapped": f"On Wed, Mar 4, 2026 at 9:00 AM Ada Bright from Sender Limited <\n{ADA}> wrote:\n",
    "gmail-de": f"Am Mi., 4. März 2026 um 09:00 Uhr schrieb {A}:\n",
    "gmail-fr": f"Le mer. 4 mars 2026 à 09:00, {A} a écrit :\n",
    "gmail-es": f"El mié, 4 mar 2026 a las 9:00, Ada Bright (<{ADA}>) escribió:\n",
    "gmail-it": f"Il giorno mer 4 mar 2026 alle ore 09:00 {A} ha scritto:\n",
    "gmail-pt": f"Em qua., 4 de mar. de 2026 às 09:00, {A}\nescreveu:\n",
    "gmail-nl": f"Op wo 4 mrt 2026 om 09:00 schreef {A}:\n",
    "gmail-sv": f"Den ons 4 mars 2026 kl 09:00 skrev {A}:\n",
    "gmail-da": f"Den ons. 4. mar. 2026 kl. 09.00 skrev {A}:\n",
    "gmail-no": f"ons. 4. mars 2026 kl. 09:00 skrev {A}:\n",
    "gmail-fi": f"ke 4. maalisk. 2026 klo 9.00 Ada Bright ({ADA}) kirjoitti:\n",
    "gmail-pl": f"śr., 4 mar 2026 o 09:00 {A} napisał(a):\n",
    "gmail-cs": f"st 4. 3. 2026 v 9:00 odesílatel {A} napsal:\n",
    "gmail-ru": f"ср, 4 мар. 2026 г. в 12:00, {A}:\n",
    "gmail-uk": f"ср, 4 бер. 2026 р. о 11:00 {A} пише:\n",
    "gmail-tr": f"{A}, 4 Mar 2026 Çar, 12:00 tarihinde şunu yazdı:\n",
    "gmail-hu": f"{A} ezt írta (időpont: 2026. márc. 4., Sze, 10:00):\n",
    "gmail-ro": f"mie., 4 mar. 2026 la 11:00, {A} a scris:\n",
    "gmail-el": f"Στις Τετ 4 Μαρ 2026 στις 11:00 π.μ., ο χρήστης {A}\nέγραψε:\n",
    "gmail-ja": f"2026年3月4日(水) 18:00 {A}:\n",
    "gmail-zh": f"{A} 于2026年3月4日周三 17:00写道：\n",
    "gmail-ko": f"2026년 3월 4일 (수) 오후 6:00, {A}님이 작성:\n",
    "gmail-vi": f"Vào Th 4, 4 thg 3, 2026 vào lúc 16:00 {A} đã viết:\n",
    "gmail-id": f"Pada tanggal Rab, 4 Mar 2026 pukul 16.00 {A} menulis:\n",
    "thunderbird-en": "On 04/03/2026 09:00, Ada Bright wrote:",
    "thunderbird-de": "Am 04.03.26 um 09:00 schrieb Ada Bright:",
    "thunderbird-fr": "Le 04/03/2026 à 09:00, Ada Bright a écrit :",
    "thunderbird-ru": "04.03.2026 12:00, Ada Bright пишет:",
    "mutt-en": "* Ada Bright <ada@sender.example> [2026-03-04 09:00:00 +0000]:\n",
    "gnus-en": "Ada Bright <ada@sender.example> writes:\n",
    "yandex-ru": f'04.03.2026, 12:00, "Ada Bright" <{ADA}>:',
    "mailru-ru": f"Среда, 4 марта 2026, 12:00 +03:00 от {A}:",
    "netease-zh": f'在 2026-03-04 17:00:00，"Ada Bright" <{ADA}> 写道：',
    "proton-en": f"------- Original Message -------\nOn Wednesday, March 4th, 2026 at 9:00 AM, {A} wrote:\n\n",
    "gmx-de": f'Gesendet: Mittwoch, 04. März 2026 um 09:00 Uhr\nVon: "Ada Bright" <{ADA}>\nAn: grace@customer.example\nBetreff: A question\n',
}
BLOCK = "{}: Ada Bright <ada@sender.example>\n{}: Wednesday, March 4, 2026 9:00 AM\n{}: Grace Hopper <grace@customer.example>\n{}: A question\n\n"
UNMARKED = {
    "outlook-en": BLOCK.format("From", "Sent", "To", "Subject"),
    "outlook-old-en": "-----Original Message-----\n"
    + BLOCK.format("From", "Sent", "To", "Subject"),
    "outlook-rule-en": "________________________________\n"
    + BLOCK.format("From", "Sent", "To", "Subject"),
    "outlook-bold-en": "*From:* Ada Bright <ada@sender.example>\n*Sent:* Wednesday, March 4, 2026 9:00 AM\n*To:* Grace\n*Subject:* A question\n\n",
    "outlook-mac-en": "From: Ada Bright <ada@sender.example>\nDate: Wednesday, 4 March 2026 at 09:00\nTo: Grace Hopper <grace@customer.example>\nSubject: A question\n",
    "outlook-de": BLOCK.format("Von", "Gesendet", "An", "Betreff"),
    "outlook-old-de": "-----Ursprüngliche Nachricht-----\n"
    + BLOCK.format("Von", "Gesendet", "An", "Betreff"),
    "outlook-fr": BLOCK.format("De ", "Envoyé ", "À ", "Objet "),
    "outlook-es": BLOCK.format("De", "Enviado el", "Para", "Asunto"),
    "outlook-it": BLOCK.format("Da", "Inviato", "A", "Oggetto"),
    "outlook-pt": BLOCK.format("De", "Enviada em", "Para", "Assunto"),
    "outlook-nl": BLOCK.format("Van", "Verzonden", "Aan", "Onderwerp"),
    "outlook-sv": BLOCK.format("Från", "Skickat", "Till", "Ämne"),
    "outlook-da": BLOCK.format("Fra", "Sendt", "Til", "Emne"),
    "outlook-fi": BLOCK.format("Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe"),
    "outlook-pl": BLOCK.format("Od", "Wysłane", "Do", "Temat"),
    "outlook-cs": BLOCK.format("Od", "Odesláno", "Komu", "Předmět"),
    "outlook-ru": BLOCK.format("От", "Отправлено", "Кому", "Тема"),
    "outlook-tr": BLOCK.format("Gönderen", "Gönderilmiş", "Kime", "Konu"),
    "outlook-hu": BLOCK.format("Feladó", "Elküldve", "Címzett", "Tárgy"),
    "outlook-ja": BLOCK.format("差出人", "送信日時", "宛先", "件名"),
    "outlook-zh": BLOCK.format("发件人", "发送时间", "收件人", "主题"),
    "outlook-ko": BLOCK.format("보낸 사람", "보낸 날짜", "받는 사람", "제목"),
    "qq-zh": "------------------ 原始邮件 ------------------\n"
    + BLOCK.format("发件人", "发送时间", "收件人", "主题"),
    "yahoo-en": f"    On Wednesday, March 4, 2026 at 09:00:00 AM GMT, {A} wrote:  \n \n",
    "zoho-en": f"---- On Wed, 04 Mar 2026 09:00:00 +0000 {A} wrote ----\n\n",
    "notes-en": "From:\tAda Bright <ada@sender.example>\nTo:\tgrace@customer.example\nDate:\t03/04/2026 09:00 AM\nSubject:\tA question\n\n",
    "notes-de": "Von:\tAda Bright <ada@sender.example>\nAn:\tgrace@customer.example\nDatum:\t04.03.2026 09:00\nBetreff:\tA question\n\n",
}
HOWS = ("8bit", "quoted-printable", "base64")


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def reply(name: str, body: str, text: str, *, how: str = "8bit", charset: str = "utf-8") -> Case:
    headers = {"Subject": "Re: A question", **ANSWERS}
    return Case(
        id=f"reply-{name}",
        raw=message(headers, body, how=how, charset=charset),
        expected=Expected(kind="reply", text=text),
    )


def in_html(name: str, source: str, text: str, *, plain: str = "") -> Case:
    """A reply in HTML, alone or beside its plain text."""
    headers = {"Subject": "Re: A question", **ANSWERS}
    parts = [({"Content-Type": "text/plain; charset=utf-8"}, plain)] if plain else []
    parts += [({"Content-Type": "text/html; charset=utf-8"}, source)]
    return Case(
        id=f"html-{name}",
        raw=several(headers, "alternative", parts),
        expected=Expected(kind="reply", text=text),
    )


def _top(client: str, how: str, intro: str, below: str) -> Case:
    text = TEXTS[client.rpartition("-")[2] if client.rpartition("-")[2] in TEXTS else "en"]
    return reply(client, f"{text}\n\n{intro}\n{below}\n", text, how=how)


EN, OURS_HTML = TEXTS["en"], "<br>".join(map(html.escape, OURS.split("\n")))
EN_HTML = "".join(f"<div>{line or '<br>'}</div>" for line in EN.split("\n"))
ON = MARKED["gmail-en"]
SIGNATURE = "-- \nGrace Hopper\nCustomer Ltd, 1 Lane\n+1 555 0100"
POINTS = (
    f"On Wed, 4 Mar 2026 at 09:00, {A} wrote:\n> I saw that Customer Ltd opened a second plant.\n\n{{0}}\n\n"
    "> Would a call next week suit you?\n\n{1}\n"
)

TOP = (
    *(
        _top(name, HOWS[n % 3], intro, quoted(OURS))
        for n, (name, intro) in enumerate(MARKED.items())
    ),
    *(_top(name, HOWS[n % 3], intro, OURS) for n, (name, intro) in enumerate(UNMARKED.items())),
)
PLACES = (
    reply("bottom", f"{ON}\n{quoted(OURS)}\n\n{EN}\n", EN),
    reply("bottom-signed", f"{ON}\n{quoted(OURS)}\n\n{EN}\n\n{SIGNATURE}\n", EN),
    reply(
        "between",
        POINTS.format("Yes, in May.", "Tuesday is fine."),
        "Yes, in May.\n\nTuesday is fine.",
    ),
    reply(
        "between-long",
        POINTS.format("Yes:\n- one line\n- two lines", "No."),
        "Yes:\n- one line\n- two lines\n\nNo.",
    ),
    reply(
        "around",
        f"Hi Ada,\n\nsee below.\n\n{ON}\n{quoted(OURS)}\n\nTuesday suits me.\n",
        "Hi Ada,\n\nsee below.\n\nTuesday suits me.",
    ),
    reply("alone", EN, EN),
    reply("signed", f"{EN}\n\n{SIGNATURE}\n\n{ON}\n{quoted(OURS)}\n", EN),
    reply("signed-stripped", f"Sure.\n\n{SIGNATURE.replace('-- ', '--')}\n", "Sure."),
    reply("quote-only", f"{ON}\n{quoted(OURS)}\n", ""),
    reply("twice-quoted", f"Yes!\n\n{ON}\n{quoted(quoted(OURS))}\n", "Yes!"),
    reply(
        "apple-quoted-intro",
        f"{EN}\n\n> On 4 Mar 2026, at 09:00, {A} wrote:\n> \n{quoted(OURS)}\n",
        EN,
    ),
    reply("apple", f"{EN}\n\nOn 4 Mar 2026, at 09:00, {A} wrote:\n\n{quoted(OURS)}\n", EN),
    reply(
        "iphone",
        f"Tuesday, yes\n\nSent from my iPhone\n\n> On 4 Mar 2026, at 09:00, {A} wrote:\n> \n{quoted(OURS)}\n",
        "Tuesday, yes",
    ),
    reply(
        "iphone-de",
        f"Ja, gerne\n\nVon meinem iPhone gesendet\n\n> Am 04.03.2026 um 09:00 schrieb {A}:\n> \n{quoted(OURS)}\n",
        "Ja, gerne",
    ),
    reply(
        "iphone-fr",
        f"Oui\n\nEnvoyé de mon iPhone\n\n> Le 4 mars 2026 à 09:00, {A} a écrit :\n> \n{quoted(OURS)}\n",
        "Oui",
    ),
    reply(
        "android",
        f"Fine by me\n\nSent from my Galaxy\n\n-------- Original message --------\nFrom: {A}\nDate: 04/03/2026 09:00 (GMT+00:00)\nTo: grace@customer.example\nSubject: A question\n\n{OURS}\n",
        "Fine by me",
    ),
    reply(
        "outlook-ios",
        f"Works for me.\n\nGet Outlook for iOS<https://aka.example/o>\n{UNMARKED['outlook-rule-en']}{OURS}\n",
        "Works for me.",
    ),
    reply(
        "latin1",
        f"{TEXTS['fr']}\n\n{MARKED['gmail-fr']}\n{quoted(OURS)}\n",
        TEXTS["fr"],
        charset="iso-8859-1",
        how="quoted-printable",
    ),
    reply(
        "cp1252",
        f"{TEXTS['de']}\n\n{MARKED['gmail-de']}\n{quoted(OURS)}\n",
        TEXTS["de"],
        charset="windows-1252",
        how="8bit",
    ),
    reply(
        "koi8",
        f"{TEXTS['ru']}\n\n{MARKED['gmail-ru']}\n{quoted(OURS)}\n",
        TEXTS["ru"],
        charset="koi8-r",
        how="base64",
    ),
    reply(
        "iso-2022-jp",
        f"{TEXTS['ja']}\n\n{MARKED['gmail-ja']}\n{quoted(OURS)}\n",
        TEXTS["ja"],
        charset="iso-2022-jp",
    ),
    reply(
        "gb18030",
        f"{TEXTS['zh']}\n\n{MARKED['gmail-zh']}\n{quoted(OURS)}\n",
        TEXTS["zh"],
        charset="gb18030",
        how="base64",
    ),
    reply(
        "euc-kr",
        f"{TEXTS['ko']}\n\n{MARKED['gmail-ko']}\n{quoted(OURS)}\n",
        TEXTS["ko"],
        charset="euc-kr",
        how="base64",
    ),
)
KEPT = (
    reply(
        "kept-wrote",
        "Here is what Joan wrote:\n\nwe need it by May.\n\nCan you do that?",
        "Here is what Joan wrote:\n\nwe need it by May.\n\nCan you do that?",
    ),
    reply(
        "kept-wrote-dated",
        "On 3 March 2026 our CFO wrote:\nno new tools this year.\nSorry.",
        "On 3 March 2026 our CFO wrote:\nno new tools this year.\nSorry.",
    ),
    reply(
        "kept-von-meinem",
        "Hallo,\n\nvon meinem Chef kommt ein Ja.\n\nAnna",
        "Hallo,\n\nvon meinem Chef kommt ein Ja.\n\nAnna",
    ),
    reply("kept-heart", "Sent from my heart: thank you!", "Sent from my heart: thank you!"),
    reply(
        "kept-dashes",
        "First plan\n-----\nSecond plan\n-----\nWhich one is cheaper?",
        "First plan\n-----\nSecond plan\n-----\nWhich one is cheaper?",
    ),
    reply(
        "kept-rule",
        "See my answers.\n____________________\nWe are 40 people.\n",
        "See my answers.\n____________________\nWe are 40 people.",
    ),
    reply(
        "kept-two-dashes",
        "Yes\n--\nbut only if:\n"
        + "\n".join(f"{n}. the point number {n} is met in full and on time" for n in range(1, 16)),
        "Yes\n--\nbut only if:\n"
        + "\n".join(f"{n}. the point number {n} is met in full and on time" for n in range(1, 16)),
    ),
    reply(
        "kept-to-from",
        "Our trip:\n\nFrom: Oslo\nTo: Bergen\nDate: 3 May\n\nWould that fit?",
        "Our trip:\n\nFrom: Oslo\nTo: Bergen\nDate: 3 May\n\nWould that fit?",
    ),
    reply(
        "kept-subject-line",
        "Please use this\nSubject: Offer 12\nin your next mail.",
        "Please use this\nSubject: Offer 12\nin your next mail.",
    ),
    reply(
        "kept-lahetetty",
        "Lähetetty tarjous on hyvä.\n\nVoimme jatkaa.",
        "Lähetetty tarjous on hyvä.\n\nVoimme jatkaa.",
    ),
    reply(
        "kept-time-colon",
        "We can meet on these days, at 10:00 or 11:30:\n- Tuesday\n- Friday",
        "We can meet on these days, at 10:00 or 11:30:\n- Tuesday\n- Friday",
    ),
    reply(
        "kept-address-colon",
        "Please write to joan@customer.example and say:\n- what it costs\n- when it starts",
        "Please write to joan@customer.example and say:\n- what it costs\n- when it starts",
    ),
    reply(
        "kept-after-original",
        f"See below.\n\n-----Original Message-----\n{BLOCK.format('From', 'Sent', 'To', 'Subject')}{OURS}\n",
        "See below.",
    ),
    reply("kept-greater", "Our figures:\n\n5 > 3\n10 >= 9", "Our figures:\n\n5 > 3\n10 >= 9"),
    reply(
        "kept-sent-with",
        "Gesendet von der Zentrale wird nichts.\nBitte an mich.",
        "Gesendet von der Zentrale wird nichts.\nBitte an mich.",
    ),
    reply(
        "kept-original-word",
        "Original message or not, I liked it.",
        "Original message or not, I liked it.",
    ),
)
HTML = (
    in_html(
        "gmail",
        f'<div dir="ltr">{EN_HTML}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Wed, Mar 4, 2026 at 9:00 AM Ada Bright &lt;<a href="mailto:{ADA}">{ADA}</a>&gt; wrote:<br></div><blockquote class="gmail_quote">{OURS_HTML}</blockquote></div>',
        EN,
    ),
    in_html(
        "outlook",
        f'<html><body><p>Tuesday works.</p><div id="divRplyFwdMsg" dir="ltr"><b>From:</b> Ada Bright<br><b>Sent:</b> Wednesday<br></div><div>{OURS_HTML}</div></body></html>',
        "Tuesday works.",
    ),
    in_html(
        "outlook-desktop",
        f'<div><p class="MsoNormal">Tuesday works.<o:p></o:p></p><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal"><b>From:</b> Ada Bright &lt;{ADA}&gt;<br><b>Sent:</b> Wednesday, March 4, 2026<br><b>To:</b> Grace<br><b>Subject:</b> A question</p></div><p>{OURS_HTML}</p></div>',
        "Tuesday works.",
    ),
    in_html(
        "apple",
        f'<html><body>Tuesday works.<div><br><blockquote type="cite"><div>On 4 Mar 2026, at 09:00, Ada Bright &lt;{ADA}&gt; wrote:</div><br><div>{OURS_HTML}</div></blockquote></div></body></html>',
        "Tuesday works.",
    ),
    in_html(
        "thunderbird",
        f'<p>Tuesday works.</p><div class="moz-cite-prefix">On 04/03/2026 09:00, Ada Bright wrote:<br></div><blockquote type="cite">{OURS_HTML}</blockquote>',
        "Tuesday works.",
    ),
    in_html(
        "yahoo",
        f'<div>Tuesday works.</div><div id="yahoo_quoted_1" class="yahoo_quoted"><div>On Wednesday, March 4, 2026 at 09:00:00 AM GMT, Ada Bright &lt;{ADA}&gt; wrote:</div><div>{OURS_HTML}</div></div>',
        "Tuesday works.",
    ),
    in_html(
        "gmail-between",
        f'<div class="gmail_attr">On Wed, Mar 4, 2026 at 9:00 AM Ada Bright &lt;{ADA}&gt; wrote:</div><blockquote>I saw the plant.</blockquote><div>It opened in May.</div><blockquote>A call?</blockquote><div>Yes.</div>',
        "It opened in May.\n\nYes.",
    ),
    in_html("plain-first", f"<div>{EN_HTML}</div>", EN, plain=f"{EN}\n\n{ON}\n{quoted(OURS)}\n"),
    in_html("entities", "<p>Caf&eacute; &amp; tea &lt;3</p>", "Café & tea <3"),
    in_html(
        "style",
        "<style>p { color: red }</style><p>Yes &nbsp; please.</p><script>alert(1)</script>",
        "Yes please.",
    ),
    in_html("list", "<p>We need:</p><ul><li>one</li><li>two</li></ul>", "We need:\n\none\n\ntwo"),
)
CASES = (*TOP, *PLACES, *KEPT, *HTML)
