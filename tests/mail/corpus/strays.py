"""Layouts that gateways and hasty people make; all of them open: the rules were mended on their like."""

from tests.mail.corpus.automatic import auto
from tests.mail.corpus.case import ADA, TOUCH, Case, Expected, returned, several
from tests.mail.corpus.notices import G, notice
from tests.mail.corpus.others import plain
from tests.mail.corpus.replies import OURS, A, quoted, reply

DAEMON = "MAILER-DAEMON@relay.example"
STATUS = f"Final-Recipient: rfc822; {G}\nAction: failed\nStatus: 5.1.1\n"
REPORT = f"Reporting-MTA: dns; relay.example\n\n{STATUS}"
RETURNED = ({"Content-Type": "message/rfc822"}, returned(G))
TEXT = {"Content-Type": "text/plain"}


def parted(name: str, sender: str, subject: str, parts: list[tuple[dict[str, str], str]], *,
           hard: bool, kind: str = "mixed", to: tuple[str, ...] = (G,)) -> Case:  # fmt: skip
    return Case(
        id=f"notice-later-{name}",
        raw=several({"From": sender, "Subject": subject}, kind, parts),
        expected=Expected(kind="bounce", recipients=to, hard=hard),
    )


WRAPPED = (
    f"From: {DAEMON}\nSubject: Delivery report\nMIME-Version: 1.0\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="in"\n\n'
    f"--in\nContent-Type: text/plain\n\nNot delivered.\n--in\nContent-Type: message/delivery-status\n\n{REPORT}\n--in--\n"
)
NOTICES = (
    parted("stray-wrapped", "postmaster@gateway.example", "Delivery report", [({"Content-Type": "message/rfc822"}, WRAPPED)], hard=True),
    parted("stray-xreport", DAEMON, "Non delivery report", [(TEXT, "It was refused."), ({"Content-Type": "message/xdelivery-status"}, REPORT)], hard=True, kind="report; report-type=delivery-status"),
    parted("stray-gateway", "gateway@scan.example", "Mail could not be delivered", [(TEXT, "The following mail could not be delivered.\nReason: too many attempts."), RETURNED], hard=False),
    parted("stray-silent", DAEMON, "Processing", [(TEXT, "See below."), RETURNED], hard=False),
    notice("later-stray-inline", DAEMON, "Delivery report", f"Your mail was refused.\n\n{STATUS}\n{{back}}", hard=True),
    notice("later-stray-bare", "Mail Delivery <MAILER-DAEMON@customer.example>", "Mail Delivery Problem", "Sorry. Your mail to the following recipients could not be delivered:\n\tgrace\n", hard=False),
    notice("later-stray-bullet", DAEMON, "Undeliverable: A question", "Delivery has failed to these recipients:\n\nThe server said:\n\n\t* [{to}]: 550 {to}... User account is overquota\n\nOriginal message details:\n\n\t* From: ada@sender.example\n\t* To: team@customer.example\n", hard=False),
    notice("later-stray-announced", DAEMON, "Undeliverable: A question", "Your message\n\n  To:      team@customer.example\n  Subject: A question\n\ndid not reach the following recipient(s):\n\n{to} on Wed, 4 Mar 2026 10:00:00 +0100\n    The recipient name is not recognized\n", hard=True),
    notice("later-stray-x400", DAEMON, "Undeliverable: A question", "did not reach the following recipient(s):\n\nc=DE;a= ;p=acme;dda:SMTP={to}; on Wed, 4 Mar 2026\n    The recipient name is not recognized\n", hard=True),
    notice("later-stray-quotes", DAEMON, "Mail delivery failure", "The following message, addressed to '{to}',\nfailed because it has not been collected after 30 days\n\n{back}", hard=True),
    notice("later-stray-nobody", '"Mail System" <>', "Mail Error", "Your mail cannot be delivered to the following address(es):\n\n {to} (mail box space not enough)\n\n{back}", hard=False),
    notice("later-stray-service", "smtp-service@relay.example", "Returned Mail - Error During Delivery", "------ Failed Recipients ------\n\n<{to}>: Requested action not taken: mailbox unavailable. [550]\n\n{back}", hard=True),
    notice("later-stray-waits", DAEMON, "Message status - undeliverable", "Your message could not be delivered to the following recipients:\n{to}\nDelivery attempts will continue to be made for 5 days.\n", hard=False, kind="delayed"),
    notice("later-stray-gateway-2", DAEMON, "Delivery failed", "Delivery failed: {to}\nRouting: could not find a gateway for {to}\n", hard=True),
    notice("later-stray-name", DAEMON, "Undelivered Mail", "<{to}>: [customer.example]: Name or service not known\n\n{back}", hard=True),
    notice("later-stray-box", DAEMON, "Undelivered Mail", "<{to}>: host mx.customer.example said: 550 ** No mail box available for this user **\n\n{back}", hard=True),
    notice("later-stray-full", DAEMON, "Mail Delivery Failure", 'Delivery of email to this address\n\n"{to}"\n\nhas failed due to a full mailbox.\n\nThe first 50 lines of your original message follow:\n{back}', hard=False),
)  # fmt: skip
ON = f"On Wed, 4 Mar 2026 at 09:00, Ada Bright <\n{ADA}> wrote:\n{quoted(OURS)}\n"
REPLIES = (
    reply("later-stray-no-blank", f"Thanks Ada\n{ON}", "Thanks Ada"),
    reply("later-stray-same-line", f"Yes, gladly. On Wed, 4 Mar 2026 at 09:00, {A} wrote:\n{quoted(OURS)}\n", "Yes, gladly."),
    reply("later-stray-bottom", f"See below.\n{ON}\nRegards, Grace\n", "See below.\n\nRegards, Grace"),
    reply("later-stray-framed", f"Fine.\n\n------On 03/04/2026 09:00 AM, Ada Bright wrote-----\n\n{OURS}\n", "Fine."),
    reply("later-stray-banner", "Look at us\n>>> https://customer.example <<<\nand call me", "Look at us\n>>> https://customer.example <<<\nand call me"),
    reply("later-stray-no-subject", f"Bonjour.\n\nОт: Ada Bright\nОтправлено: \u200eсреда\u200e, \u200e4 марта 2026 г. \u200e9\u200e:\u200e00\nКому: Grace\n\n{OURS}\n", "Bonjour."),
    *(reply(f"later-stray-app-{n}", f"Fine.\n\n{line}\n________________________________\nFrom: Ada <{ADA}>\nSent: Wednesday, March 4, 2026 9:00:40 AM\nTo: Grace\nSubject: A question\n\n{OURS}\n", "Fine.")
      for n, line in enumerate(("Télécharger Outlook pour Android<https://aka.ms/x>", "Obtener Outlook para iOS", "Outlook für Android herunterladen", "Pobierz Outlook dla systemu iOS"))),
)  # fmt: skip
OTHERS = (
    auto("later-stray-pl", {}, "[Automatyczna odpowiedź] A question", "Jestem na urlopie."),
    plain("later-stray-forward", {"Subject": "Fwd: Undelivered Mail Returned to Sender"}, f"What is this?\n\n<{G}>: 550 5.1.1 user unknown\n", "reply"),
    plain("later-stray-admin", {"From": "postmaster@customer.example", "In-Reply-To": TOUCH, "Subject": "Re: A question"}, "I look after the mail here. Call me.", "reply"),
)  # fmt: skip
CASES = (*NOTICES, *REPLIES, *OTHERS)
