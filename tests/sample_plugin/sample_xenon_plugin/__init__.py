"""What a third party brings: a file system in memory, and jobs that are nice to others."""
