"""Complaints in the abuse reporting format (RFC 5965, 6650), as feedback loops send them."""

from tests.mail.corpus.case import Case, Expected, returned, several

G = "grace@customer.example"


def complaint(name: str, sender: str, subject: str, *fields: str, to: str = G, back: str = "message/rfc822",
              kind: str = "complaint", **headers: str) -> Case:  # fmt: skip
    report = "\n".join((*fields, "User-Agent: Loop/1.0", "Version: 1")) + "\n"
    parts = [
        ({"Content-Type": "text/plain; charset=us-ascii"}, "This is an email abuse report for a message from 192.0.2.1.\n"),
        ({"Content-Type": "message/feedback-report"}, report),
        ({"Content-Type": back}, returned(to, text="Hello Grace")),
    ]  # fmt: skip
    top = {
        "From": sender,
        "Subject": subject,
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    return Case(
        id=f"arf-{name}",
        raw=several(top, "report; report-type=feedback-report", parts),
        expected=Expected(kind=kind, recipients=(G,) if kind == "complaint" else ()),
    )


CASES = (
    complaint("abuse", "abuse@isp.example", "FW: A question", "Feedback-Type: abuse"),
    complaint(
        "abuse-named",
        "feedback@isp.example",
        "complaint about message from 192.0.2.1",
        "Feedback-Type: abuse",
        f"Original-Rcpt-To: <{G}>",
        to="redacted",
    ),
    complaint(
        "abuse-rfc822",
        "feedback@isp.example",
        "Abuse report",
        "Feedback-Type: abuse",
        f"Original-Rcpt-To: rfc822; {G}",
        to="redacted",
    ),
    complaint(
        "fraud", "phishing@isp.example", "Report", "Feedback-Type: fraud", f"Original-Rcpt-To: {G}"
    ),
    complaint("virus", "abuse@isp.example", "Report", "Feedback-Type: virus"),
    complaint("other", "abuse@isp.example", "Report", "Feedback-Type: other"),
    complaint(
        "headers",
        "staff@hotmail.example",
        "complaint about message from 192.0.2.1",
        "Feedback-Type: abuse",
        back="text/rfc822-headers",
    ),
    complaint(
        "undeliverable-subject",
        "abuse@isp.example",
        "Undeliverable: you spammed me",
        "Feedback-Type: abuse",
    ),
    complaint(
        "auto",
        "feedbackloop@yahoo.example",
        "FBL report",
        "Feedback-Type: abuse",
        Auto_Submitted="auto-generated",
    ),
    complaint(
        "threaded",
        "scomp@aol.example",
        "Email Feedback Report for IP 192.0.2.1",
        "Feedback-Type: abuse",
        In_Reply_To="<touch-1@sender.example>",
    ),
    complaint("postmaster", "postmaster@isp.example", "Spam report", "Feedback-Type: abuse"),
    complaint("upper", "abuse@isp.example", "Spam", "FEEDBACK-TYPE: Abuse"),
    complaint("not-spam", "fbl@isp.example", "Not spam", "Feedback-Type: not-spam", kind="other"),
    complaint(
        "auth",
        "dmarc@isp.example",
        "Auth failure report",
        "Feedback-Type: auth-failure",
        "Auth-Failure: dmarc",
        kind="other",
    ),
)
