"""Where the real input and the platforms' published limits are: beside the repository, if anywhere.

Tests that need it skip with a reason where it is missing.
"""

import os
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("AMENDS_SHARED") or ROOT.parent / "shared")
SCHEMAS = SHARED / "reference" / "schemas"
COMPLAINTS = SHARED / "data" / "cases" / "complaints_sample_2019.csv"
