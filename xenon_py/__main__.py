"""``python -m xenon_py`` is the command ``xenon-py``, also where its script is not on ``PATH``."""

import sys

from xenon_py.cli import main

sys.exit(main())
