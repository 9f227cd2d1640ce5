"""The one copy engine, between any two file systems.

``CopyEngine`` keeps the copies of one facade; ``CopyOptions`` says how one copy is to be done. The
rest is inner working: ``checks`` refuses what cannot be copied, ``tree`` walks, ``transfer`` and
``bulk`` move files, ``publish`` lets them appear, ``verify`` compares.
"""

from xenon_py.engine.copying.engine import CopyEngine
from xenon_py.engine.copying.options import CopyOptions

__all__ = ["CopyEngine", "CopyOptions"]
