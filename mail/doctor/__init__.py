"""What stands in the way of a mailbox's emails, and what to do about it. Sends nothing."""
