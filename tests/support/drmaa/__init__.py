"""The behaviours that a conforming DRMAA shows, as functions that run on any scheduler.

Each *row* is one line of the table of behaviours; rows share nothing, so that those of one system
run side by side: what takes long is waiting.
"""
