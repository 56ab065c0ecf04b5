"""What ESPs post to us: their documented fields, with values of our own."""

import hashlib
import hmac
import json
from base64 import b64encode

from runtime import clock
from tests.mail.esp.conftest import SECRETS

GRACE = "grace@customer.example"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

#: What happened -> the fields of Postmark's record.
POSTMARK: dict[str, dict] = {
    "delivered": {"RecordType": "Delivery", "DeliveredAt": "{at}", "Details": "250 2.0.0 OK"},
    "hard": {
        "RecordType": "Bounce", "Type": "HardBounce", "BouncedAt": "{at}", "ID": 7,
        "Description": "The server was unable to deliver your message",
        "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist",
    },
    "soft": {
        "RecordType": "Bounce", "Type": "SoftBounce", "BouncedAt": "{at}", "ID": 8,
        "Details": "smtp;552 5.2.2 mailbox full",
    },
    "policy": {
        "RecordType": "Bounce", "Type": "HardBounce", "BouncedAt": "{at}", "ID": 9,
        "Details": "smtp;550 5.7.26 This mail is unauthenticated",
    },
    "wordless": {"RecordType": "Bounce", "Type": "HardBounce", "BouncedAt": "{at}", "ID": 10},
    "deferred": {
        "RecordType": "Bounce", "Type": "Transient", "BouncedAt": "{at}",
        "Details": "smtp;451 4.4.1 try again",
    },
    "blocked": {"RecordType": "Bounce", "Type": "Blocked", "BouncedAt": "{at}", "ID": 11},
    "complained": {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "BouncedAt": "{at}"},
    "unsubscribed": {
        "RecordType": "SubscriptionChange", "SuppressSending": True, "ChangedAt": "{at}",
        "SuppressionReason": "ManualSuppression",
    },
    "opened": {"RecordType": "Open", "ReceivedAt": "{at}", "UserAgent": BROWSER},
    "clicked": {
        "RecordType": "Click", "ReceivedAt": "{at}", "UserAgent": BROWSER,
        "OriginalLink": "https://example.com/case",
    },
}  # fmt: skip
MAILGUN: dict[str, dict] = {
    "delivered": {"event": "delivered", "delivery-status": {"code": 250, "message": "OK"}},
    "hard": {
        "event": "failed", "severity": "permanent", "reason": "bounce",
        "delivery-status": {"code": 550, "message": "5.1.1 no such user here"},
    },
    "soft": {
        "event": "failed", "severity": "permanent", "reason": "generic",
        "delivery-status": {"code": 552, "message": "5.2.2 mailbox full"},
    },
    "wordless": {"event": "failed", "severity": "permanent", "reason": "suppress-bounce"},
    "deferred": {
        "event": "failed", "severity": "temporary", "reason": "generic",
        "delivery-status": {"code": 451, "message": "4.4.1 try again"},
    },
    "blocked": {"event": "rejected", "reject": {"reason": "Sandbox subdomains are limited"}},
    "complained": {"event": "complained"},
    "unsubscribed": {"event": "unsubscribed"},
    "opened": {"event": "opened", "client-info": {"user-agent": BROWSER}},
    "proxied": {"event": "opened", "client-info": {"user-agent": BROWSER, "bot": "gmail"}},
    "clicked": {
        "event": "clicked", "url": "https://example.com/case",
        "client-info": {"user-agent": BROWSER},
    },
}  # fmt: skip
SENDGRID: dict[str, dict] = {
    "taken": {"event": "processed"},
    "delivered": {"event": "delivered", "response": "250 2.0.0 OK"},
    "hard": {"event": "bounce", "type": "bounce", "reason": "550 5.1.1 no such user"},
    "soft": {"event": "bounce", "type": "blocked", "reason": "552 5.2.2 mailbox full"},
    "wordless": {"event": "bounce", "type": "bounce", "reason": ""},
    "deferred": {"event": "deferred", "response": "451 4.4.1 try again", "attempt": "2"},
    "dropped": {"event": "dropped", "reason": "Bounced Address"},
    "dropped-spam": {"event": "dropped", "reason": "Spam Reporting Address"},
    "dropped-out": {"event": "dropped", "reason": "Unsubscribed Address"},
    "complained": {"event": "spamreport"},
    "unsubscribed": {"event": "unsubscribe"},
    "opened": {"event": "open", "useragent": BROWSER, "sg_machine_open": False},
    "proxied": {"event": "open", "useragent": BROWSER, "sg_machine_open": True},
    "clicked": {"event": "click", "useragent": BROWSER, "url": "https://example.com/case"},
}  # fmt: skip


def event(kind, what, message, *, id_="", tagged=True, number=1):
    """A body as the ESP posts it, and its content type; without a tag it names its id alone."""
    tag = {"cadenza": message.message_id.strip("<>").partition("@")[0]} if tagged else {}
    at = clock.now()
    if kind == "postmark":
        record = json.loads(json.dumps(POSTMARK[what]).replace("{at}", at.isoformat()))
        record |= {"MessageID": id_ or "id-1", "Recipient": GRACE, "Metadata": tag}
        return record
    if kind == "mailgun":
        data = {
            **MAILGUN[what],
            "timestamp": at.timestamp(),
            "recipient": GRACE,
            "message": {"headers": {"message-id": id_ or message.message_id.strip("<>")}},
            "user-variables": tag,
        }
        return {"signature": signature(f"token-{what}-{number}"), "event-data": data}
    return [
        {
            **SENDGRID[what],
            "email": GRACE,
            "timestamp": int(at.timestamp()),
            "smtp-id": f"<{id_}>" if id_ else message.message_id,
            "sg_event_id": f"{what}-{number}",
            "sg_message_id": "filter-1",
            **tag,
        }
    ]


def signature(token, key=SECRETS["MAILGUN_SIGNING"]):
    timestamp = str(int(clock.now().timestamp()))
    digest = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256)
    return {"timestamp": timestamp, "token": token, "signature": digest.hexdigest()}


def authorization(secret=SECRETS["ESP_HOOK"]):
    return {"Authorization": f"Basic {b64encode(secret.encode()).decode()}"}
