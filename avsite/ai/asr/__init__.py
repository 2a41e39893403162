"""Recognition of speech: whole recordings, and while people speak."""
