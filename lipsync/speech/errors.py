"""What can go wrong between text and speech.

Exception
`-- SpeechError       the text could not be spoken; the message is one sentence for its author
    |-- UnknownVoice  there is no voice of that name
    |-- UnknownLanguage  nor language
    `-- TextMismatch  a recording and its text do not fit each other
"""


class SpeechError(Exception):
    """Why nothing was spoken, in one sentence with the fix."""


class UnknownVoice(SpeechError):  # noqa: N818 -- reads as what it is
    """No voice has this id."""


class TextMismatch(SpeechError):  # noqa: N818 -- reads as what it is
    """Something else than this text is said in the recording."""


class UnknownLanguage(SpeechError):  # noqa: N818 -- reads as what it is
    """No language has this tag."""
