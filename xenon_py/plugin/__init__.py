"""What the author of an adaptor implements or reuses. See ``docs/write-an-adaptor.md``."""
