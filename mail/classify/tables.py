"""Words of mail clients and servers in the languages of the people we write to."""

import re

#: Verbs of "On Monday Ada wrote:".
WROTE = (
    "wrote", "writes", "schrieb", "schreibt", "a écrit", "escribió", "ha scritto", "escreveu",
    "schreef", "skrev", "kirjoitti", "napisał", "napisał(a)", "napsal", "napísal", "написал",
    "написала", "пишет", "написав", "yazdı", "írta", "a scris", "έγραψε", "כתב", "كتب", "写道",
    "寫道", "のメール", "さんは書きました", "님이 작성", "đã viết", "menulis",
)  # fmt: skip

#: Words that a quoted mail's header lines begin with.
HEADER_WORDS = (
    "from", "sent", "date", "to", "cc", "subject", "reply-to",
    "von", "gesendet", "datum", "an", "betreff",
    "de", "envoyé", "date", "à", "objet",
    "enviado", "enviado el", "fecha", "para", "asunto", "assunto", "data",
    "da", "inviato", "a", "oggetto",
    "van", "verzonden", "aan", "onderwerp",
    "från", "skickat", "till", "ämne", "fra", "sendt", "til", "emne",
    "lähettäjä", "lähetetty", "vastaanottaja", "aihe",
    "od", "wysłano", "do", "temat", "odesláno", "komu", "předmět", "odoslané", "predmet",
    "от", "отправлено", "кому", "тема", "від", "надіслано",
    "gönderen", "gönderildi", "kime", "konu", "tarih",
    "feladó", "elküldve", "címzett", "tárgy",
    "发件人", "发送时间", "收件人", "主题", "日期", "寄件者", "收件者", "主旨",
    "差出人", "送信日時", "宛先", "件名", "보낸 사람", "보낸 날짜", "받는 사람", "제목",
)  # fmt: skip

#: Between dashes or underscores: everything behind is the mail that was answered.
ORIGINAL = (
    "original message", "original appointment", "forwarded message", "ursprüngliche nachricht",
    "originalnachricht", "weitergeleitete nachricht", "message d'origine", "message original",
    "mensaje original", "messaggio originale", "mensagem original", "oorspronkelijk bericht",
    "ursprungligt meddelande", "oprindelig meddelelse", "opprinnelig melding",
    "alkuperäinen viesti", "wiadomość oryginalna", "původní zpráva", "исходное сообщение",
    "originální zpráva", "özgün ileti", "eredeti üzenet", "原始邮件", "原始郵件",
    "元のメッセージ", "원본 메시지", "reply message", "mail original",
)  # fmt: skip

#: A line that a phone adds; it is no text of the person.
SENT_FROM = (
    "sent from my", "sent from mail for", "sent from outlook", "get outlook for",
    "von meinem", "gesendet mit", "gesendet von", "envoyé de mon", "envoyé depuis",
    "enviado desde mi", "enviado do meu", "inviato da", "verzonden vanaf mijn",
    "skickat från min", "sendt fra min", "wysłane z", "отправлено с", "lähetetty",
    "发自我的", "iphoneから送信",
)  # fmt: skip

#: Subjects of automatic replies begin like this.
AUTO_SUBJECT = (
    "automatic reply", "auto reply", "auto-reply", "autoreply", "auto response", "auto-response",
    "automated reply", "automatic response", "auto:", "out of office", "out of the office",
    "out-of-office", "ooo:", "on vacation", "on holiday", "away from",
    "automatische antwort", "abwesenheit", "abwesend", "nicht im büro", "außer haus",
    "réponse automatique", "absence du bureau", "absent", "respuesta automática",
    "respuesta automatica", "fuera de la oficina", "ausente", "risposta automatica",
    "fuori sede", "fuori ufficio", "assente", "resposta automática", "resposta automatica",
    "fora do escritório", "ausência", "automatisch antwoord", "afwezig", "autosvar",
    "automatiskt svar", "automatisk svar", "frånvaro", "fravær", "automaattinen vastaus",
    "poissa", "odpowiedź automatyczna", "autoodpowiedź", "automatická odpověď", "автоответ",
    "автоматический ответ", "otomatik yanıt", "automatikus válasz", "自动回复", "自動回覆",
    "自動返信", "不在", "자동 회신", "부재중", "trả lời tự động",
)  # fmt: skip

