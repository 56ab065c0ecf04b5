"""Wishes to be left alone, written by people and by clients (RFC 2369), and texts that only look like one."""

from tests.mail.corpus.case import ADA, Case, Expected, message

ANSWERS = {"In-Reply-To": "<touch-1@sender.example>", "Subject": "Re: A question"}
QUOTE = f"\n\nOn Wed, 4 Mar 2026 at 09:00, Ada Bright <{ADA}> wrote:\n> Hello Grace,\n> to unsubscribe, answer with one word.\n"


def wish(
    name: str,
    text: str,
    *,
    subject: str = "Re: A question",
    quote: str = QUOTE,
    kind: str = "unsubscribe",
) -> Case:
    return Case(
        id=f"wish-{name}",
        raw=message({**ANSWERS, "Subject": subject}, text + quote),
        expected=Expected(kind=kind, text=text),
    )


def none(name: str, text: str, *, subject: str = "Re: A question") -> Case:
    """A reply that no rule may take for a wish."""
    return wish(f"not-{name}", text, subject=subject, kind="reply")


CASES = (
    wish("en-word", "Unsubscribe"),
    wish("en-stop", "STOP"),
    wish("en-please", "Please remove me from your list.\n\nThanks,\nGrace"),
    wish("en-angry", "Take me off this list, now!"),
    wish("en-polite", "Hi Ada,\n\nthank you, but please stop emailing me.\n\nGrace"),
    wish("en-optout", "I'd like to opt out of these mails."),
    wish("en-contact", "Do not contact me again."),
    wish("en-subject", "", subject="unsubscribe", quote=""),
    wish("en-mailto", "", subject="unsubscribe AbCdEfGhIjKlMnOpQrStUvWxYz012345", quote=""),
    wish("en-gdpr", "Please delete my data from your systems and do not write to me again."),
    wish("en-no-more", "No more emails please"),
    wish("en-subject-reply", "thanks", subject="Unsubscribe me"),
    wish("de-austragen", "Bitte tragen Sie mich aus Ihrem Verteiler aus."),
    wish("de-abmelden", "Abmelden"),
    wish("de-keine", "Bitte keine weiteren E-Mails mehr senden.\n\nMit freundlichen Grüßen\nAnna Schmidt"),
    wish("de-loeschen", "Löschen Sie meine Daten und kontaktieren Sie mich nicht mehr."),
    wish("fr-desabonner", "Merci de me désabonner."),
    wish("fr-desinscrire", "Désinscrivez-moi de votre liste s'il vous plaît."),
    wish("fr-plus", "Merci de ne plus me contacter."),
    wish("es-baja", "Por favor, denme de baja."),
    wish("es-no", "No me envíen más correos."),
    wish("it-cancella", "Cancellatemi dalla vostra lista."),
    wish("it-non", "Per favore non scrivetemi più."),
    wish("pt-remova", "Por favor, remova meu e-mail da sua lista."),
    wish("pt-descadastrar", "Quero me descadastrar."),
    wish("nl-uitschrijven", "Graag uitschrijven."),
    wish("nl-geen", "Stuur mij geen e-mails meer."),
    wish("sv", "Vänligen avregistrera mig."),
    wish("da", "Afmeld mig venligst."),
    wish("no", "Vennligst meld meg av listen."),
    wish("fi", "Poistakaa minut listalta."),
    wish("pl", "Proszę wypisać mnie z listy."),
    wish("cs", "Odhlaste mě prosím z odběru."),
    wish("ru", "Отпишите меня от рассылки."),
    wish("tr", "Lütfen beni listeden çıkarın."),
    wish("hu", "Kérem, töröljenek a listáról."),
    wish("ja", "配信停止をお願いします。"),
    wish("zh", "请退订。"),
    wish("ko", "수신거부 해주세요."),
    none("quoted", "Sounds good, let us talk on Monday."),
    none("about-product", "Can recipients unsubscribe with one click in your product?"),
    none("non-stop", "We are working non-stop on the launch; write to me in May."),
    none("stop-by", "Feel free to stop by our booth next week."),
    none("remove-feature", "Could you remove the add-on from the offer and send it again?"),
    none("baja", "El precio baja en marzo, ¿verdad?"),
    none("abmeldung", "Unsere Kunden fragen nach der Abmeldung per Klick. Können Sie das?"),
    none("later", "Please do not write to Alan, write to me instead."),
    none("contact-me", "Don't hesitate to contact me."),
    none("opt-out-rate", "What opt-out rate do you see with other customers?"),
    none("stop-sending-invoices", "Our supplier keeps sending paper invoices. Does your tool help?"),
)  # fmt: skip
