"""SSH connections over paramiko: shared, checked, kept alive. ``acquire`` is the way in."""

from xenon_py.plugin.ssh.channels import ChannelLease
from xenon_py.plugin.ssh.sharing import SharedConnection, acquire

__all__ = ["ChannelLease", "SharedConnection", "acquire"]
