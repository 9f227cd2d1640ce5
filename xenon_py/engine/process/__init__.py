"""Makes a scheduler of anything that can start processes: queues, limits, statuses, arrays."""
