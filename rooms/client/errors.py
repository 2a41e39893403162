"""What ends a call from the terminal.

RuntimeError
`-- CallError    one sentence for the person at the terminal
"""


class CallError(RuntimeError):
    """Why there is no call, and what to do about it."""
