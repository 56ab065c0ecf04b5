"""Mailboxes by ESP: sending through its API, its events, and what it brings in."""
