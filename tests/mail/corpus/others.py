"""Mail that is none of the above, and honest mail that only looks like a bounce."""

from tests.mail.corpus.case import Case, Expected, message, returned, several

ANSWERS = {"In-Reply-To": "<touch-1@sender.example>", "Subject": "Re: A question"}
TEXT = {"Content-Type": "text/plain; charset=utf-8"}


def plain(name: str, headers: dict[str, str], text: str, kind: str) -> Case:
    return Case(
        id=f"other-{name}",
        raw=message(headers, text),
        expected=Expected(kind=kind, text=text if kind in {"reply", "auto_reply"} else ""),
    )


def success(name: str, sender: str, subject: str, action: str) -> Case:
    """A report that something arrived: nothing bounced."""
    fields = f"Reporting-MTA: dns; mx.customer.example\n\nFinal-Recipient: rfc822; grace@customer.example\nAction: {action}\nStatus: 2.0.0\n"
    parts = [(TEXT, "Your message was handed on."), ({"Content-Type": "message/delivery-status"}, fields),
             ({"Content-Type": "message/rfc822"}, returned("grace@customer.example"))]  # fmt: skip
    return Case(
        id=f"other-{name}",
        raw=several(
            {"From": sender, "Subject": subject}, "report; report-type=delivery-status", parts
        ),
        expected=Expected(kind="other"),
    )


def disposition(name: str, kind: str, how: str) -> Case:
    """A read receipt (RFC 8098)."""
    fields = f"Final-Recipient: rfc822; grace@customer.example\nOriginal-Message-ID: <touch-1@sender.example>\nDisposition: {how}\n"
    parts = [
        (TEXT, "Your message was displayed."),
        ({"Content-Type": "message/disposition-notification"}, fields),
    ]
    headers = {
        "Subject": "Read: A question",
        **{k: v for k, v in ANSWERS.items() if k != "Subject"},
    }
    return Case(
        id=f"other-{name}",
        raw=several(headers, "report; report-type=disposition-notification", parts),
        expected=Expected(kind=kind),
    )


def forwarded() -> Case:
    """A person passes a bounce on: the person's mail, no report of a server."""
    inner = "From: MAILER-DAEMON@mx.example\nSubject: Undelivered Mail Returned to Sender\n\n<joan@gone.example>: 550 5.1.1 unknown user\n"
    parts = [
        (TEXT, "Joan has left, see below. Write to me instead."),
        ({"Content-Type": "message/rfc822"}, inner),
    ]
    return Case(
        id="other-forwarded-bounce",
        raw=several(ANSWERS, "mixed", parts),
        expected=Expected(kind="reply", text="Joan has left, see below. Write to me instead."),
    )


CASES = (
    success("delivered", "MAILER-DAEMON@mx.customer.example", "Successful Mail Delivery Report", "delivered"),
    success("relayed", "postmaster@mx.customer.example", "Relayed: A question", "relayed"),
    success("expanded", "postmaster@mx.customer.example", "Expanded: A question", "expanded"),
    disposition("read", "other", "manual-action/MDN-sent-manually; displayed"),
    disposition("deleted", "other", "automatic-action/MDN-sent-automatically; deleted"),
    forwarded(),
    plain("about-delivery", {**ANSWERS, "Subject": "Re: Undeliverable goods"}, "The pallets were undeliverable, address unknown. Can you help?", "reply"),
    plain("delivery-status-question", {**ANSWERS, "Subject": "Delivery status of our order"}, "Where is our order? User unknown appears in your portal.", "reply"),
    plain("code-in-text", ANSWERS, "Our server says 550 5.1.1 user unknown when we answer to your other address.", "reply"),
    plain("returned-mail", {**ANSWERS, "Subject": "Returned mail from our customers"}, "We handle a lot of returned mail. Does Halo count letters?", "reply"),
    plain("failure-notice", {**ANSWERS, "Subject": "Re: failure notice"}, "That was our gateway; it works again. Please call me.", "reply"),
    plain("delay", {**ANSWERS, "Subject": "Re: Delay of the project"}, "We have a delay, write again in May.", "reply"),
    plain("postmaster-person", {"From": "Paul <postmaster@small.example>", "Subject": "Re: A question", "In-Reply-To": "<touch-1@sender.example>"}, "I run everything here, tell me more.", "reply"),
    plain("ooo-not-bounce", {"Subject": "Automatic reply: A question", "Auto-Submitted": "auto-generated"}, "This mailbox is no longer monitored. The address will be disabled soon.", "auto_reply"),
    plain("left-not-bounce", {"Subject": "Automatic reply: A question", "Auto-Submitted": "auto-replied"}, "Grace is no longer with Customer Ltd. Mail to this account is not read.", "auto_reply"),
    plain("mailbox-full-person", ANSWERS, "Sorry, my mailbox was full. Could you send the deck again?", "reply"),
    plain("bounces-company", {"From": "Bo <bo@bounces-and-co.example>", "Subject": "Re: A question", "In-Reply-To": "<touch-1@sender.example>"}, "Trampolines are our thing. Interested!", "reply"),
    plain("auto-submitted-no", {**ANSWERS, "Auto-Submitted": "no"}, "Yes, please.", "reply"),
    plain("spam-word", ANSWERS, "This looks like spam, is it?", "reply"),
    plain("de-unzustellbar", {**ANSWERS, "Subject": "AW: Unzustellbar"}, "Ihre letzte Mail kam nicht an, bitte noch einmal.", "reply"),
)  # fmt: skip
