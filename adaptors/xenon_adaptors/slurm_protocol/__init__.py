"""What Slurm's commands are asked and what they answer. Pure functions.

Measured on 22.05.8; only text formats that versions from 20 on have. Fields come in fixed widths
from ``squeue -O`` and with a rare separator from ``sacct``; names and comments, which may hold any
character, are not asked for.
"""
