"""Landmark numbers of the 468-point MediaPipe face mesh, grouped by what they mark.

"Left" and "right" are as seen in the picture. Rings run from the left corner to the right one.
"""

EYE_OUTER_LEFT, EYE_OUTER_RIGHT = 33, 263
MOUTH_LEFT, MOUTH_RIGHT = 61, 291
FOREHEAD, CHIN = 10, 152

UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
UPPER_MIDDLE = (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292)
UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
LOWER_MIDDLE = (62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292)
LOWER_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)

OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377) + (
    152,
    148,
    176,
    149,
    150,
    136,
    172,
    58,
    132,
    93,
    234,
    127,
    162,
    21,
    54,
    103,
    67,
    109,
)

EYE_LEFT_UPPER = (33, 246, 161, 160, 159, 158, 157, 173, 133)
EYE_LEFT_LOWER = (33, 7, 163, 144, 145, 153, 154, 155, 133)
EYE_RIGHT_UPPER = (362, 398, 384, 385, 386, 387, 388, 466, 263)
EYE_RIGHT_LOWER = (362, 382, 381, 380, 374, 373, 390, 249, 263)

BROW_LEFT = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55)
BROW_RIGHT = (336, 296, 334, 293, 300, 285, 295, 282, 283, 276)

NOSE = (1, 2, 4, 5, 6, 19, 94, 97, 98, 129, 168, 195, 197, 326, 327, 358)

# What speech does not move: a rigid fit on these follows the head and nothing else.
RIGID = (6, 168, 197, 195, 5, 4, 1, 98, 327, 33, 133, 362, 263, 10, 67, 297, 103, 332, 54, 284) + (
    21,
    251,
    127,
    356,
    234,
    454,
    151,
    9,
    8,
    122,
    351,
    193,
    417,
    245,
    465,
)
