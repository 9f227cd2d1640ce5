"""Plain values: paths, credentials, descriptions, statuses. No input, no output."""
