"""House avatars: people drawn by our own code, so that a face is always at hand.

house.drawn  HouseFace, the whole picture · look  who there is · head, hair, body  painted once
eyes, mouth  painted for every frame · canvas  the painter
live  LiveHouse, the same for calls: cheap, straight into I420 · patches  its painted eyes and mouths, kept
"""

from lipsync.face.house.drawn import DEFAULT_SIZE, HouseFace, house_thumbnail
from lipsync.face.house.look import HOUSE_LOOKS, Look, find_look

__all__ = ["DEFAULT_SIZE", "HOUSE_LOOKS", "HouseFace", "Look", "find_look", "house_thumbnail"]
