"""Why a conversion ended without a twin, in words for a person."""


class Problem(Exception):
    """A reason and the next step; `code` is one of unsupported, missing, code, mismatch, example, parity, failed."""

    def __init__(self, code: str, message: str, next_step: str):
        super().__init__(message)
        self.code = code
        self.next_step = next_step
