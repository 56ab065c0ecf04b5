"""Cases of a second look, by what the rules did not know then; all of them open."""

from tests.mail.corpus.automatic import RFC, UNMARKED, auto
from tests.mail.corpus.case import ADA, TOUCH, Case, Expected, returned, several
from tests.mail.corpus.notices import G, notice
from tests.mail.corpus.others import plain
from tests.mail.corpus.replies import OURS, in_html, quoted, reply
from tests.mail.corpus.wishes import none, wish

DAEMON = "MAILER-DAEMON@relay.example"
#: What a server said, and whether the address is given up for it.
ANSWERS = {
    "550 5.0.350 Remote server returned an error -> 550 5.1.1 The email account does not exist": True,
    "550 5.0.350 Remote server returned an error -> 550 No such user here": True,
    "550 5.0.350 Remote server returned an error -> 552 5.2.2 Mailbox is full": False,
    "550 5.4.316 Message expired, connection refused(Socket error code 10061)": False,
    "550 5.1.20 Multiple From addresses are not allowed without Sender address": False,
    "554 5.2.0 STOREDRV.Deliver.Exception:AccountDisabledException; Failed to process message": True,
    "550 Empfaenger unbekannt": True,
    "550 Mailbox existiert nicht": True,
    "550 5.5.0 Destinataire inexistant ou boite fermee": True,
    "550 Usuario inexistente": True,
    "550 Caixa postal inativa": True,
    "550 Cuenta deshabilitada": True,
    "550 Account not available": True,
    "550 non-local recipient verification failed": True,
    "550 That mailbox is not accepting messages": True,
    "550 The user or domain that you are sending to is not on this server": True,
    "554 delivery error: dd Requested mail action aborted": False,
    "550 Grace wasn't found at customer.example": True,
    "550 O endereço não foi encontrado": True,
    "550 L'indirizzo non è stato trovato": True,
    "550 Adres niet gevonden": True,
    "550 Nie znaleziono adresu": True,
    "550 宛先不明": True,
    "550 5.4.1 [grace@customer.example]: Recipient address rejected: Access denied": True,
    "571 this recipient is not accepting mail from your domain": False,
    "550 Your domain has no MX record": False,
    "550 sender IP reverse lookup rejected": False,
}
NOTICES = (
    *(notice(f"later-answer-{n}", DAEMON, "Undelivered Mail Returned to Sender", f"<{{to}}>: host mx.customer.example said: {said}\n\n{{back}}", hard=hard)
      for n, (said, hard) in enumerate(ANSWERS.items())),
    notice("later-firewall", "postmaster@customer.example", "**Message you sent blocked by our bulk email filter**", "Your message to: {to}\nwas blocked by our Spam Firewall. The email you sent with the following subject has NOT BEEN DELIVERED:\n\nSubject: A question\n", hard=False),
    notice("later-filter", "Content-filter <postmaster@customer.example>", "Considered UNSOLICITED BULK EMAIL, apparently from you", "A message from <ada@sender.example> to:\n-> {to}\n\nwas considered unsolicited bulk e-mail.\n\nDelivery of the email was stopped!\n", hard=False, Return_Path="<>"),
    notice("later-scanner", "Scanner <postmaster@customer.example>", "{{Virus?}} Warning: E-mail viruses detected", "Our virus detector has just been triggered by a message you sent:-\n  To: {to}\n  Subject: A question\n\nAn attachment is unacceptable here and will not have been delivered.\n", hard=False),
    notice("later-late-es", "mailer-daemon@correo.example", "Aviso: mensaje retrasado 24 horas", "Su mensaje no ha podido ser entregado todavía a:\n\n<{to}>\n\nSe seguirá intentando.\n", hard=False, kind="delayed"),
    notice("later-about-delay", DAEMON, "Undeliverable: Is your delivery delayed?", "Your message could not be delivered to:\n\n<{to}>: 550 5.1.1 User unknown\n", hard=True),
    notice("later-not-found-es", "postmaster@outlook.com", "No se puede entregar: A question", "No se pudo entregar el mensaje a {to}.\n\nGrace no se encontró en customer.example.\n", hard=True),
    notice("later-labeled-zh", "Postmaster@163.example", "系统退信", "抱歉，您的邮件被退回来了。\n\n收件人邮件地址：{to}\n退信原因：收件人邮箱不存在\n", hard=True),
    notice("later-inexistent-pt", "MAILER-DAEMON@correio.example", "Mensagem não entregue", "A mensagem abaixo não pôde ser entregue a:\n\n{to}\n\nMotivo: usuário inexistente\n", hard=True),
)  # fmt: skip
#: What absences say, and the day in March 2026 on which the person is back.
DATES = {
    "I am currently on leave and will be back at work on Tuesday 10/3.": 10,
    "I am away from my desk, returning 3/9.": 9,
    "I'm out on PTO thru 3/10/26.": 11,
    "I will be out of the office starting 03/02/2026 and will not return until 03/10/2026.": 10,
    "Out until Monday, back on the 16th.": 16,
    "Ich bin bis 13.3 im Urlaub und ab 16.3 wieder da, von 9.00 bis 17.30 Uhr.": 16,
    "ich bin zur Zeit nicht im Hause und kehre am 10.03. zurück.": 10,
    "Actuellement en déplacement, je reviens le 10/03/2026.": 10,
    "Je serai de nouveau joignable à partir du lundi 9 mars.": 9,
    "Estaré fuera de la oficina hasta el 13 de marzo de 2026. Me reincorporo el lunes 16 de marzo.": 16,
    "Volveré el día 9 de marzo.": 9,
    "Sarò fuori ufficio fino al 10/03/2026 compreso.": 11,
    "Tornerò in ufficio lunedì 9 marzo 2026.": 9,
    "Estarei fora até 13/03, retomando no dia 16 de março.": 16,
    "Jag är inte på kontoret till och med den 10/3.": 11,
    "Jeg er på ferie til og med fredag den 13. marts. Jeg er tilbage mandag den 16. marts.": 16,
    "W dniach 02.03-10.03.2026 jestem nieobecna w biurze.": 11,
    "Będę dostępny od 9.03.2026.": 9,
    "2-13 Mart 2026 tarihleri arasında izinliyim. 16 Mart Pazartesi günü ofiste olacağım.": 16,
    "2026. március 2-tól 13-ig szabadságon vagyok. Március 16-án leszek újra elérhető.": 16,
    "３月９日（月）に出社いたします。": 9,
    "Tôi nghỉ phép đến hết ngày 13/03/2026.": 14,
    "Tôi sẽ trở lại làm việc vào 16 tháng 3 năm 2026.": 16,
    "Saya sedang cuti sampai dengan 13 Maret 2026.": 14,
    "Jeg holder ferie fra 2/3 til 6/3 begge dage inkl.": 7,
    "Olen jälleen töissä 16.3.2026.": 16,
    "I will be out 3/5 - 3/9 and back 3/10.": 10,
    "Bis einschl. 06.03. bin ich nicht erreichbar.": 7,
    "Je ne serai pas disponible avant le 9 mars.": 9,
    "Ufficio chiuso fino all'8 marzo.": 9,
    "Jeg er tilbage på kontoret d. 9. marts.": 9,
    "9 Mart'ta ofisteyim.": 9,
    "Voi reveni în data de 9 martie 2026.": 9,
    "Vratit ću se 9. ožujka.": 9,
    "Esu atostogose iki 2026-03-08.": 9,
    "Olen puhkusel kuni 08.03.2026.": 9,
    "3月8日（日）まで休暇をいただいております。": 9,
    "休假至3月8日。": 9,
    "我将于3月2日至3月13日休假，3月16日返回办公室。": 16,
    "أنا في إجازة حتى 8 مارس 2026.": 9,
    "אחזור ב-9 במרץ 2026.": 9,
    "ฉันลาพักร้อนถึงวันที่ 8 มีนาคม 2026": 9,
    "Буду отсутствовать с 02.03.2026 по 06.03.2026.": 7,
    "Выйду на работу 9 марта 2026.": 9,
    "3/2～3/6まで休暇のため、3/9以降にご返信いたします。": 9,
}
AWAY = (
    auto("later-name-first", UNMARKED, "Grace Hopper/Customer is out of the office.", "I will be out of the office until 10 March 2026.", (2026, 3, 11)),
    auto("later-name-first-de", UNMARKED, "Anna Schmidt ist außer Haus", "Ich kehre zurück am 10.03.2026.", (2026, 3, 10)),
    auto("later-suppress", {"X-Auto-Response-Suppress": "All"}, "Re: A question", "I am on leave until 10 March 2026.", (2026, 3, 11)),
    auto("later-junk", {"Precedence": "junk"}, "Re: A question", "I am on vacation and back on 10 March.", (2026, 3, 10)),
    auto("later-in-words", UNMARKED, "[Ticket #1234] We received your request: A question", "Thank you for contacting us. This is an automated response confirming the receipt of your ticket."),
    *(auto(f"later-date-{n}", RFC, "Automatic reply: A question", said, (2026, 3, day)) for n, (said, day) in enumerate(DATES.items())),
    auto("later-on-vacation", {}, "I'm on vacation", "Talk to you soon."),
    auto("later-ooo", {}, "OOO Re: A question", "Talk to you soon."),
    auto("later-office-hours", RFC, "Automatic reply: A question", "Your ticket was received. We are there Monday to Friday, 9:00-17:00."),
    auto("later-response", UNMARKED, "Yahoo! Auto Response", "I am away until 10 March.", (2026, 3, 11)),
)  # fmt: skip
JUNK = Case(
    id="arf-later-junk-report",
    raw=several({"From": "staff@hotmail.com", "Subject": "complaint about message from 192.0.2.9"}, "mixed", [({"Content-Type": "message/rfc822"}, returned(G))]),
    expected=Expected(kind="complaint", recipients=(G,)),
)  # fmt: skip
OTHERS = (
    JUNK,
    plain("later-quarantine", {"From": "quarantine@messaging.microsoft.com", "Subject": "You have messages in quarantine"}, "1 message is being held for you to review.", "other"),
    plain("later-nobody", {"From": "Net <messages-noreply@net.example>", "Subject": "You appeared in 5 searches"}, "See who is looking", "other"),
    plain("later-nobody-answers", {"From": "Support <no-reply@customer.example>", "Subject": "Re: A question", "In-Reply-To": TOUCH}, "Tuesday is fine.", "reply"),
    plain("later-person-away", {"Subject": "Re: A question", "In-Reply-To": TOUCH}, "I am out of the office until Monday. Call me then, please.", "reply"),
    plain("later-suppress-person", {"Subject": "Re: A question", "X-Auto-Response-Suppress": "OOF"}, "Tuesday is fine.", "reply"),
    plain("later-vacation", {"Subject": "Vacation rentals, your offer"}, "Can you do this for rentals?", "reply"),
    plain("later-auto", {"Subject": "Auto: insurance of our fleet"}, "Can you help?", "reply"),
    plain("later-about-automatic", {"Subject": "Re: A question", "In-Reply-To": TOUCH}, "We look for a tool for automatic replies. Is this automated?", "reply"),
)  # fmt: skip
WISHES = (
    "Please take my name off your mailing list.", "Not interested, remove from list", "Please do not send me any more emails.", "Don't send me this spam.",
    "Please cease and desist from contacting me.", "Leave me alone.", "I no longer wish to receive these offers.", "Ich möchte keine Werbung mehr erhalten.",
    "Bitte löschen Sie meine Adresse.", "Abbestellen", "Je ne souhaite plus recevoir vos e-mails.", "Merci de supprimer mon adresse de votre base.", "Désinscription svp",
    "No deseo recibir más correos.", "Por favor elimine mi correo de su lista.", "Non desidero più ricevere le vostre email.", "Não quero receber mais e-mails.",
    "Gelieve mij uit te schrijven.", "Verwijder mij uit uw bestand.", "Ik wil geen mails van jullie.", "Jag vill inte ha fler mail.", "Jeg ønsker ikke flere mails.", "Slett meg fra listen.",
    "En halua enää näitä viestejä.", "Proszę o usunięcie mojego adresu.", "Nie życzę sobie takich maili.", "Nepřeji si dostávat další e-maily.", "Удалите мой адрес из рассылки.",
    "Я не хочу больше получать письма.", "Lütfen bana mail atmayın.", "Kérem, ne küldjenek több levelet.", "Nu mai doresc să primesc mesaje.", "请不要再发邮件给我。", "メールは不要です。",
)  # fmt: skip
NO_WISHES = (
    "Please take me off mute, then call me.", "What opt-out options do you offer?", "Is there an opt-out clause?", "No more emails needed, just call me!",
    "Do not send the contract to Joan, send it to me.", "Bitte löschen Sie den Termin am Dienstag.", "Comment gérez-vous la désinscription ?", "Don't send me the offer yet.",
)  # fmt: skip
FINE = "Tuesday is fine."
BLOCK = "{}: Ada Bright <ada@sender.example>\n{}: Wednesday, March 4, 2026 9:00 AM\n{}: Grace <grace@customer.example>\n{}: A question\n\n"
HEADED = f"From: Ada Bright <{ADA}>\nSubject: A question\nDate: 4 March 2026 at 09:00:00 GMT\nTo: grace@customer.example\n\n{OURS}"
#: What stands between the person's words and ours.
ABOVE = {
    **{f"title-{n}": f"{title}\nBetreff: A question\nDatum: Wed, 4 Mar 2026 09:00:00 +0000\nVon: Ada <{ADA}>\nAn: grace@customer.example\n\n{OURS}"
       for n, title in enumerate(("-------- Message transféré --------", "-------- Mensaje reenviado --------", "---------- Vidarebefordrat meddelande ----------",
                                  "----- Ursprüngliche Mail -----", "-----Original-Nachricht-----", "-------- Oryginalna wiadomość --------", "---------- Původní e-mail ----------"))},
    **{f"passed-on-{n}": f"{line}\n\n{quoted(HEADED)}"
       for n, line in enumerate(("Début du message réexpédié :", "Inicio del mensaje reenviado:", "Inizio messaggio inoltrato:", "Início da mensagem reencaminhada:", "Begin doorgestuurd bericht:",
                                 "Vidarebefordrat brev:", "Start på videresendt besked:", "Начало переадресованного сообщения:", "Początek przekazywanej wiadomości:"))},
    **{f"block-{labels[1]}": BLOCK.format(*labels) + OURS
       for labels in (("De", "Enviat", "Per a", "Tema"), ("Từ", "Đã gửi", "Đến", "Chủ đề"), ("จาก", "ส่ง", "ถึง", "เรื่อง"), ("من", "تم الإرسال", "إلى", "الموضوع"), ("Nuo", "Išsiųsta", "Kam", "Tema"),
                      ("No", "Nosūtīts", "Kam", "Tēma"), ("Saatja", "Saadetud", "Adressaat", "Teema"), ("Dari", "Dikirim", "Kepada", "Subjek"), ("Od", "Poslato", "Za", "Tema"))},
    "name-alone": f"Ada Bright wrote:\n\n{quoted(OURS)}",
    "untitled": f"  Original Message  \n{BLOCK.format('From', 'Sent', 'To', 'Subject')}{OURS}",
    "groupwise": f">>> Ada Bright <{ADA}> 3/4/2026 9:00 AM >>>\n{OURS}",
    "notes": f"Ada Bright <{ADA}> \n03/04/2026 09:00 AM\n\nTo\ngrace@customer.example\ncc\n\nSubject\nA question\n\n{OURS}",
}  # fmt: skip
PHONES = (
    "iPhone'umdan gönderildi", "Odesláno z iPhonu", "iPhone-ról küldve", "Στάλθηκε από το iPhone μου", "נשלח מה-iPhone שלי", "أُرسلت من الـ iPhone", "Poslano s mog iPhonea", "Enviat des del meu iPhone",
    "ส่งจาก iPhone ของฉัน", "Đã gửi từ iPhone của tôi", "Dikirim dari iPhone saya", "Odoslané z iPhonu", "Изпратено от моя iPhone", "從我的 iPhone 傳送", "从我的iPhone发送", "Sent from Yahoo Mail for iPhone",
    "Sent from Mail<https://go.microsoft.com/fwlink/?LinkId=550986> for Windows", "Sent from Proton Mail Android", "Sent via Superhuman iOS", "Sent from Front", "Sent from HEY", "-------- Sent from my Huawei phone",
    "Diese Nachricht wurde von meinem Android-Mobiltelefon mit GMX Mail gesendet.", "Von Samsung-Tablet gesendet.", "Holen Sie sich Outlook für iOS<https://aka.ms/x>", "Envoyé à partir de Outlook pour iOS<https://aka.ms/x>",
    "Enviado do Outlook para iOS<https://aka.ms/x>", "Verzonden vanuit Outlook voor iOS<https://aka.ms/x>", "Skickas från Outlook för iOS<https://aka.ms/x>",
)  # fmt: skip
#: All of it is the person's own.
KEPT = (
    "Points:\n\n--\nOne\n--\nTwo", "--- Our offer ---\nPrice: 100\nTerm: 12:00\nUsers: 5", "Agenda:\nFrom: 10:00\nTo: 11:00\nSubject: pricing\n\nok?",
    "Von Outlook wechseln wir gerade zu Gmail.\n\nGrace", "Sent from Joan's Outlook calendar it looks like Tuesday is free.\nGrace", "Your colleague Bob wrote:\n\nthis is too expensive.\n\nIs it?",
    "Our details:\nName: Grace Hopper\nEmail: grace@customer.example\nPhone: 12:34\nAddress: 1 Street",
)  # fmt: skip
REPLIES = (
    *(reply(f"later-above-{name}", f"{FINE}\n\n{below}\n", FINE) for name, below in ABOVE.items()),
    *(reply(f"later-phone-{n}", f"{FINE}\n\n{line}\n", FINE) for n, line in enumerate(PHONES)),
    *(reply(f"later-own-{n}", text, text) for n, text in enumerate(KEPT)),
    in_html("later-gmail-any-language", '<div>Ndiyo.</div><div class="gmail_quote"><div class="gmail_attr">Mnamo 4 Machi 2026, Ada Bright aliandika hivi<br></div><blockquote>Hello</blockquote><div>Na wewe?</div></div>', "Ndiyo.\n\nNa wewe?"),
    in_html("later-yahoo-any-language", '<div>Sawa.</div><div class="ydp1yahoo_quoted"><div>Machi 4 Ada Bright aliandika</div><div>Hello</div></div>', "Sawa."),
    in_html("later-gmail-passed-on", f'<div>FYI</div><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>From: Ada &lt;{ADA}&gt;<br>Date: Wed, Mar 4, 2026 at 9:00 AM<br>Subject: A question<br></div><div>Hello</div></div>', "FYI"),
    in_html("later-pre", "<pre>Tuesday is fine.\n\nGrace</pre>", "Tuesday is fine.\n\nGrace"),
)  # fmt: skip
CASES = (
    *NOTICES,
    *AWAY,
    *OTHERS,
    *REPLIES,
    *(wish(f"later-{n}", words) for n, words in enumerate(WISHES)),
    *(none(f"later-{n}", words) for n, words in enumerate(NO_WISHES)),
)
