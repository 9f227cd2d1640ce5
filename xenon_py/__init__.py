"""Move files and run jobs anywhere: file systems and schedulers, local or over ssh."""
