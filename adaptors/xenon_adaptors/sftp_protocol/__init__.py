"""The SFTP protocol, version 3: packets, framing, and a client that keeps many requests going.

Nothing in here knows of the adaptor contract except for the two stream protocols.
"""
