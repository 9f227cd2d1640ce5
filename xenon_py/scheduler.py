"""Schedulers, as users hold them."""
