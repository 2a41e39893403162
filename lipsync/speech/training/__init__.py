"""Trains the mouth model on synthetic speech, whose phones are known exactly, and on recordings of people."""
