"""What the ``torque`` adaptor sends, and how it reads the answers.

Measured with TORQUE 6 (master of 2020) and OpenPBS 23.06; other versions are read leniently.
"""
