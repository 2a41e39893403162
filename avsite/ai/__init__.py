"""Models whose weights are not ours: what they are, where they lie, and how they are read. No Django here."""
