"""What is written beside a calendar's own news of a meeting, for programs that do not show those."""

import hashlib

from mail.models import EmailTemplate

_FOOT = """
Best regards,
{{ sender.name }}

--\u0020
{{ sender.company }}, {{ sender.postal_address }}
No more emails from me: {{ unsubscribe_url }}
"""
_HELLO = 'Hi {{ lead.first_name | default("there") }},\n\n'
_WHEN = "{{ invitation.day }} at {{ invitation.time }} ({{ invitation.timezone }} time)"
_WHERE = "{% if invitation.location %}\n\nIt is here: {{ invitation.location }}\n{% endif %}\n"

#: What is told -> subject and text.
_LETTERS = {
    "meeting-invitation": (
        "{{ invitation.title }}",
        f"{_HELLO}as agreed, here is the invitation to our meeting on {_WHEN}.\n{_WHERE}{_FOOT}",
    ),
    "meeting-moved": (
        "Moved: {{ invitation.title }}",
        (
            f"{_HELLO}our meeting has moved. It is now on {_WHEN}.\n{_WHERE}\n"
            f"If that does not suit you, answer this email.\n{_FOOT}"
        ),
    ),
    "meeting-canceled": (
        "Canceled: {{ invitation.title }}",
        (
            f"{_HELLO}our meeting on {_WHEN} does not take place; this takes it out of your "
            f"calendar.\n\nIf you would like another time, answer this email.\n{_FOOT}"
        ),
    ),
}


def letter(name: str) -> EmailTemplate:
    subject, text = _LETTERS[name]
    digest = hashlib.sha256(f"{name}\n{subject}\n{text}".encode()).hexdigest()
    row, _ = EmailTemplate.objects.get_or_create(
        name=name, digest=digest, defaults={"subject": subject, "text": text}
    )
    return row
