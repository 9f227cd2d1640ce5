"""File systems, as users hold them."""
