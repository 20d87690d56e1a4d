"""What a retro asks. To ask something more, add an entry here: form, thread and export follow.

Questions ask how and what, never why or who.
"""

from pydantic import BaseModel


class Prompt(BaseModel, frozen=True):
    """One thing a retro asks. `gap` is what an action item from its answers is filed under.

    A prompt without a question has a field in the form and no message in the thread.
    """

    key: str
    label: str
    question: str = ""
    gap: str = ""


PROMPTS = (
    Prompt(
        key="training",
        label="Training",
        question="What would we have needed to know or practise to handle this well?",
        gap="training",
    ),
    Prompt(
        key="communication",
        label="Communication",
        question="What did people need to hear, from whom and when, that did not reach them?",
        gap="communication",
    ),
    Prompt(
        key="after_hours",
        label="After-hours support",
        question=("What help was needed outside working hours, and how easy was it to reach someone?"),
        gap="after-hours support",
    ),
    Prompt(key="else", label="Anything else"),
)
BY_KEY = {prompt.key: prompt for prompt in PROMPTS}
