"""Where the real input and the platforms' published limits are: beside the repository, if anywhere.

Tests that need it skip with a reason where it is missing.
"""

import csv
import os
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("AMENDS_SHARED") or ROOT.parent / "shared")
SCHEMAS = SHARED / "reference" / "schemas"
COMPLAINTS = SHARED / "data" / "cases" / "complaints_sample_2019.csv"

UNTIMELY = 94
"""Complaints in the file that README's import opens."""


def generated_complaints(file: Path) -> Path:
    """As many complaints of the same shape, where the real ones are not at hand."""
    with file.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(
            [
                "Date received",
                "Issue",
                "Consumer complaint narrative",
                "Timely response?",
                "Complaint ID",
            ]
        )
        for number in range(UNTIMELY):
            story = f"I called {number} times and nobody called back. " * (1 + number % 40)
            rows.writerow(
                [f"2019-03-{1 + number % 28:02d}", "No answer", story, "No", 3_000_000 + number]
            )
    return file
