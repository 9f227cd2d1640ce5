"""File-system adaptors."""
