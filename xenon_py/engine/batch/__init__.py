"""The engine under every command-line batch system."""
