"""Where speech comes from."""
