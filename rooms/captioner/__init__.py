"""The captions process: hears the people and avatars of rooms and shows what they say. No Django in here.

server  asks the site which rooms want captions, and brings it what was said
room    one room: whom to hear, whose own captions lead, what is shown
lines   words as they are recognised, as lines of captions

A process of its own, so that hearing never takes time from the avatars that are being drawn.
"""
