"""Fixtures of the tests with broken connections."""

from conformance.ssh.conftest import connect  # noqa: F401 - pytest finds it by its name
