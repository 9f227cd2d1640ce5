"""The built-in adaptors, registered through the same entry points as anybody's.

The guard below refuses a second copy of all classes through the top-level folder.
"""

if __name__ != "xenon_adaptors":
    raise ImportError("import xenon_adaptors, not adaptors.xenon_adaptors")
