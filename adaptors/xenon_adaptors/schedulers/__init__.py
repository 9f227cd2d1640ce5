"""Scheduler adaptors."""
