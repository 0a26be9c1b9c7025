"""The passes are tested on the cells that recorders are tested on."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "trace"))
