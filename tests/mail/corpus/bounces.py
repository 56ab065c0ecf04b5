"""Delivery reports in the standard's form (RFC 3464, 3462, 6533), as each mail system fills it in."""

from dataclasses import dataclass

from tests.mail.corpus.case import Case, Expected, returned, several

PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


@dataclass(frozen=True, kw_only=True)
class System:
    """Who sends the report, and how its first part says what happened."""

    sender: str
    subject: str
    words: str = "{recipient}: {diagnostic}"
    headers: tuple[tuple[str, str], ...] = ()
    back: str = "message/rfc822"  #: how our email comes back; blank: not at all


POSTFIX = System(
    sender="MAILER-DAEMON@mx.customer.example (Mail Delivery System)",
    subject="Undelivered Mail Returned to Sender",
    words="This is the mail system at host mx.customer.example.\n\nYour message did not arrive; it follows below.\n\n"
    "                   The mail system\n\n<{recipient}>: host mx2.customer.example[192.0.2.9] said:\n"
    "    {diagnostic} (in reply to RCPT TO command)",
    headers=(("Auto-Submitted", "auto-replied"),),
)
POSTFIX_HEADERS = System(
    sender="Mail Delivery System <MAILER-DAEMON@relay.example>",
    subject="Undelivered Mail Returned to Sender",
    words="This is the mail system at host relay.example.\n\n<{recipient}>: {diagnostic}",
    headers=(("Auto-Submitted", "auto-replied"),),
    back="text/rfc822-headers",
)
POSTFIX_DELAY = System(
    sender="MAILER-DAEMON@relay.example (Mail Delivery System)",
    subject="Delayed Mail (still being retried)",
    words="# THIS IS A WARNING ONLY.  NOTHING HAS TO BE SENT AGAIN. #\n\n<{recipient}>: {diagnostic}",
    headers=(("Auto-Submitted", "auto-replied"),),
    back="text/rfc822-headers",
)
EXIM = System(
    sender="Mail Delivery System <Mailer-Daemon@smtp.relay.example>",
    subject="Mail delivery failed: returning message to sender",
    words="This message was created automatically by mail delivery software.\n\nThe following address(es) failed:\n\n"
    "  {recipient}\n    host mx.customer.example [192.0.2.9]\n"
    "    SMTP error from remote mail server after RCPT TO:<{recipient}>:\n    {diagnostic}",
    headers=(("X-Failed-Recipients", "{recipient}"), ("Auto-Submitted", "auto-replied")),
)
SENDMAIL = System(
    sender="Mail Delivery Subsystem <MAILER-DAEMON@relay.example>",
    subject="Returned mail: see transcript for details",
    words="The original message was received at Wed, 4 Mar 2026 09:59:00 GMT\n\n"
    "   ----- The following addresses had permanent fatal errors -----\n<{recipient}>\n    (reason: {diagnostic})\n\n"
    "   ----- Transcript of session follows -----\n... while talking to mx.customer.example.:\n>>> RCPT To:<{recipient}>\n"
    "<<< {diagnostic}",
    headers=(("Auto-Submitted", "auto-generated (failure)"),),
    back="text/rfc822-headers",
)
SENDMAIL_DELAY = System(
    sender="Mail Delivery Subsystem <MAILER-DAEMON@relay.example>",
    subject="Warning: could not send message for past 4 hours",
    words="    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n"
    "   ----- The following addresses had transient non-fatal errors -----\n<{recipient}>\n\n{diagnostic}",
    headers=(("Auto-Submitted", "auto-generated (warning-timeout)"),),
)
OFFICE = System(
    sender="Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@customer.example>",
    subject="Undeliverable: A question",
    words="Your message to {recipient} couldn't be delivered.\n\nDiagnostic information for administrators:\n\n"
    "Generating server: PR3PR01.prod.example\n\n{recipient}\nRemote Server returned '{diagnostic}'",
    headers=(("Auto-Submitted", "auto-replied"),),
)
OFFICE_DE = System(
    sender="postmaster@kunde.example", subject="Unzustellbar: Eine Frage",
    words="Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:\n\n{recipient}\n{diagnostic}",
)  # fmt: skip
OFFICE_FR = System(
    sender="postmaster@client.example", subject="Non remis : Une question",
    words="Échec de la remise à ces destinataires ou groupes :\n\n{recipient}\n{diagnostic}",
)  # fmt: skip
OFFICE_ES = System(
    sender="postmaster@cliente.example", subject="No se puede entregar: Una pregunta",
    words="No se pudo entregar el mensaje a estos destinatarios:\n\n{recipient}\n{diagnostic}",
)  # fmt: skip
OFFICE_IT = System(
    sender="postmaster@cliente-it.example", subject="Non recapitabile: Una domanda",
    words="Recapito non riuscito per i destinatari seguenti:\n\n{recipient}\n{diagnostic}",
)  # fmt: skip
OFFICE_JA = System(
    sender="postmaster@kokyaku.example", subject="配信不能: 質問があります",
    words="次の受信者またはグループへの配信に失敗しました:\n\n{recipient}\n{diagnostic}",
)  # fmt: skip
GOOGLE = System(
    sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
    subject="Delivery Status Notification (Failure)",
    words="** Message not delivered **\n\nYour message to {recipient} did not get through.\n\nThe response was:\n\n{diagnostic}",
    headers=(("X-Failed-Recipients", "{recipient}"), ("In-Reply-To", "<touch-1@sender.example>"),
             ("References", "<touch-1@sender.example>"), ("Auto-Submitted", "auto-replied")),
)  # fmt: skip
GOOGLE_DELAY = System(
    sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
    subject="Delivery Status Notification (Delay)",
    words="** Delivery incomplete **\n\nThere was a temporary problem with {recipient}. We will keep trying for 45 hours.\n\n{diagnostic}",
    headers=(("In-Reply-To", "<touch-1@sender.example>"),),
)
DOMINO = System(
    sender="postmaster@notes.example",
    subject="DELIVERY FAILURE: User grace (grace@notes.example) not listed in Domino Directory",
    words="Your message\n\n  Subject: A question\n\nwas not delivered to:\n\n  {recipient}\n\nbecause:\n\n  {diagnostic}",
)
SES = System(
    sender="MAILER-DAEMON@eu-west-1.amazonses.com",
    subject="Delivery Status Notification (Failure)",
    words="An error occurred while trying to deliver the mail to the following recipients:\n{recipient}",
)
YAHOO = System(
    sender="MAILER-DAEMON@yahoo.com", subject="Failure Notice",
    words="Sorry, we were unable to deliver your message to the following address.\n\n<{recipient}>:\n{diagnostic}",
)  # fmt: skip
COURIER = System(
    sender="courier mail server at mx.customer.example <@>",
    subject="NOTICE: mail delivery status.",
    words="This is a delivery status notification from mx.customer.example.\n\n<{recipient}>:\n    {diagnostic}",
    back="text/rfc822-headers",
)
SUN = System(
    sender="Internet Mail Delivery <postmaster@sun.example>",
    subject="Delivery Notification: Delivery has failed",
    words="This report relates to a message you sent.\n\n  Recipient address: {recipient}\n  Reason: {diagnostic}",
)
POWERMTA = System(
    sender="mailer-daemon@pmta.example", subject="Delivery report",
    words="Hello, this is the mail server on pmta.example.\n\n{recipient}\n\n  {diagnostic}",
)  # fmt: skip
OPENSMTPD = System(
    sender="Mailer Daemon <MAILER-DAEMON@bsd.example>", subject="Delivery status notification: error",
    words="    Hi!\n\n    This is the MAILER-DAEMON, do not answer.\n\n    {recipient}: {diagnostic}",
    headers=(("Auto-Submitted", "auto-replied"),),
)  # fmt: skip
MIMECAST = System(
    sender="Postmaster <postmaster@gateway.example>",
    subject="[Postmaster] Email Delivery Failure",
    words="This is a delivery failure notification message.\n\nThe email address: {recipient}\n\n{diagnostic}",
)
MAILGUN = System(
    sender="MAILER-DAEMON@mg.sender.example", subject="Undeliverable Mail",
    words="{recipient}\n{diagnostic}", back="",
)  # fmt: skip
REPORT = System(
    sender="nobody@strange.example", subject="Report", words="See the next part.", back=""
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One recipient's fields in the report."""

    to: str
    status: str = ""
    diagnostic: str = ""
    action: str = "failed"
    original: str = ""
    final: str = ""  #: written otherwise than `rfc822; to`

    def fields(self) -> str:
        pairs = {
            "Original-Recipient": self.original and f"rfc822;{self.original}",
            "Final-Recipient": self.final or f"rfc822; {self.to}",
            "Action": self.action,
            "Status": self.status,
            "Remote-MTA": "dns; mx.customer.example",
            "Diagnostic-Code": self.diagnostic and f"smtp; {self.diagnostic}",
        }
        return "".join(f"{name}: {value}\n" for name, value in pairs.items() if value)


def bounce(name: str, system: System, *lines: Line, hard: bool, fault: bool = False, kind: str = "bounce",
           report: str = "message/delivery-status", expect: tuple[str, ...] = ()) -> Case:  # fmt: skip
    about = {"recipient": lines[0].to, "diagnostic": lines[0].diagnostic}
    status = (
        "Reporting-MTA: dns; mx.customer.example\nArrival-Date: Wed, 4 Mar 2026 09:59:00 +0000\n\n"
    )
    parts = [(PLAIN, system.words.format(**about))]
    parts += [({"Content-Type": report}, status + "\n".join(line.fields() for line in lines))]
    if system.back:
        parts += [({"Content-Type": system.back}, returned(lines[0].original or lines[0].to))]
    headers = {"From": system.sender, "Subject": system.subject, "Return-Path": "<>"}
    headers |= {key: value.format(**about) for key, value in system.headers}
    kind_of = f"report; report-type={report.partition('/')[2]}"
    wanted = expect or tuple(
        at.original or at.to for at in lines if at.action in {"failed", "delayed"}
    )
    return Case(
        id=f"dsn-{name}",
        raw=several(headers, kind_of, parts),
        expected=Expected(kind=kind, recipients=wanted, hard=hard, sender_fault=fault),
    )


def one(name: str, system: System, to: str, status: str, diagnostic: str, *, hard: bool,
        fault: bool = False, kind: str = "bounce") -> Case:  # fmt: skip
    """The usual report: one recipient."""
    action = "delayed" if kind == "delayed" else "failed"
    line = Line(to=to, status=status, diagnostic=diagnostic, action=action)
    return bounce(name, system, line, hard=hard, fault=fault, kind=kind)


G = "grace@customer.example"
CASES = (
    one("postfix-unknown", POSTFIX, G, "5.1.1", f"550 5.1.1 <{G}>: Recipient address rejected: User unknown in virtual mailbox table", hard=True),
    one("postfix-full", POSTFIX, G, "5.2.2", "552 5.2.2 Mailbox is over quota", hard=False),
    one("postfix-full-452", POSTFIX_HEADERS, "joan@full.example", "4.2.2", "452 4.2.2 The mailbox is full, try later", hard=False),
    one("postfix-no-domain", POSTFIX_HEADERS, "joan@gone.example", "5.4.4", "Host or domain name not found. Name service error for name=gone.example type=A: Host not found", hard=True),
    one("postfix-null-mx", POSTFIX_HEADERS, "joan@nullmx.example", "5.1.0", "Domain nullmx.example does not accept mail (nullMX)", hard=True),
    one("postfix-expired", POSTFIX_HEADERS, "joan@silent.example", "4.4.1", "connect to mx.silent.example[192.0.2.7]:25: Connection timed out", hard=False),
    one("postfix-lookup-loop", POSTFIX_HEADERS, "joan@loop.example", "5.4.6", "mail for loop.example loops back to myself", hard=False),
    one("postfix-greylisted-expired", POSTFIX, G, "4.7.1", "450 4.7.1 Greylisted, please come back later", hard=False),
    one("postfix-content", POSTFIX, G, "5.7.1", "554 5.7.1 Message rejected as spam by content filter", hard=False),
    one("postfix-access", POSTFIX, G, "5.7.1", f"550 5.7.1 <{G}>: Recipient address rejected: Access denied", hard=False),
    one("postfix-relay", POSTFIX, G, "5.7.1", f"554 5.7.1 <{G}>: Relay access denied", hard=False),
    one("postfix-unknown-554", POSTFIX, "lee@shop.example", "5.0.0", "554 delivery error: dd This user doesn't have a shop.example account (lee@shop.example) [0]", hard=True),
    one("postfix-size", POSTFIX_HEADERS, G, "5.3.4", "message size 31457280 exceeds size limit 10485760 of server mx.customer.example", hard=False),
    one("postfix-too-many", POSTFIX, G, "5.7.0", "550 5.7.0 Too many messages from your network today", hard=False),
    one("postfix-dnsbl", POSTFIX, G, "5.7.1", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.list.example", hard=False),
    one("postfix-delay", POSTFIX_DELAY, "joan@slow.example", "4.4.1", "connect to mx.slow.example[192.0.2.8]:25: Connection refused", hard=False, kind="delayed"),
    one("postfix-delay-greylist", POSTFIX_DELAY, G, "4.2.0", "450 4.2.0 Recipient address rejected: Greylisted", hard=False, kind="delayed"),
    bounce("postfix-two", POSTFIX, Line(to=G, status="5.1.1", diagnostic="550 5.1.1 No such user here"),
           Line(to="alan@customer.example", status="5.1.1", diagnostic="550 5.1.1 No such user here"), hard=True),
    bounce("postfix-one-of-two", POSTFIX, Line(to="alan@customer.example", status="2.0.0", action="delivered"),
           Line(to=G, status="5.1.1", diagnostic="550 5.1.1 No such user here"), hard=True),
    bounce("postfix-alias", POSTFIX, Line(to="g.hopper@inside.example", original=G, status="5.1.1", diagnostic="550 5.1.1 unknown user"), hard=True),
    one("exim-unknown", EXIM, G, "5.0.0", "550 No such recipient here", hard=True),
    one("exim-unrouteable", EXIM, "joan@typo.example", "5.0.0", "550 Unrouteable address", hard=True),
    one("exim-quota", EXIM, G, "5.0.0", "552 mailbox quota exceeded for this recipient", hard=False),
    one("exim-spam", EXIM, G, "5.0.0", "550 This message was classified as SPAM and may not be delivered", hard=False),
    one("exim-sender-verify", EXIM, G, "5.0.0", "550 Sender verify failed", hard=False),
    one("exim-disabled", EXIM, G, "5.0.0", "550 5.2.1 The email account that you tried to reach is disabled.", hard=True),
    one("sendmail-unknown", SENDMAIL, G, "5.1.1", f"550 5.1.1 <{G}>... User unknown", hard=True),
    one("sendmail-host-unknown", SENDMAIL, "joan@nowhere.example", "5.1.2", "550 5.1.2 <joan@nowhere.example>... Host unknown (Name server: nowhere.example.: host not found)", hard=True),
    one("sendmail-timeout", SENDMAIL, "joan@silent.example", "4.4.7", "Message could not be delivered for 5 days", hard=False),
    one("sendmail-refused", SENDMAIL, "joan@refused.example", "5.0.0", "553 5.3.0 <joan@refused.example>... Spam blocked see: list.example", hard=False),
    one("sendmail-service", SENDMAIL, G, "5.5.0", f"550 5.1.1 <{G}>... User unknown", hard=True),
    one("sendmail-delay", SENDMAIL_DELAY, "joan@slow.example", "4.4.1", "Deferred: Connection timed out with mx.slow.example.", hard=False, kind="delayed"),
    one("office-unknown", OFFICE, G, "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient grace@customer.example not found by SMTP address lookup", hard=True),
    one("office-unknown-old", OFFICE, G, "5.1.1", "550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found", hard=True),
    one("office-full", OFFICE, G, "5.2.2", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException", hard=False),
    one("office-expired", OFFICE, G, "4.4.7", "550 4.4.7 QUEUE.Expired; message expired", hard=False),
    one("office-restricted", OFFICE, G, "5.7.1", "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required", hard=False),
    one("office-dns", OFFICE, "joan@gone.example", "5.4.310", "550 5.4.310 DNS domain gone.example does not exist [Message=InfoDomainNonexistent]", hard=True),
    one("office-dmarc", OFFICE, G, "5.7.509", "550 5.7.509 Access denied, sending domain sender.example does not pass DMARC verification", hard=False, fault=True),
    one("office-515", OFFICE, G, "5.7.515", "550 5.7.515 Access denied, sending domain sender.example does not meet the required authentication level", hard=False, fault=True),
    one("office-banned", OFFICE, G, "5.7.606", "550 5.7.606 Access denied, banned sending IP [192.0.2.1]", hard=False, fault=True),
    one("office-policy", OFFICE, G, "5.7.133", "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; only accepts internal senders", hard=False),
    one("office-hop", OFFICE, G, "5.4.14", "554 5.4.14 Hop count exceeded - possible mail loop", hard=False),
    one("office-recipient-throttled", OFFICE, G, "5.2.121", "550 5.2.121 RESOLVER.RST.RecipRateLimit; recipient rate limit exceeded", hard=False),
    one("office-blocked-route", OFFICE, G, "5.4.1", "550 5.4.1 Recipient address rejected: Access denied. [VE1EUR01FT052.eop.example]", hard=True),
    one("office-de", OFFICE_DE, "anna@kunde.example", "5.1.1", "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found", hard=True),
    one("office-de-full", OFFICE_DE, "anna@kunde.example", "5.2.2", "554 5.2.2 mailbox full", hard=False),
    one("office-fr", OFFICE_FR, "marie@client.example", "5.1.1", "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found", hard=True),
    one("office-es", OFFICE_ES, "lucia@cliente.example", "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", hard=True),
    one("office-it", OFFICE_IT, "giulia@cliente-it.example", "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", hard=True),
    one("office-ja", OFFICE_JA, "yuki@kokyaku.example", "5.1.1", "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found", hard=True),
    one("google-unknown", GOOGLE, "grace@gmail.example", "5.1.1", "550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking the address. - gsmtp", hard=True),
    one("google-disabled", GOOGLE, "grace@gmail.example", "5.2.1", "550 5.2.1 The email account that you tried to reach is disabled. - gsmtp", hard=True),
    one("google-full", GOOGLE, "grace@gmail.example", "5.2.2", "552 5.2.2 The email account that you tried to reach is over quota and inactive. - gsmtp", hard=False),
    one("google-unauthenticated", GOOGLE, "grace@gmail.example", "5.7.26", "550 5.7.26 Your email has been blocked because the sender is unauthenticated. - gsmtp", hard=False, fault=True),
    one("google-ptr", GOOGLE, "grace@gmail.example", "5.7.25", "550 5.7.25 The IP address sending this message does not have a PTR record setup. - gsmtp", hard=False, fault=True),
    one("google-rate", GOOGLE, "grace@gmail.example", "4.7.28", "421 4.7.28 Unusual rate of unsolicited mail originating from your IP address. - gsmtp", hard=False),
    one("google-tls", GOOGLE, "grace@gmail.example", "5.7.29", "550 5.7.29 Messages must be sent over TLS. - gsmtp", hard=False, fault=True),
    one("google-dkim", GOOGLE, "grace@gmail.example", "5.7.30", "550 5.7.30 DKIM did not pass. - gsmtp", hard=False, fault=True),
    one("google-dns", GOOGLE, "joan@typo.example", "4.0.0", "DNS Error: DNS type 'mx' lookup of typo.example responded with code NXDOMAIN Domain name not found: typo.example", hard=True),
    one("google-suspicious", GOOGLE, "grace@gmail.example", "5.7.1", "550-5.7.1 Our system has detected that this message is likely suspicious due to the low reputation of the sending domain. - gsmtp", hard=False),
    one("google-delay", GOOGLE_DELAY, "joan@slow.example", "4.4.1", "The recipient server did not accept our requests to connect.", hard=False, kind="delayed"),
    one("domino-unknown", DOMINO, "grace@notes.example", "5.1.1", "User grace (grace@notes.example) not listed in Domino Directory", hard=True),
    one("domino-vague", DOMINO, "grace@notes.example", "5.0.0", "Permanent Failure: Other undefined Status; User not listed in public Name & Address Book", hard=True),
    one("ses-unknown", SES, G, "5.1.1", "550 5.1.1 user unknown", hard=True),
    one("ses-suppressed", SES, G, "5.1.1", "Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an invalid address.", hard=True),
    one("ses-expired", SES, G, "4.4.7", "Message expired: unable to deliver in 840 minutes.<421 4.4.0 Unable to lookup DNS>", hard=False),
    one("ses-no-such-domain", SES, "joan@typo.example", "5.4.4", "Unable to lookup DNS for typo.example", hard=True),
    one("yahoo-unknown", YAHOO, "grace@yahoo.example", "5.0.0", "554 delivery error: dd This user doesn't have a yahoo.example account (grace@yahoo.example) [0] - mta1", hard=True),
    one("yahoo-disabled", YAHOO, "grace@yahoo.example", "5.0.0", "554 delivery error: dd Sorry, your message cannot be delivered. This mailbox is disabled (554.30).", hard=True),
    one("yahoo-policy", YAHOO, "grace@yahoo.example", "5.7.9", "554 5.7.9 Message not accepted for policy reasons.", hard=False),
    one("courier-unknown", COURIER, G, "5.1.1", "550 User unknown.", hard=True),
    one("courier-quota", COURIER, G, "5.0.0", "552 User's mailbox is over quota", hard=False),
    one("sun-unknown", SUN, "grace@sun.example", "5.1.1", "550 5.1.1 unknown or illegal alias: grace@sun.example", hard=True),
    one("sun-over-quota", SUN, "grace@sun.example", "5.2.2", "Over quota", hard=False),
    one("powermta-bad-mailbox", POWERMTA, G, "5.1.1", "550 5.1.1 Mailbox not found", hard=True),
    one("powermta-expired", POWERMTA, G, "4.4.7", "delivery expired (message too old)", hard=False),
    one("powermta-connection", POWERMTA, G, "5.4.4", "unable to resolve MX for domain", hard=True),
    one("opensmtpd-invalid", OPENSMTPD, "grace@bsd.example", "5.1.1", "550 Invalid recipient", hard=True),
    one("mimecast-unknown", MIMECAST, G, "5.1.1", "550 Invalid Recipient - https://community.example/docs/550", hard=True),
    one("mimecast-policy", MIMECAST, G, "5.7.1", "554 Email rejected due to security policies", hard=False),
    one("mailgun-unknown", MAILGUN, G, "5.1.1", "550 5.1.1 recipient does not exist", hard=True),
    one("bare-unknown", REPORT, G, "5.1.1", "550 user unknown", hard=True),
    one("bare-no-status", REPORT, G, "", "550 5.1.1 unknown user", hard=True),
    one("bare-no-diagnostic-hard", REPORT, G, "5.1.1", "", hard=True),
    one("bare-no-diagnostic-soft", REPORT, G, "4.4.7", "", hard=False),
    one("bare-moved", REPORT, G, "5.1.6", "551 5.1.6 User has moved, no forwarding address", hard=True),
    one("bare-ambiguous", REPORT, G, "5.1.4", "Recipient's address is ambiguous", hard=True),
    one("bare-sender", REPORT, G, "5.1.8", "553 5.1.8 Domain of sender address does not exist", hard=False),
    one("bare-syntax", REPORT, "grace@@customer", "5.1.3", "501 5.1.3 Bad recipient address syntax", hard=True),
    bounce("x400", REPORT, Line(to="grace@x.example", final="X400; /C=DE/A=X/S=Hopper", original="grace@x.example", status="5.1.1"), hard=True),
    bounce("redacted", OFFICE, Line(to="redacted@customer.example", original=G, status="5.1.1", diagnostic="550 5.1.1 unknown"), hard=True),
    bounce("angle", SENDMAIL, Line(to=G, final=f"RFC822; <{G}>", status="5.1.1", diagnostic="550 User unknown"), hard=True),
    bounce("upper", POSTFIX, Line(to=G, final=f"RFC822;{G}", action="FAILED", status="5.1.1 (bad destination)", diagnostic="550 unknown user"), hard=True, expect=(G,)),
    bounce("global", POSTFIX, Line(to="grète@kunde.example", final="utf-8; grète@kunde.example", status="5.1.1", diagnostic="550 5.1.1 User unknown"),
           hard=True, report="message/global-delivery-status"),
    bounce("three-kinds", POSTFIX, Line(to="a@customer.example", action="relayed", status="2.0.0"), Line(to="b@customer.example", action="delayed", status="4.4.1"),
           Line(to="c@customer.example", status="5.1.1", diagnostic="550 5.1.1 unknown"), hard=True, expect=("c@customer.example",)),
    bounce("twice", POSTFIX, Line(to="a@customer.example", status="5.1.1", diagnostic="550 5.1.1 unknown user"),
           Line(to="a@customer.example", status="5.1.1", diagnostic="550 5.1.1 no such user"), hard=True, expect=("a@customer.example",)),
)  # fmt: skip
