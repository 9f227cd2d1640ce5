"""Faces of the library for other ecosystems."""
