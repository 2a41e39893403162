"""Words of one language in another: M2M100 for any pair, Whisper into English."""
