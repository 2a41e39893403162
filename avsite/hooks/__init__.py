"""Outgoing webhooks: what happened to a user's jobs and rooms, signed and sent where they choose."""
