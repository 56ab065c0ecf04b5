"""What mail servers write: why they refuse, and how a notification is told from other mail."""

import re


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


#: Why a server refuses, by its words; the first reason that occurs decides. Every repetition is
#: bounded, so that the time stays linear.
REASONS = {
    "authentication": _any(
        r"\b(unauthenticated|does(n't| not) pass (spf|dkim|dmarc)|(spf|dkim|dmarc)[^.\n]{0,40}(fail|did not pass)|required authentication level)",
    ),
    "mailbox_full": _any(
        r"(over|exceed\w{0,3}|exceeding)[ -]?(\w{1,20} ){0,3}(quota|(allowed|maximum|storage) (size|limit))",
        "quota[ -]?exceed", "quota (is )?(full|reached)",
        r"(mailbox|inbox|account|mailfolder|mail box|user|recipient storage|maildir)( \w{1,20})? (is |was )?(now )?(full|over ?quota|overquota)",
        "(mailbox|message store) (size )?(limit|has reached)", "exceeds allowed size", "storage (limit|space)",
        "(not|not have) enough (storage|space|room)", "insufficient (system )?storage", "disk ?quota", "overquota", "quota violat", r"full (mail ?box|inbox|quota)", "disk space limit", "(over|out of) (its |the )?(disk )?quota", "no space left",
        "out of (disk )?(space|storage)", "邮箱已满", "空间不足", "容量", "boîte (aux lettres|de réception) (est )?pleine",
        "postfach (ist )?voll", "überfüllt", "buzón (está )?lleno", "casella (è )?piena",
        r"caixa (de \w{1,20} )?(está )?cheia", "ящик переполнен", "переполнен",
    ),
    "rate_limited": _any(
        "receiving mail (too|at a rate)", "sending quota",
        "too (many(?! hops)|fast|quickly|frequently)", "rate[ -]?limit", "unusual rate", "throttl", "try again later",
        "temporarily deferred", "exceeded the (rate|maximum (number|rate))",
    ),
    "greylisted": _any(
        "gr[ae]y[ -]?list",
    ),
    "sender_refused": _any(
        r"sender (verify|address|domain) (failed|rejected)", r"verification failed for <", r"sender verify failed",
        r"domain of sender[^.\n]{0,60}(does not (exist|resolve)|not found)", "(invalid|bad) sender", r"\byour domain\b[^.\n]{0,20} (has no|does not|is not)",
    ),
    "unknown_domain": _any(
        "(host|domain)( or domain)?( name)? (is )?(unknown|not found|does ?n.t exist|does not exist)",
        "(unknown|no such|bad|invalid|non-?existent) (host|domain)", "nxdomain", "name service error",
        "unrout(e)?able", "(no|couldn't find any|unable to (resolve|find)) (mx|host|mail exchanger|a valid mx)",
        "unable to (look ?up|resolve) (dns|mx|domain|host)", r"dns domain \S{1,100} does not exist",
        r"(domain|host) \S{1,100} (does not exist|not found|unknown)", "all relevant mx records point to non-existent",
        "no route to domain", "illegal host", "domain isn't in my list", "name or service not known", "could not find a gateway", "no address associated with", "host (name )?lookup (failed|did not complete)",
        r"mail server for \S{1,100} (not found|unknown)",
    ),
    "takes_no_mail": _any(
        "null ?mx", "does not accept (e-?)?mail",
    ),
    "moved": _any(
        "(has|have) moved", "no forwarding address", "address (has )?changed",
    ),
    "unknown_recipient": _any(
        r"5\.4\.1 (\[\S{1,200}\]: )?recipient address rejected", r"5\.1\.0 address rejected",
        r"(unknown|no such|invalid|illegal|bad|non-?existent|unregistered|undefined|unrecognized|nonexistent) (or \w{1,20} )?(e-?mail )?(local[- ]?part|local|user|recipients?|address(es)?|mailbox|account|alias|person|destination|rcpt|customer|inbox|name)",
        r"(user|recipient|mailbox|account|address|addressee|alias|mail ?box|inbox|local part|person|recipient name|destination|rcpt|e-?mail|customer)(\(s\))?( \S{1,100}){0,4} (is |was |are |has been |could )?(not (be )?(found|known|recogni[sz]ed|exist(ing)?|listed|valid|here|registered|a known)|not local|unknown|invalid|nonexistent|non-existent|undeliverable|isn't valid|n't found)",
        "(do(es)?|did) ?(n'?t|not) exist", r"(does ?n'?t|do not|does not) have (an?|this) \S{1,100} (account|user)",
        r"doesn't have a \S{1,100} account", "not (a )?(known|valid|an? existing) (user|recipient|mailbox|address)",
        "no (mailbox|user|recipient|account) (here|found|by|with|on)", "no mailbox here", "not our customer",
        "not listed in (domino|public|name)", "recip(ient)?(not|s not )found", "recipnotfound",
        "mailbox (unavailable|not available)", "(address|user) rejected: (user|unknown)",
        "unable to (find|verify) (user|recipient|mailbox)", "user (is )?not (known|found|exist)",
        "(here|there) is no (such )?(user|mailbox|account)", r"user \S{1,100} (unknown|not known)",
        "undeliverable address", r"\bdd this user", "address (error|lookup failed)",
        "delivery not (possible|authorized) to this", "history of bouncing as an invalid", r"\bno account\b", "invalid final delivery userid",
        "not a (local|valid) (user|mailbox)", "we do not relay this user", "user_?unknown", "not a user", "(bad|invalid|unknown)_?(recipient|address|mailbox|user)\\b", r"no (such )?mail ?box( available)?\b",
        "unbekannte[rs]? (benutzer|empf(ä|ae)nger|adresse)", "existiert nicht",
        r"(empf(ä|ae)nger|benutzer|adresse|postfach|mailbox)[^.\n]{0,30}(unbekannt|nicht (gefunden|vorhanden))",
        r"(utilisateur|destinataire|adresse)[^.\n]{0,40}(inconnue?|n'existe pas|introuvable)", "n'existe pas", "inexist[ea]nte?", r"no se (ha )?encontr(ó|ado)\b",
        r"non-local recipient", r"was(n't| not) found at\b", "unknown to address",
        "nicht gefunden", r"não (foi )?encontrad", r"non (è stat[oa] )?trovat", "niet (is |werd )?gevonden", "nie znaleziono", "hittades inte", "ikke (fundet|funnet)",
        "не найден", r"(ne|nebyl[ao]? )nalezen", "nem található", "ei löyty", "nu a fost găsit", "宛先不明", r"宛先が?不明",
        r"not on this server", r"(user|account|mailbox|recipient) (is )?not (available|accepting (messages|mail)(?! from))",
        "no existe", "usuario desconocido", "desconocid", "não existe", "nao existe", "desconhecid", "non esiste",
        "sconosciut", "bestaat niet", "onbekend", "nieznany", "nie istnieje", "okänd (mottagare|användare)",
        "finns inte", "ukendt", "ukjent", "findes ikke", "tuntematon", "не существует", "пользователь не найден",
        "неизвестн", "такого пользователя", "neexistuje", "neznám", "nem létezik", "bulunamadı", "不存在", "存在しません",
        "見つかりません", "존재하지",
    ),
    "inactive": _any(
        r"(mailbox|account|user|address|recipient|inbox|mail ?box|e-?mail)\b[^.\n]{0,80}(disabled|inactive|deactivated|terminated|no longer|suspended|discontinued|closed|expired|blocked|locked|deleted|removed|retired|frozen)",
        "(not|n't) (an )?active (address|account|user|mailbox|recipient)", "(is|are|was) not active", "not been collected",
        "no longer (available|valid|active|with|employed|in use|works|accepts|exists|here)",
        "(disabled|inactive|suspended|deactivated|expired|closed) (mailbox|account|user|recipient|address)",
        "has been (disabled|deactivated|suspended|discontinued|terminated)", "(account|mailbox)disabled",
        r"\b(inativ|inactiv|desativad|deshabilitad|desactivad|disattivat|disabilitat)[ao]\b", "désactivée?", "deaktiviert", "stillgelegt",
    ),
    "blocked": _any(
        "black ?list", "block ?list", "blocked (using|by|because)",
        r"block(ed)?[^.\n]{0,40}(ip|list|spamhaus|rbl|dnsbl)", "spamhaus", "dnsbl", r"\brbl\b", "banned",
        "listed (at|in|on|by)", "poor reputation", "low reputation", r"\bbarracuda", "client host", "bad reputation",
    ),
    "spam": _any(
        r"\bspam", "junk", "unsolicited", "bulk mail", "likely suspicious", "content (filter|reject)", "virus",
        "malware", "phish", "bayes",
    ),
    "too_large": _any(
        r"(message|mail|size)[^.\n]{0,30}(too (large|big)|exceeds|limit)", "too (large|big)", "size limit",
        r"maximum (\w{1,20} ){0,2}size",
    ),
    "loop": _any(
        "hop count", "too many hops", "mail loop", "routing loop", "loops? back", "forwarding loop", "looping",
    ),
    "relaying": _any(
        "relay(ing)? (access )?(denied|not permitted|not allowed|prohibited)", "not permitted to relay",
        "unable to relay", "(me|us|server) .{0,60}as a relay", "we do not relay", r"\brelaying\b",
    ),
    "refused": _any(
        "access denied", "policy", "policies", "not authori[sz]ed", "permission", "rejected", "refused", "denied",
        "not permitted", "authentication required", "not accepted",
    ),
    "expired": _any(
        "expired", "too long in", "in the queue too long", "too old", "retry time(out)?", "could not be delivered for",
        "time limit", "not been able to deliver", "gave up", "giving up after",
    ),
    "unreachable": _any(
        "timed out", "timeout", "connection (refused|reset|lost|failed|closed)", "could(n't| not) connect",
        "unable to connect", "no route", "unreachable", "establish an smtp connection", "deferred", "not respond",
        "network",
    ),
}  # fmt: skip

