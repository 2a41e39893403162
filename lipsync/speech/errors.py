"""What can go wrong between text and speech.

Exception
`-- SpeechError       the text could not be spoken; the message is one sentence for its author
    `-- UnknownVoice  there is no voice of that name
"""


class SpeechError(Exception):
    """Why nothing was spoken, in one sentence with the fix."""


class UnknownVoice(SpeechError):  # noqa: N818 -- reads as what it is
    """No voice has this id."""
