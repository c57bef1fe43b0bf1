"""Migrations in order. They only add; what takes away waits for a later release."""
