"""Automatic replies (RFC 3834) and those of programs that mark themselves otherwise, in many languages."""

from datetime import date

from tests.mail.corpus.case import Case, Expected, message

EXCHANGE = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
RFC = {"Auto-Submitted": "auto-replied"}
GMAIL = {"Auto-Submitted": "auto-replied", "Precedence": "bulk", "X-Autoreply": "yes"}
OLD = {"Precedence": "auto_reply"}
JUNK = {"Precedence": "junk", "X-Autorespond": "A question"}
UNMARKED: dict[str, str] = {}
ANSWERS = {"In-Reply-To": "<touch-1@sender.example>", "References": "<touch-1@sender.example>"}


def auto(name: str, marks: dict[str, str], subject: str, text: str, back: tuple[int, int, int] | None = None,
         *, charset: str = "utf-8", how: str = "8bit") -> Case:  # fmt: skip
    headers = {"Subject": subject, "Message-ID": f"<{name}@customer.example>", **ANSWERS, **marks}
    return Case(
        id=f"auto-{name}",
        raw=message(headers, text, charset=charset, how=how),
        expected=Expected(kind="auto_reply", text=text, returns_on=date(*back) if back else None),
    )


CASES = (
    auto("en-until", EXCHANGE, "Automatic reply: A question", "Thank you for your mail. I am out of the office until Friday, 13 March 2026. In urgent cases please call Joan.", (2026, 3, 14)),
    auto("en-back-on", RFC, "Re: A question", "I'm on leave and will be back on March 16, 2026.", (2026, 3, 16)),
    auto("en-returning", GMAIL, "Out of office Re: A question", "I am currently travelling, returning Monday 9th March, with limited access to mail.", (2026, 3, 9)),
    auto("en-range", EXCHANGE, "Automatic reply: A question", "I will be away from 2 March to 11 March. For anything urgent write to desk@customer.example.", (2026, 3, 12)),
    auto("en-iso", OLD, "Away", "Out of office until 2026-03-20 (inclusive).", (2026, 3, 21)),
    auto("en-us", EXCHANGE, "Automatic reply: A question", "I am out of the office and will return on 03/23/2026.", (2026, 3, 23)),
    auto("en-weekday", RFC, "Re: A question", "I'm out today and will be back on Monday.", (2026, 3, 9)),
    auto("en-tomorrow", RFC, "Re: A question", "Away from my desk today. I will be back tomorrow.", (2026, 3, 5)),
    auto("en-none", EXCHANGE, "Automatic reply: A question", "Thanks for reaching out! We have received your message and will answer soon."),
    auto("en-left", EXCHANGE, "Automatic reply: A question", "Grace Hopper no longer works here. Please write to joan@customer.example."),
    auto("en-subject-only", UNMARKED, "Automatic reply: A question", "I am away until 10 March.", (2026, 3, 11)),
    auto("en-ooo-subject", UNMARKED, "OOO: A question", "Back on 10 March.", (2026, 3, 10)),
    auto("en-ticket", JUNK, "[#4711] We have received your request", "Your request has been received. A member of our team will be in touch."),
    auto("en-parental", EXCHANGE, "Automatic reply: A question", "I am on parental leave until September 1st, 2026. Alan stands in for me.", (2026, 9, 2)),
    auto("en-year-end", RFC, "Out of Office", "Our offices are closed. We return on January 4th.", (2027, 1, 4)),
    auto("en-phone", EXCHANGE, "Automatic reply: A question", "I am out of the office until 3/20/2026. Call +1 555 010 2030 or 24/7 desk 555-0199.", (2026, 3, 21)),
    auto("en-leaving-and-return", EXCHANGE, "Automatic reply", "I leave on 3 March and come back to the office on Thursday, March 12th.", (2026, 3, 12)),
    auto("en-reopen", RFC, "Closed", "Our office is closed this week and reopens on 9 March 2026.", (2026, 3, 9)),
    auto("de-bis", EXCHANGE, "Automatische Antwort: Eine Frage", "Ich bin bis einschließlich 13.03.2026 nicht im Büro. In dringenden Fällen wenden Sie sich an Herrn Turing.", (2026, 3, 14)),
    auto("de-ab", RFC, "Abwesenheitsnotiz: Eine Frage", "Vielen Dank für Ihre Nachricht. Ab dem 16. März 2026 bin ich wieder erreichbar.", (2026, 3, 16)),
    auto("de-am", EXCHANGE, "Automatische Antwort: Eine Frage", "Ich bin derzeit im Urlaub und am 12.3. wieder zurück.", (2026, 3, 12)),
    auto("de-von-bis", EXCHANGE, "Abwesenheit", "Ich bin vom 02.03. bis zum 20.03.2026 abwesend. Ihre E-Mail wird nicht weitergeleitet.", (2026, 3, 21)),
    auto("de-weekday", UNMARKED, "Abwesend: Eine Frage", "Ich bin ab Montag wieder für Sie da.", (2026, 3, 9)),
    auto("fr-jusquau", EXCHANGE, "Réponse automatique : Une question", "Je suis absente jusqu'au 13 mars 2026 inclus. En cas d'urgence, contactez Alan.", (2026, 3, 14)),
    auto("fr-retour", RFC, "Absence du bureau", "Je suis en congé. Je serai de retour le lundi 16 mars.", (2026, 3, 16)),
    auto("fr-du-au", EXCHANGE, "Réponse automatique", "Je serai absent du 2 au 6 mars 2026.", (2026, 3, 7)),
    auto("fr-first", RFC, "Absent", "De retour le 1er avril.", (2026, 4, 1), charset="iso-8859-1", how="quoted-printable"),
    auto("es-hasta", EXCHANGE, "Respuesta automática: Una pregunta", "Estoy fuera de la oficina hasta el 13 de marzo de 2026.", (2026, 3, 14)),
    auto("es-vuelvo", RFC, "Fuera de la oficina", "Estoy de vacaciones. Regreso el 16 de marzo.", (2026, 3, 16)),
    auto("it-fino", EXCHANGE, "Risposta automatica: Una domanda", "Sono fuori ufficio fino al 13 marzo 2026.", (2026, 3, 14)),
    auto("it-rientro", RFC, "Fuori sede", "Sono in ferie e rientrerò il 16/03/2026.", (2026, 3, 16)),
    auto("pt-ate", EXCHANGE, "Resposta automática: Uma pergunta", "Estarei ausente até 13 de março de 2026.", (2026, 3, 14)),
    auto("pt-retorno", RFC, "Ausência temporária", "Estou de férias, com retorno em 16/03/2026.", (2026, 3, 16)),
    auto("nl-tot", EXCHANGE, "Automatisch antwoord: Een vraag", "Ik ben afwezig tot en met 13 maart 2026.", (2026, 3, 14)),
    auto("nl-terug", RFC, "Afwezig", "Ik ben met vakantie en op maandag 16 maart weer terug op kantoor.", (2026, 3, 16)),
    auto("nl-vanaf", RFC, "Afwezigheid", "Vanaf 16 maart ben ik weer bereikbaar.", (2026, 3, 16)),
    auto("sv-till", EXCHANGE, "Automatiskt svar: En fråga", "Jag är på semester och är tillbaka den 16 mars 2026.", (2026, 3, 16)),
    auto("sv-tom", EXCHANGE, "Autosvar", "Jag är borta till och med 13 mars.", (2026, 3, 14)),
    auto("da-tilbage", EXCHANGE, "Automatisk svar: Et spørgsmål", "Jeg er på ferie og tilbage på kontoret mandag den 16. marts.", (2026, 3, 16)),
    auto("no-tilbake", EXCHANGE, "Automatisk svar: Et spørsmål", "Jeg er på ferie og er tilbake 16. mars 2026.", (2026, 3, 16)),
    auto("fi-takaisin", EXCHANGE, "Automaattinen vastaus: Kysymys", "Olen lomalla ja palaan 16.3.2026.", (2026, 3, 16)),
    auto("pl-do", EXCHANGE, "Odpowiedź automatyczna: Pytanie", "Jestem nieobecna do 13 marca 2026.", (2026, 3, 14)),
    auto("pl-wracam", RFC, "Autoodpowiedź", "Jestem na urlopie. Wracam 16.03.2026.", (2026, 3, 16)),
    auto("cs-do", EXCHANGE, "Automatická odpověď: Otázka", "Jsem mimo kancelář do 13. března 2026.", (2026, 3, 14)),
    auto("ru-do", EXCHANGE, "Автоматический ответ: Вопрос", "Я в отпуске до 13 марта 2026 года.", (2026, 3, 14)),
    auto("ru-vernus", RFC, "Автоответ", "Меня нет в офисе, вернусь 16.03.2026.", (2026, 3, 16), charset="koi8-r", how="base64"),
    auto("tr", EXCHANGE, "Otomatik yanıt: Bir soru", "13 Mart 2026 tarihine kadar ofis dışındayım.", (2026, 3, 14)),
    auto("hu", EXCHANGE, "Automatikus válasz: Egy kérdés", "Szabadságon vagyok, 2026. március 16-án térek vissza.", (2026, 3, 16)),
    auto("ja", EXCHANGE, "自動返信: 質問があります", "3月13日まで不在にしております。3月16日に戻ります。", (2026, 3, 16), charset="iso-2022-jp", how="8bit"),
    auto("ja-year", RFC, "不在通知", "2026年3月16日から出社いたします。", (2026, 3, 16)),
    auto("zh", EXCHANGE, "自动回复: 一个问题", "您好，我正在休假，2026年3月16日返回办公室。", (2026, 3, 16), charset="gb18030", how="base64"),
    auto("ko", EXCHANGE, "자동 회신: 질문", "2026년 3월 16일에 복귀합니다.", (2026, 3, 16)),
    auto("ro", EXCHANGE, "Răspuns automat: O întrebare", "Sunt în concediu până pe 13 martie 2026.", (2026, 3, 14)),
    auto("uk", EXCHANGE, "Автоматична відповідь: Питання", "Я у відпустці до 13 березня 2026.", (2026, 3, 14)),
    auto("el", EXCHANGE, "Αυτόματη απάντηση: Μια ερώτηση", "Θα επιστρέψω στις 16/3/2026.", (2026, 3, 16)),
)  # fmt: skip
