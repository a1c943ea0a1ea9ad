"""Which tests of the statistics can run here."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ORACLES = Path(os.environ.get("ORACLES_PYTHON", ROOT / ".oracles" / "bin" / "python"))

# The comparison with other libraries is collected only where their own environment was built.
collect_ignore = [] if ORACLES.exists() else ["test_oracles.py"]
