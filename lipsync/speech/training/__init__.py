"""Trains the mouth model on synthetic speech, whose phones and times are known exactly."""
