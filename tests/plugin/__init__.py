"""The plugin from end to end, as a user types it."""