#: Whose mail is a server's.
ROBOT = re.compile(
    r"(mailer[-_.]?daemon|mail[-_.]?daemon|daemon|postmaster|microsoftexchange[0-9a-f]{20,40}|bounces?\b|bounce[-+]|mdaemon"
    r"|mailadmin|mail-?delivery|no-?reply-bounce|noreply-dsn|smtp-?daemon|maildelivery)",
    re.IGNORECASE,
)
ROBOT_NAME = re.compile(
    r"mail(er)? ?delivery|mailer[ -]?daemon|delivery (sub)?system|system administrator|courier mail server|postmaster"
    r"|mail administrator|internet mail delivery|microsoft outlook <microsoftexchange",
    re.IGNORECASE,
)
DELAY_SUBJECT = re.compile(
    r"\bdelay(ed)?\b|warning: (could not send|message)|not yet been delivered|still (being )?retr|delivery (is )?delayed"
    r"|verzögert|verzögerung|retardé|retardée|retras|in ritardo|atrasad|vertraagd|försenad|opóźni|задерж",
    re.IGNORECASE,
)
DELAY_WORDS = re.compile(
    r"warning message only|this is a warning|not yet been delivered|will (be )?(continue|retr|keep trying)|still (being )?(retried|trying)"
    r"|do not need to resend|(delivery )?attempts will continue|no action is required|has been delayed|delivery is delayed",
    re.IGNORECASE,
)
BOUNCE_SUBJECT = re.compile(
    r"undeliver|delivery (status|failure|failed|report|has failed|problem|error|unsuccessful|notification|incomplete)|returned mail"
    r"|mail delivery|failure notice|failed delivery|non-?deliver|nondeliverable|non[- ]?remis|message (could not be|not) delivered"
    r"|could not (be )?deliver|rejected:|mail (system )?(error|failure)|mail returned|returned to sender|user unknown|unknown user"
    r"|error sending|bounced? (mail|message)|permanent (delivery )?(failure|error)|message status|warning: (could not send|message)"
    r"|unzustellbar|nicht zugestellt|zustell(fehler|ung)|échec|non remis|non distribu|no (se ha podido )?entreg|no se pu(e|o)d|devuelto|mancata consegna|non recapitabile"
    r"|não (foi )?entregue|falha na entrega|onbestelbaar|niet (worden )?bezorgd|niedostarcz|nie ?dostarcz|kunde inte lever|kunne ikke lever|недостав|не доставлен|nedoručiteln"
    r"|apparently from you|virus(es)? (found|detected)|message you sent (was )?blocked|failed mail|(automatically|was) rejected|processing error|mail could not|can(not|'t) deliver"
    r"|kézbesíthetetlen|iletilemedi|退信|配信不能|送信エラー|エラーメール|반송|delay(ed)? mail|\bdelayed\b",
    re.IGNORECASE,
)
#: How servers begin a notification.
BOUNCE_WORDS = re.compile(
    r"this is the (mail system at|postfix|qmail|\w{1,20} (mailer|mail server|program))|created automatically by (the )?mail|mail delivery software"
    r"|(could|can)(n't| ?not) be (delivered|sent)|(was|were|is) (not|un) ?(able to be )?deliver|undeliverable|not delivered|unable to (be )?deliver|not able to deliver|wasn't able to deliver"
    r"|(message|mail)( \S{1,60}){0,3} (did|has) not (yet )?(reach|been delivered)|did not reach the|not reach(ed)? (some|the following)|delivery (to the following|has failed|failed|failure|problems)|failed to deliver|fatal (delivery )?errors|delivery status notification"
    r"|(not|n't) (have )?been delivered|delivery of the (e-?mail|message) was stopped|(was|been) blocked by (our|the|a) "
    r"|no (se )?(ha podido|pudo) (ser )?entreg|não p[ôo]de ser entregue|n'a pas pu [eê]tre (remis|distribu)|не удалось доставить"
    r"|following address(es|\(es\))?[ \n](failed|had|has|could)|following recipient|transcript of session|did not receive this message|this is (the )?mailer-daemon|unknown user|returned (to you|to sender|because)|failed recipients?\b|requested (mail )?action not taken|automatically rejected|no matches to nameserver|message delivery failed|permanent error"
    r"|konnte nicht zugestellt|n'a pas pu [eê]tre|no se ha podido entregar|non è stato (consegnato|recapitato)|não foi entregue|kon niet worden bezorgd|nie została dostarczona|kunde inte levereras"
    r"|не может быть (отправлено|доставлено)|не доставлено|退回|配信できません|届けられません",
    re.IGNORECASE,
)
#: The line above those whom the mail did not reach.
ANNOUNCES = re.compile(
    r"(recipients?(\(s\))?|address(es|\(es\)|ees?)?|lists?|empfänger[n]?|adressen?|destinataires?|destinatari\w{0,2}|destinatários?"
    r"|ontvangers?|mottagare|mottakere?|modtagere?|vastaanottaj\w{1,6}|odbiorc\w{1,4}|adresat\w{0,4}|příjemc\w{1,4}|получател\w{1,3}|адрес\w{0,4}"
    r"|címzett\w{0,6}|alıcı\w{0,6}|收件人|宛先|受信者|받는 ?사람|수신자)\b[^@\n]{0,100}[:：.]\s{0,8}$",
    re.IGNORECASE,
)
#: Below this line our own mail comes back.
ORIGINAL_FOLLOWS = re.compile(
    r"^[ \t]{0,8}-{3,20} ?(.{0,60}(original|copy|header|below|unsent|returned (message|mail)|forwarded|message follows))"
    r"|^.{0,60}(original message|first \d{1,4} lines)[^\n]{0,40}follows?\b|^original message headers|^return-path:|^received: (from|by)|^-{5,20} original",
    re.IGNORECASE | re.MULTILINE,
)
