"""Bounces in free words: what servers write that send no standard report, and inline answers in prose."""

from tests.mail.corpus.case import Case, Expected, message, returned

G = "grace@customer.example"


def notice(name: str, sender: str, subject: str, words: str, *, to: tuple[str, ...] = (G,), hard: bool,
           fault: bool = False, kind: str = "bounce", **headers: str) -> Case:  # fmt: skip
    """`words` may name {to}, the first recipient, and {back}, our email as it came back."""
    body = words.format(
        to=to[0], back=returned(to[0], text="Hello Grace, who reads ada@sender.example?")
    )
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Case(
        id=f"notice-{name}",
        raw=message({"From": sender, "Subject": subject, **named}, body),
        expected=Expected(kind=kind, recipients=to, hard=hard, sender_fault=fault),
    )


EXIM = "Mail Delivery System <Mailer-Daemon@smtp.relay.example>"
EXIM_SUBJECT = "Mail delivery failed: returning message to sender"
EXIM_WORDS = (
    "This message was created automatically by mail delivery software.\n\nA message that you sent could not be\n"
    "delivered to one or more of its recipients. This is a permanent error.\nThe following address(es) failed:\n\n"
    "  {to}\n    %s\n\n------ This is a copy of the message, including all the headers. ------\n\n{back}"
)
QMAIL = "MAILER-DAEMON@qmail.example"
QMAIL_WORDS = (
    "Hi. This is the qmail-send program at qmail.example.\nI'm afraid I wasn't able to deliver your message to the"
    " following addresses.\nThis is a permanent error; I've given up.\n\n<{to}>:\n%s\n\n"
    "--- Below this line is a copy of the message.\n\n{back}"
)
OLD_SENDMAIL = (
    "The original message was received at Wed, 4 Mar 2026 09:59:00 GMT\nfrom localhost [127.0.0.1]\n\n"
    "   ----- The following addresses had permanent fatal errors -----\n{to}\n\n"
    "   ----- Transcript of session follows -----\n... while talking to mx.customer.example.:\n%s\n\n"
    "   ----- Original message follows -----\n\n{back}"
)
EXCHANGE_OLD = (
    "Your message did not reach some or all of the intended recipients.\n\n      Subject:\tA question\n"
    "      Sent:\t3/4/2026 9:59 AM\n\nThe following recipient(s) could not be reached:\n\n"
    "      {to} on 3/4/2026 10:00 AM\n            %s\n            <mail.customer.example #%s>\n"
)
CASES = (
    notice("exim-unknown", EXIM, EXIM_SUBJECT, EXIM_WORDS % 'unknown local-part "grace" in domain "customer.example"', hard=True),
    notice("exim-no-such-user", EXIM, EXIM_SUBJECT, EXIM_WORDS % "host mx.customer.example [192.0.2.9]\n    SMTP error from remote mail server after RCPT TO:<{to}>:\n    550 No Such User Here", hard=True),
    notice("exim-unrouteable", EXIM, EXIM_SUBJECT, EXIM_WORDS % "Unrouteable address", to=("joan@typo.example",), hard=True),
    notice("exim-quota", EXIM, EXIM_SUBJECT, EXIM_WORDS % "mailbox is full (MTA-imposed quota exceeded while writing to tmp)", hard=False),
    notice("exim-retry-timeout", EXIM, EXIM_SUBJECT, EXIM_WORDS % "host mx.customer.example [192.0.2.9]: connection timed out: retry timeout exceeded", hard=False),
    notice("exim-header", EXIM, EXIM_SUBJECT, EXIM_WORDS % "SMTP error from remote mail server after end of data:\n    554 5.7.1 Blocked by spam filter", hard=False, X_Failed_Recipients=G),
    notice("exim-header-two", EXIM, EXIM_SUBJECT, "The following addresses failed:\n\n  {to}\n    550 user unknown\n\n  alan@customer.example\n    550 user unknown\n",
           to=(G, "alan@customer.example"), hard=True, X_Failed_Recipients="grace@customer.example,\n  alan@customer.example"),
    notice("exim-generated", EXIM, EXIM_SUBJECT, "A message that you sent could not be delivered. The following address(es) failed:\n\n  help@customer.example\n    (generated from {to})\n"
           "    SMTP error from remote mail server after RCPT TO:<help@customer.example>:\n    550 5.1.1 unknown user\n", hard=True, X_Failed_Recipients=G),
    notice("exim-delay", EXIM, "Warning: message 1rhAbC-0003xY-2z delayed 24 hours", "This message was created automatically by mail delivery software.\n"
           "A message that you sent has not yet been delivered to one or more of its recipients after more than 24 hours.\n\n"
           "The address to which the message has not yet been delivered is:\n\n  {to}\n    Delay reason: connection timed out\n\nNo action is required on your part.", hard=False, kind="delayed"),
    notice("qmail-unknown", QMAIL, "failure notice", QMAIL_WORDS % "Sorry, no mailbox here by that name. (#5.1.1)", hard=True, Return_Path="<>"),
    notice("qmail-remote", QMAIL, "failure notice", QMAIL_WORDS % "192.0.2.9 does not like recipient.\nRemote host said: 550 5.1.1 No such user\nGiving up on 192.0.2.9.", hard=True),
    notice("qmail-quota", QMAIL, "failure notice", QMAIL_WORDS % "The users mailfolder is over the allowed quota (size). (#5.2.2)", hard=False),
    notice("qmail-no-host", QMAIL, "failure notice", QMAIL_WORDS % "Sorry, I couldn't find any host named typo.example. (#5.1.2)", to=("joan@typo.example",), hard=True),
    notice("qmail-too-long", QMAIL, "failure notice", QMAIL_WORDS % "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)\nI'm not going to try again; this message has been in the queue too long.", hard=False),
    notice("qmail-content", QMAIL, "failure notice", QMAIL_WORDS % "192.0.2.9 failed after I sent the message.\nRemote host said: 554 Message refused: looks like spam", hard=False),
    notice("qmail-disabled", QMAIL, "failure notice", QMAIL_WORDS % "Sorry, this account has been disabled or discontinued [#102].", hard=True),
    notice("qmail-two", QMAIL, "failure notice", "Hi. This is the qmail-send program at qmail.example.\n\n<{to}>:\nThis address no longer accepts mail.\n\n<alan@customer.example>:\nno mailbox here by that name\n\n"
           "--- Below this line is a copy of the message.\n\n{back}", to=(G, "alan@customer.example"), hard=True),
    notice("sendmail-unknown", "Mail Delivery Subsystem <MAILER-DAEMON@relay.example>", "Returned mail: User unknown", OLD_SENDMAIL % ">>> RCPT To:<{to}>\n<<< 550 <{to}>... User unknown\n550 {to}... User unknown", hard=True),
    notice("sendmail-host", "Mail Delivery Subsystem <MAILER-DAEMON@relay.example>", "Returned mail: Host unknown", OLD_SENDMAIL % "550 {to}... Host unknown", to=("joan@typo.example",), hard=True),
    notice("sendmail-denied", "Mail Delivery Subsystem <MAILER-DAEMON@relay.example>", "Returned mail: Service unavailable", OLD_SENDMAIL % ">>> MAIL From:<ada@sender.example>\n<<< 554 5.7.1 Mail from 192.0.2.1 refused by blacklist\n554 5.0.0 Service unavailable", hard=False),
    notice("sendmail-v5", "MAILER-DAEMON@old.example (Mail Delivery Subsystem)", "Returned mail: User unknown", "   ----- Transcript of session follows -----\n>>> RCPT To:<{to}>\n<<< 550 {to}... User unknown\n550 {to}... User unknown\n\n   ----- Unsent message follows -----\n{back}", hard=True),
    notice("sendmail-delay", "Mail Delivery Subsystem <MAILER-DAEMON@relay.example>", "Warning: could not send message for past 4 hours", "    **      THIS IS A WARNING MESSAGE ONLY      **\n    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n\n"
           "   ----- The following addresses had transient non-fatal errors -----\n{to}\n\n   ----- Transcript of session follows -----\n{to}... Deferred: Connection refused by mx.customer.example.", hard=False, kind="delayed"),
    notice("exchange-2003", "System Administrator <postmaster@customer.example>", "Undeliverable: A question", EXCHANGE_OLD % ("The e-mail account does not exist at the organization this message was sent to.", "5.1.1"), hard=True),
    notice("exchange-full", "System Administrator <postmaster@customer.example>", "Undeliverable: A question", EXCHANGE_OLD % ("The recipient's mailbox is full.", "5.2.2"), hard=False),
    notice("exchange-55", "System Administrator <postmaster@customer.example>", "Undeliverable: A question", "Your message\n\n  To:      {to}\n  Subject: A question\n  Sent:    Wed, 4 Mar 2026 09:59:00 -0000\n\n"
           "did not reach the following recipient(s):\n\n{to} on Wed, 4 Mar 2026 10:00:00 -0000\n    The recipient name is not recognized\n    MSEXCH:IMS:CUSTOMER:MX 0 (000C05A6) Unknown Recipient", hard=True),
    notice("exchange-relay", "postmaster@customer.example", "Undeliverable: A question", EXCHANGE_OLD % ("You do not have permission to send to this recipient.", "5.7.1"), hard=False),
    notice("domino", "Mailer-Daemon@notes.example", "DELIVERY FAILURE: Error transferring to MX.CUSTOMER.EXAMPLE; Maximum hop count exceeded.", "Your message\n\n  Subject: A question\n\nwas not delivered to:\n\n  {to}\n\nbecause:\n\n  Error transferring; Maximum hop count exceeded.  Message probably in a routing loop.", hard=False),
    notice("groupwise", "Mailer-Daemon@gw.example", "Message status - undeliverable", "The message that you sent was undeliverable to the following:\n\tgrace@gw.example (user not found)\n", to=("grace@gw.example",), hard=True),
    notice("imail", "Postmaster@imail.example", "Undeliverable Mail", "Unknown user: {to}\n\n\nOriginal message follows.\n\n{back}", hard=True),
    notice("imail-full", "Postmaster@imail.example", "Undeliverable Mail", "User mailbox exceeds allowed size: {to}\n\n\nOriginal message follows.\n\n{back}", hard=False),
    notice("james", "postmaster@james.example", "Error: A question", "Hi. This is the James mail server at james.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Below is the original message.\n\n"
           "Error message below:\n550 5.1.1 user unknown\n\n{to}\n", hard=True, Return_Path="<>"),
    notice("mdaemon", "MDaemon at mdaemon.example <MAILER-DAEMON@mdaemon.example>", "Permanent Delivery Failure", "The attached message had PERMANENT fatal delivery errors!\n\nFailed address: {to}\n\n--- Session Transcript ---\n Wed 10:00:00: <-- 550 5.1.1 <{to}> Recipient unknown\n--- End Transcript ---", hard=True),
    notice("communigate", "MAILER-DAEMON@cgp.example", "Undeliverable mail: A question", "Failed to deliver to '{to}'\nLOCAL module(account grace) reports:\n account is full (quota exceeded)\n", hard=False),
    notice("communigate-unknown", "MAILER-DAEMON@cgp.example", "Undeliverable mail: A question", "Failed to deliver to '{to}'\nSMTP module(domain customer.example) reports:\n host mx.customer.example says:\n 550 5.1.1 unknown user account\n", hard=True),
    notice("hmail", "mailer-daemon@hmail.example", "Message undeliverable: A question", "Your message did not reach some or all of the intended recipients.\n\n   Sent: Wed, 4 Mar 2026\n   Subject: A question\n\nThe following recipient(s) could not be reached:\n\n{to}\n   Error Type: SMTP\n"
           "   Remote server (192.0.2.9) issued an error.\n   hMailServer sent: RCPT TO:<{to}>\n   Remote server replied: 550 No such user here\n", hard=True),
    notice("xmail", "postmaster@xmail.example", "Error sending message [170] from [xmail.example]", "[<00>] XMail bounce: Rcpt=[{to}];Error=[550 <{to}> user not known]\n\n\n[<01>] Error sending message [170] from [xmail.example].\n\nID:        <S1>\nMail From: <ada@sender.example>\nRcpt To:   <{to}>\n", hard=True, Return_Path="<>"),
    notice("mailmarshal", "postmaster@marshal.example", 'Undeliverable Mail: "A question"', "Your message:\n   From:    ada@sender.example\n   Subject: A question\n\nCould not be delivered because of\n\n550 5.1.1 User unknown\n\nThe following recipients were affected: \n    {to}\n", hard=True),
    notice("interscan", "Mail Delivery <postmaster@scan.example>", "Mail could not be delivered", "Sent >>> RCPT TO: <{to}>\nReceived <<< 550 5.1.1 User unknown\n\nUnable to deliver message to <{to}>.\n", hard=True),
    notice("gmx", '"GMX Mailer Daemon" <mailer-daemon@gmx.example>', "Mail delivery failed: returning message to sender", "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to\none or more of its recipients. The following address\nfailed:\n\n"
           '"{to}":\nSMTP error from remote server after RCPT command:\nhost: mx.customer.example\n5.1.1 <{to}>: Recipient address rejected: User unknown\n\n\n--- The header of the original message is following. ---\n\n{back}', hard=True),
    notice("ionos-quota", "Mail Delivery System <mailer-daemon@hosting.example>", "Mail delivery failed: returning message to sender", "This message was created automatically by mail delivery software.\n\nThe following address failed:\n\n    {to}:\n        SMTP error from remote server for RCPT TO command, host: mx.customer.example (192.0.2.9)"
           " reason: 452 4.2.2 The email account that you tried to reach is over quota\n\n--- The header of the original message is following. ---\n\n{back}", hard=False),
    notice("zoho", "mailer-daemon@mail.zoho.example", "Undelivered Mail Returned to Sender", "This message was created automatically by mail delivery software.\nA message that you sent could not be delivered to one or more of its recipients. This is a permanent error.\n\n{to} Invalid Recipients: ERROR_CODE :550, ERROR_CODE :5.1.1 user does not exist\n", hard=True),
    notice("aol", "Mail Delivery Subsystem <MAILER-DAEMON@aol.example>", "Returned mail: User unknown", "The original message was received at Wed, 4 Mar 2026\n\n   ----- The following addresses had permanent fatal errors -----\n<{to}>\n\n   ----- Transcript of session follows -----\n... while talking to air.aol.example.:\n>>> RCPT To:<{to}>\n<<< 550 MAILBOX NOT FOUND\n550 <{to}>... User unknown\n", hard=True),
    notice("ezweb", "Postmaster@mobile.example", "Mail System Error - Returned Mail", "The user(s) {to} .\n\nThis Message was undeliverable due to the following reason:\n\nEach of the following recipients was rejected by a remote mail server.\n\n    Recipient: <{to}>\n    >>> RCPT TO:<{to}>\n    <<< 550 <{to}>: User unknown\n", hard=True),
    notice("docomo", "MAILER-DAEMON@carrier.example", "Returned mail: User unknown", "The following recipients did not receive this message:\n\n    <{to}>\n\nReporting-MTA: carrier.example\n", hard=True),
    notice("yandex", "mailer-daemon@yandex.example", "Недоставленное сообщение", "Это письмо отправлено почтовым сервером.\n\nК сожалению, мы вынуждены сообщить Вам о том, что Ваше письмо не может быть отправлено одному или нескольким адресатам.\n\n<{to}>: host mx.customer.example[192.0.2.9] said: 550 5.7.1 No such user!\n", hard=True),
    notice("mail-ru", "mailer-daemon@corp.mail.example", "Mail failure.", "This message was created automatically by mail delivery software.\n\nThe following address(es) failed:\n\n  {to}\n    user is terminated\n", hard=True),
    notice("qq", "PostMaster@qq.example", "系统退信", "抱歉，您的邮件被退回来了……\n\n原邮件信息：\n收件人 {to}\n退信原因 收件人邮件地址（{to}）不存在，邮件无法送达。\nhost mx.customer.example said: 550 Mailbox not found\n", hard=True),
    notice("netease-full", "Postmaster@163.example", "系统退信/Systems bounce", "抱歉，您的邮件被退回来了。\n收件人 {to}\n对方邮箱已满 552 Mailbox is full\n", hard=False),
    notice("japanese", "MAILER-DAEMON@provider.example", "配信不能メールの通知", "以下のメールを配信できませんでした。\n\n宛先: <{to}>\n理由: 550 5.1.1 User unknown\n", hard=True),
    notice("german", "Mailer-Daemon@provider.example", "Nachricht konnte nicht zugestellt werden", "Ihre Nachricht konnte nicht zugestellt werden.\n\nEmpfänger: {to}\nGrund: Unbekannter Empfänger\n", hard=True),
    notice("french", "Mailer-Daemon@fournisseur.example", "Échec de la remise du message", "Le message n'a pas pu être remis au destinataire suivant :\n\n{to}\n\nL'utilisateur n'existe pas.\n", hard=True),
    notice("french-full", "Mailer-Daemon@fournisseur.example", "Échec de la remise du message", "Le message n'a pas pu être remis au destinataire suivant :\n\n{to}\n\nLa boîte aux lettres est pleine.\n", hard=False),
    notice("spanish", "Mailer-Daemon@proveedor.example", "No se ha podido entregar el mensaje", "Su mensaje no se ha podido entregar a:\n\n{to}\n\nLa cuenta no existe.\n", hard=True),
    notice("italian", "Mailer-Daemon@fornitore.example", "Mancata consegna del messaggio", "Il messaggio non è stato consegnato a:\n\n{to}\n\nUtente sconosciuto.\n", hard=True),
    notice("portuguese", "Mailer-Daemon@provedor.example", "Mensagem não entregue", "A sua mensagem não foi entregue a:\n\n{to}\n\nO destinatário não existe.\n", hard=True),
    notice("dutch", "Mailer-Daemon@leverancier.example", "Onbestelbaar: Een vraag", "Uw bericht kon niet worden bezorgd aan:\n\n{to}\n\nGebruiker onbekend.\n", hard=True),
    notice("polish", "Mailer-Daemon@dostawca.example", "Niedostarczona wiadomość", "Wiadomość nie została dostarczona do:\n\n{to}\n\n550 Nieznany użytkownik\n", hard=True),
    notice("swedish", "Mailer-Daemon@leverantor.example", "Kunde inte leverera meddelandet", "Meddelandet kunde inte levereras till:\n\n{to}\n\n550 5.1.1 Okänd mottagare\n", hard=True),
    notice("challenge-policy", "Mail Administrator <postmaster@firewall.example>", "Delivery failure (grace@customer.example)", "Your message has encountered delivery problems\nto the following recipient(s):\n\n{to}\nRejected by policy: 554 attachment not permitted\n", hard=False),
    notice("kerio", "Mail Delivery Subsystem <mailer-daemon@kerio.example>", "Undelivered Mail: A question", "Your message could not be delivered.\n\nReason:\n  <{to}>: 550 5.1.1 Mailbox does not exist\n", hard=True),
    notice("haraka", "postmaster@haraka.example", "failure notice", "Hi. This is the Haraka Mailer program at haraka.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n{to}: 550 5.1.1 unknown user\n", hard=True, Return_Path="<>"),
    notice("expired-words", "postmaster@gateway.example", "Undeliverable: message expired", "Message expired after 4 days in the queue for {to}\n\nUnable to connect to mx.customer.example\n", hard=False, Return_Path="<>"),
    notice("sender-fault", EXIM, EXIM_SUBJECT, EXIM_WORDS % "SMTP error from remote mail server after end of data:\n    550-5.7.26 This mail has been blocked because the sender is unauthenticated.\n    550 5.7.26 SPF did not pass", hard=False, fault=True),
    notice("postfix-prose", "MAILER-DAEMON@relay.example (Mail Delivery System)", "Undelivered Mail Returned to Sender", "This is the Postfix program at host relay.example.\n\n\t\t\tThe Postfix program\n\n<{to}>: host mx.customer.example[192.0.2.9] said: 550 <{to}>: User\n    unknown in local recipient table (in reply to RCPT TO command)\n", hard=True),
)  # fmt: skip