#: A written wish to be left alone, in the person's own words.
OPT_OUT = re.compile(
    r"""
      \bplease\ unsubscribe\b | \bunsubscribe\ (me|us|this|my)\b | \bkindly\ unsubscribe\b
    | \b(want|like|wish)\ to\ (unsubscribe|be\ removed)\b | \bopt(ing)?[\ -]?(me\ )?out\b
    | \b(remove|delete|take)\ (me|us|my\ (e-?mail|name|address|details|contact)\S*(\ address)?)\ (from|off)\b
    | \btake\ (me|us)\ off\b | \bremove\ me\b | \bstop\ (e-?mailing|mailing|contacting|writing|spamming|sending)\b
    | \b(do\ not|don'?t|never)\ (e-?mail|contact|write|message)\ (to\ )?(me|us)\b
    | \bno\ (more|further)\ e-?mails\b | \bunsubscribe,?\ please\b
    | \b(bitte\ )?(austragen|abmelden)\ bitte\b | \bbitte\b.{0,60}\b(austragen|abmelden|abbestellen|streichen)\b
    | \b(tragen|melden|nehmen|streichen|löschen)\ sie\ (mich|uns)\b
    | \bkeine\ (weiteren\ )?(e-?)?mails?\ mehr\b | \baus\ (ihrem|dem|eurem)\ verteiler\b
    | \b(désabonne[rz]|désinscri(re|vez|s))(-|\ )?(moi|nous)?\b | \bretire[rz](-|\ )moi\b
    | \bne\ (plus\ )?(me|nous)\ (plus\ )?(contacte|écri|envoye)\w*
    | \b(dar(me|nos)|dame|denme)\ de\ baja\b | \bdarse\ de\ baja\b | \bquiero\ (darme\ de\ )?baja\b
    | \b(elimíne|elimine|quíte|quite|bórre|borre)(n)?me\b | \bno\ (me\ )?(escriban?|contacten?|envíen?)\b
    | \b(cancellate|cancella|rimuovete|rimuovi|rimuova|disiscriv\w{1,6})mi\b | \bdisiscriv\w+\b
    | \bnon\ (contattat|scriv|inviat)\w*mi\b
    | \b(remov|descadastr|cancel)\w*(-me|\ meu\ (e-?mail|nome|contato))\b | \bdescadastr\w+\b
    | \b(uitschrijven|afmelden)\b | \bavregistrera\b | \bavprenumerera\b | \bafmeld\ mig\b | \bavmeld\ meg\b
    | \bpoistakaa\b | \bwypis(ać|z|zcie)\b | \bodhlás(it|te)\b | \bотпис(ать|аться|ите)\b | \bотпишите\b
    | \babonelikten\ çık\w*\b | \bleirat\w+\b | 退订 | 取消订阅 | 退訂 | 配信停止 | 配信を停止 | 수신\ ?거부
    """,
    re.IGNORECASE | re.VERBOSE,
)
#: The whole answer is one of these words.
OPT_OUT_ALONE = frozenset(
    "unsubscribe stop remove optout opt-out abmelden austragen désabonner désinscription baja "
    "cancellami rimuovimi descadastrar remover afmelden uitschrijven avregistrera wypisz отписаться".split()
)

#: What a return date stands behind: from that day on, and up to and including that day.
BACK = re.compile(
    r"\b(back|return(ing|s)?|available again|in the office again|reach me again|zurück|wieder (erreichbar|im büro|da)"
    r"|de retour|retour|de vuelta|regres\w+|vuelvo|ritorn\w+|rientr\w+|di ritorno|de volta|volto|retorn\w+"
    r"|terug|tillbaka|tilbake|tilbage|takaisin|wracam|zpět|вернусь|буду)\b",
    re.IGNORECASE,
)
UNTIL = re.compile(
    r"\b(until|till|through|thru|to|bis( einschließlich| zum)?|jusqu'au|hasta( el)?|fino al|até|tot( en met)?"
    r"|t/m|till och med|til og med|do|до|по)\b",
    re.IGNORECASE,
)

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier enero gennaio janeiro januari ene gen",
            "february feb februar février fevrier febrero febbraio fevereiro februari fév fev",
            "march mar märz maerz mars marzo março marco maart mrz mär",
            "april apr avril abril aprile avr abr",
            "may mai mayo maggio maio mei maj mag",
            "june jun juni juin junio giugno junho giu",
            "july jul juli juillet julio luglio julho lug",
            "august aug août aout agosto augustus augusti ago",
            "september sep sept septembre septiembre settembre setembro set",
            "october oct oktober octobre octubre ottobre outubro okt ott out",
            "november nov novembre noviembre novembro",
            "december dec dezember décembre decembre diciembre dicembre dezembro desember dez dic",
        ),
        start=1,
    )
    for name in names.split()
}
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday montag lundi lunes lunedì segunda-feira maandag måndag mandag",
            "tuesday dienstag mardi martes martedì terça-feira dinsdag tisdag tirsdag",
            "wednesday mittwoch mercredi miércoles mercoledì quarta-feira woensdag onsdag",
            "thursday donnerstag jeudi jueves giovedì quinta-feira donderdag torsdag",
            "friday freitag vendredi viernes venerdì sexta-feira vrijdag fredag",
            "saturday samstag samedi sábado sabato zaterdag lördag lørdag",
            "sunday sonntag dimanche domingo domenica zondag söndag søndag",
        )
    )
    for name in names.split()
}
