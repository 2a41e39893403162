"""Wav2Lip on torch: our own implementation, for checkpoints as their owners publish them."""
