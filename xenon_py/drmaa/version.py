"""The version of drmaa-python whose interface this is."""

VERSION = (0, 7, 9)
__version__ = ".".join(map(str, VERSION))
