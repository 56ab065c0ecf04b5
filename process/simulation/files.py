"""A workspace's files as a simulation reads them."""

from mail.legal import Rules
from process.blueprint import Blueprint
from process.simulation.scene import Files


def files(blueprint: Blueprint) -> Files:
    sender = blueprint.sender
    return Files(
        process=blueprint.process,
        sequences=blueprint.sequences,
        digests=blueprint.digests,
        templates=blueprint.templates,
        lists=blueprint.lists,
        timezone=blueprint.timezone,
        privacy=Rules.of(blueprint.privacy),
        letterhead={
            "sender": {
                "name": sender.company,
                "email": "sender@example.com",
                "company": sender.company,
                "postal_address": sender.postal_address,
            },
            "unsubscribe_url": blueprint.public_url,
            "booking_url": blueprint.booking and blueprint.booking.link,
            "nps_url": blueprint.public_url,
        },
    )
