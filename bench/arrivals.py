"""A few shapes of emails that come in: a reply, an absence, a bounce, a complaint, an opt-out."""

_QUOTED = "\n".join(f"> Line {n} of what we wrote, as it came to them." for n in range(30))

_REPLY = f"""\
From: Grace Hopper <grace@customer.example>
To: ada@us.example
Subject: Re: Where the week goes
Message-ID: <r1@customer.example>
In-Reply-To: <o1@us.example>
References: <o1@us.example>
Content-Type: text/plain; charset=utf-8

Hi Ada,

copying data is what costs us most. Could you call me on Thursday?

Grace

On Wed, Mar 4, 2026 at 12:00 PM Ada Byron <ada@us.example> wrote:
{_QUOTED}
"""

_HTML_REPLY = f"""\
From: Alan <alan@customer.example>
To: ada@us.example
Subject: AW: Where the week goes
Message-ID: <r2@customer.example>
In-Reply-To: <o1@us.example>
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<html><body><p>Guten Tag,</p><p>das klingt interessant, bitte rufen Sie mich an.</p>
<blockquote>{_QUOTED.replace("> ", "<p>")}</blockquote></body></html>
"""

_ABSENCE = """\
From: Grace Hopper <grace@customer.example>
To: ada@us.example
Subject: Out of office: Where the week goes
Message-ID: <a1@customer.example>
In-Reply-To: <o1@us.example>
Auto-Submitted: auto-replied
Content-Type: text/plain; charset=utf-8

I am out of office until 16 March 2026 and read no email.
"""

_BOUNCE = """\
From: MAILER-DAEMON@mx.us.example
To: ada@us.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <b1@mx.us.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I could not deliver your message to <nobody@customer.example>.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.us.example

Final-Recipient: rfc822; nobody@customer.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--b
Content-Type: text/rfc822-headers

Message-ID: <o2@us.example>
To: nobody@customer.example

--b--
"""

_COMPLAINT = """\
From: feedback@provider.example
To: ada@us.example
Subject: complaint
Message-ID: <c1@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is a report of abuse.

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: provider/1.0
Version: 1
Original-Rcpt-To: grace@customer.example

--b
Content-Type: text/rfc822-headers

Message-ID: <o3@us.example>
To: grace@customer.example

--b--
"""

_OPT_OUT = """\
From: Grace Hopper <grace@customer.example>
To: ada@us.example
Subject: Re: Where the week goes
Message-ID: <u1@customer.example>
In-Reply-To: <o1@us.example>
Content-Type: text/plain; charset=utf-8

Please unsubscribe me.
"""

#: Each with the kind that it is.
ARRIVALS = tuple(
    (kind, raw.replace("\n", "\r\n").encode())
    for kind, raw in (
        ("reply", _REPLY),
        ("reply", _HTML_REPLY),
        ("auto_reply", _ABSENCE),
        ("bounce", _BOUNCE),
        ("complaint", _COMPLAINT),
        ("unsubscribe", _OPT_OUT),
    )
)
