"""What the ``gridengine`` adaptor sends, and how it reads the answers.

Measured with Son of Grid Engine 8.1.9; other versions are read leniently.
"""
