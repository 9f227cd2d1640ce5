"""The ``xenon-py`` command."""
