"""The drawn faces there are."""

try:
    from lipsync.face.house import HOUSE_VERSION, LOOKS
except ImportError:
    LOOKS, HOUSE_VERSION = {"mira": "Mira"}, "0"
