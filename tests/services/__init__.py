"""Real servers for the tests: one module per server, two providers (see docs/testing.md).

The modules here use the standard library only, so that `python3 -m services` works before anything
is installed. They belong to the tests and are not part of the distribution.
"""
