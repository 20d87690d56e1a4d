"""The sample case, for somebody who looks at an empty workspace."""

from collections.abc import Mapping

SAMPLE: Mapping[str, str] = {
    "what_happened": "Sample: a repair was promised for the morning, and nobody came until the evening. "
    "The customer had taken the day off and rang three times. (Made up: press Cancel retro when you "
    "have seen enough.)",
    "reference": "SAMPLE-1",
    "customer": "Robin Example",
    "time": "18:40",
}
"""What its form would say; the time is outside of usual hours."""
