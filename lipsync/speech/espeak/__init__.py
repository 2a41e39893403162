"""The espeak-ng synthesiser in a process of its own. Nothing here is imported by the rest of the project."""
