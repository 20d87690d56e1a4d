"""How a step is turned down: in one sentence that a person can read."""


class Refused(Exception):
    """A step that is not allowed, told in one sentence.

    `field` names the form field that the sentence is about, so that a form can show it there and
    keep what was typed.
    """

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class ConflictError(Exception):
    """Somebody else changed the same thing first.

    Whoever catches it reads afresh and tries again: the second try meets the new state, and the
    domain's own sentence then says what happened.
    """
