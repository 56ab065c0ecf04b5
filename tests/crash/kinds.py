"""Kinds of stops, by name; see `points.People.stops`."""

IN_THE_CRM = ("opt_out", "deal_closed")
PAUSES = ("enrollment_paused", "all_paused", "mailbox_paused", "sequence_paused")
KINDS = ("one_click", "reply", "reply_and_reaction", "stopped_by_hand", *IN_THE_CRM, *PAUSES)
