"""Cases of a second look, by what the rules did not know then; all of them open."""

from tests.mail.corpus.automatic import RFC, UNMARKED, auto
from tests.mail.corpus.case import TOUCH, Case, Expected, returned, several
from tests.mail.corpus.notices import G, notice
from tests.mail.corpus.others import plain

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
}
AWAY = (
    auto("later-name-first", UNMARKED, "Grace Hopper/Customer is out of the office.", "I will be out of the office until 10 March 2026.", (2026, 3, 11)),
    auto("later-name-first-de", UNMARKED, "Anna Schmidt ist außer Haus", "Ich kehre zurück am 10.03.2026.", (2026, 3, 10)),
    auto("later-suppress", {"X-Auto-Response-Suppress": "All"}, "Re: A question", "I am on leave until 10 March 2026.", (2026, 3, 11)),
    auto("later-junk", {"Precedence": "junk"}, "Re: A question", "I am on vacation and back on 10 March.", (2026, 3, 10)),
    auto("later-in-words", UNMARKED, "[Ticket #1234] We received your request: A question", "Thank you for contacting us. This is an automated response confirming the receipt of your ticket."),
    *(auto(f"later-date-{n}", RFC, "Automatic reply: A question", said, (2026, 3, day)) for n, (said, day) in enumerate(DATES.items())),
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
    plain("later-about-automatic", {"Subject": "Re: A question", "In-Reply-To": TOUCH}, "We look for a tool for automatic replies. Is this automated?", "reply"),
)  # fmt: skip
CASES = (*NOTICES, *AWAY, *OTHERS)
