"""Seeing what is in front of a filmed mouth: a hand, a microphone, a cup.

The lower face of every frame is laid flat by its landmarks, so that speech and head motion hardly change it,
and held against pictures of the same face laid flat. What differs from all of them in a piece that reaches
beyond the lips is in front of the face: lips and teeth change by themselves, a chin and cheeks do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.face import topology
from lipsync.face.face import Image
from lipsync.face.frame import FaceFrame
from lipsync.face.rig import CHEEKS, JAW, STILL
from lipsync.face.warp import ThinPlate, invert

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

BOX = (-0.66, -0.50, 0.66, 0.80)  # D; what is laid flat
PIXEL = 1 / 40  # D
COARSE = 4  # pixels between the nodes that landmarks place
SAMPLED_AT = 80.0  # pixels per D that a frame is brought down to
LEAST_AREA = 0.45  # of its size face-on; more turned skin is not judged
JOIN = 12.0  # a picture this near to a known one shows the same bare face; colour levels
SURE, UNSURE = 18.0, 8.0  # colour levels: where a thing in front surely is, and how far it may reach
SURE_PIXELS = 12
LEARN = 4.0  # a bare face further than this from all known ones is worth keeping
MOST_KNOWN = 24
NEW_LIGHT = 0.8  # of the face differing at once, its structure kept, is other light and no thing in front
SAME_STRUCTURE = 0.6  # correlation

_POINTS = tuple(
    dict.fromkeys(
        topology.UPPER_OUTER
        + topology.LOWER_OUTER
        + topology.UPPER_INNER
        + topology.LOWER_INNER
        + topology.OVAL
        + tuple(JAW)
        + CHEEKS
        + topology.NOSE
        + STILL
    )
)
# Lightness, red against green, blue against both: shadows move mostly the first.
_COLOURS = np.array([[0.4, 0.4, 0.2], [1, -1, 0], [-0.5, -0.5, 1]], np.float32)


def _disc(radius: int) -> Mask:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), dtype=np.uint8)


class FlatFace:
    """Lays the lower half of one person's face flat: (rows, columns) pixels of PIXEL each over BOX."""

    def __init__(self, landmarks: Array) -> None:
        uv = FaceFrame.of(landmarks).to_uv(landmarks[:, :2])
        self.size = (int((BOX[2] - BOX[0]) / PIXEL), int((BOX[3] - BOX[1]) / PIXEL))
        columns, rows = (side // COARSE + 2 for side in self.size)
        self._index = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).astype(np.float32)
        self._nodes = (self._index * COARSE + 0.5) * PIXEL + np.array(BOX[:2], np.float32)
        self._spread = ThinPlate(uv[list(_POINTS)], 1e-3).matrix(self._nodes.reshape(-1, 2))
        x, y = np.meshgrid(np.arange(self.size[0]), np.arange(self.size[1]))
        self._fine = np.stack([x, y], axis=-1).astype(np.float32) / COARSE
        self.uv = np.stack([x + 0.5, y + 0.5], axis=-1).astype(np.float32) * PIXEL + np.array(BOX[:2])
        lips = self._filled(uv, topology.UPPER_OUTER + topology.LOWER_OUTER[::-1])
        nose = cv2.dilate(self._filled(uv, (98, 97, 2, 326, 327, 4)), _disc(2)) > 0
        self.mouth: Flags = cv2.dilate(lips, _disc(2)) > 0
        self.face: Flags = cv2.erode(self._filled(uv, topology.OVAL), _disc(3)) > 0
        self.skin: Flags = self.face & ~self.mouth & ~nose
        self._nearest = _nearest(self.face)

    def _filled(self, uv: Array, ring: tuple[int, ...]) -> Mask:
        mask = np.zeros(self.size[::-1], np.uint8)
        corners = (uv[list(ring)] - np.array(BOX[:2], np.float32)) / PIXEL - 0.5
        cv2.fillPoly(mask, [(corners * 16).round().astype(np.int32)], 1, shift=4)
        return mask

    def lay(self, image: Image, landmarks: Array) -> tuple[Array, Flags] | None:
        """The face at ``landmarks`` (468, 3) laid flat, (rows, columns, 3), and where it can be judged."""
        unit = FaceFrame.of(landmarks).unit
        nodes = self._placed(landmarks)
        low = np.maximum(np.floor(nodes.min((0, 1)) - 4), 0).astype(int)
        high = np.minimum(np.ceil(nodes.max((0, 1)) + 4), image.shape[1::-1]).astype(int)
        if (high - low < 8).any():
            return None
        small = image[low[1] : high[1], low[0] : high[0]]
        if unit > SAMPLED_AT:
            factor = SAMPLED_AT / unit
            small = cv2.resize(small, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        scale = np.array(small.shape[1::-1], np.float32) / (high - low)
        nodes = ((nodes - low + 0.5) * scale - 0.5).astype(np.float32)
        where = cv2.remap(nodes, self._fine, None, cv2.INTER_LINEAR)  # type: ignore[call-overload]
        flat = cv2.remap(small, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        inside = ((where >= 0) & (where <= np.array(small.shape[1::-1]) - 1)).all(2)
        across, down = np.diff(nodes, axis=1)[:-1], np.diff(nodes, axis=0)[:, :-1]
        area = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
        area = area / np.square(COARSE * PIXEL * unit * scale[0])
        seen = cv2.resize(area.astype(np.float32), self.size) > LEAST_AREA
        return flat.astype(np.float32), inside & seen & self.face

    def _placed(self, landmarks: Array) -> Array:
        """(rows, columns, 2) pixel positions of the nodes on a face."""
        return (self._spread @ landmarks[list(_POINTS), :2]).reshape(self._nodes.shape)

    def unlay(self, flat: Array, landmarks: Array, box: tuple[int, int, int, int]) -> Array:
        """A flat (rows, columns) map back on the face, for pixels ``box`` (left, top, right, bottom).

        Beyond the face it goes on as at the face's edge.
        """
        flat = flat.ravel()[self._nearest]
        frame = FaceFrame.of(landmarks)
        bent = (frame.to_uv(self._placed(landmarks)) - self._nodes) / (COARSE * PIXEL)
        back = (self._index - invert(bent.astype(np.float32), self._index, 1)) * COARSE
        where = cv2.remap(back, self._fine, None, cv2.INTER_LINEAR)  # type: ignore[call-overload]
        upright = cv2.remap(flat, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        to_flat = np.linalg.inv(frame.axes.astype(np.float64)) / PIXEL
        corner = np.array(box[:2]) - frame.origin
        offset = to_flat @ corner - np.array(BOX[:2]) / PIXEL - 0.5
        size = (box[2] - box[0], box[3] - box[1])
        on_face = cv2.warpAffine(
            upright,
            np.c_[to_flat, offset],
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(on_face, dtype=np.float32)


@dataclass(frozen=True)
class Shield:
    """What is in front of a face in one frame: a flat map, 0..1."""

    face: FlatFace
    hidden: Array

    def over(self, landmarks: Array, box: tuple[int, int, int, int]) -> Array:
        """(h, w) float32, 1 where the pixels ``box`` (left, top, right, bottom) are to stay as they are."""
        return self.face.unlay(self.hidden, landmarks, box)


@dataclass(frozen=True)
class _Known:
    """One picture of the bare face: the least and the most of each colour around every pixel."""

    low: Array
    high: Array

    @classmethod
    def of(cls, colours: Array) -> _Known:
        around = np.ones((3, 3), np.uint8)
        return cls(cv2.erode(colours, around), cv2.dilate(colours, around))  # type: ignore[arg-type]

    def differs(self, colours: Array) -> Array:
        """(rows, columns) colour levels by which a picture lies outside this one, in small patches."""
        out = np.maximum(np.maximum(self.low - colours, colours - self.high), 0)
        return np.asarray(cv2.blur(np.sqrt(np.square(out).sum(-1)), (5, 5)), dtype=np.float32)


class Occlusion:
    """Finds what hides the mouth of one person.

    views  pictures (H, W, 3) of that face with their landmarks (468, 3), from all over the video; those with
           something in front of the mouth are told apart by being few, and are left out
    """

    def __init__(self, views: Sequence[tuple[Image, Array]]) -> None:
        self.flat = FlatFace(views[0][1])
        self._known: list[_Known] = []
        self._nearest = 0
        laid = [(number, self.flat.lay(*view)) for number, view in enumerate(views)]
        pictures = [(number, *found) for number, found in laid if found is not None]
        self.bare: list[int] = []  # numbers of the views with nothing in front of the mouth
        if pictures:
            self._learn(pictures)

    def _learn(self, pictures: list[tuple[int, Array, Flags]]) -> None:
        flat = np.stack([picture for _, picture, _ in pictures])
        self._usual = np.median(flat, axis=0)
        for _ in range(2):
            lit = [picture / self._light(picture, seen) for _, picture, seen in pictures]
            self._usual = np.median(lit, axis=0).astype(np.float32)
        colours = [_colours(picture) for picture in lit]
        usual = _colours(self._usual)
        away = [
            float(np.abs(c - usual).sum(-1)[seen & self.flat.skin].mean())
            if (seen & self.flat.skin).any()
            else 1e3
            for c, (_, _, seen) in zip(colours, pictures, strict=True)
        ]
        left = [int(n) for n in np.argsort(away)]
        nearest = {n: np.full(self.flat.size[::-1], np.inf, np.float32) for n in left}
        joins = left[0]
        while True:
            left.remove(joins)
            self.bare.append(pictures[joins][0])
            known = self._keep(colours[joins])
            if not left or len(self._known) >= MOST_KNOWN:
                return
            for n in left:
                nearest[n] = np.minimum(nearest[n], known.differs(_softened(colours[n])) * pictures[n][2])
            joins = min(left, key=lambda n: self._beyond_lips(nearest[n]))
            if self._beyond_lips(nearest[joins]) > JOIN:
                return

    def _keep(self, colours: Array) -> _Known:
        self._known.append(_Known.of(colours))
        return self._known[-1]

    def _beyond_lips(self, differs: Array) -> float:
        """How much a piece of the skin differs."""
        return float(np.partition(differs[self.flat.skin], -SURE_PIXELS)[-SURE_PIXELS])

    def _light(self, picture: Array, seen: Flags) -> Array:
        """(rows, columns, 3) gain of a picture's light over the usual one: its colour, and a slope across."""
        above = seen & (self.flat.uv[..., 1] < 0)
        if above.sum() < 40:
            return np.ones((1, 1, 3), np.float32)
        ratio = np.log((picture + 6) / (self._usual + 6))
        tint = np.median(ratio[above], axis=0)
        some = np.zeros_like(seen)
        some[::2, ::2] = seen[::2, ::2]
        level = (ratio[some] - tint).mean(1)
        plane = np.c_[np.ones(len(level)), self.flat.uv[some]]
        slope = np.zeros(3)
        trust = (np.abs(level) < 0.3).astype(np.float64)
        for _ in range(3):
            weighted = plane * trust[:, None]
            # Firmly near level: a thing that fills half the face is not a light.
            slope = np.linalg.solve(weighted.T @ plane + 8 * np.eye(3), weighted.T @ level)
            trust = 1 / (1 + np.square((level - plane @ slope) / 0.1)) ** 2
        tilt = slope[0] + self.flat.uv @ slope[1:]
        return np.asarray(np.exp(tint + tilt[..., None]), dtype=np.float32)

    def find(self, image: Image, landmarks: Array) -> Mask | None:
        """(rows, columns) flat map, 1 where something is in front of the face, or None where nothing is."""
        laid = self.flat.lay(image, landmarks) if self._known else None
        if laid is None:
            return None
        picture, seen = laid
        colours = _colours(picture / self._light(picture, seen))
        differs = self._differs(_softened(colours)) * seen
        hidden = self._pieces(differs)
        if hidden is not None and self._is_new_light(hidden, seen, colours):
            hidden = None
        if hidden is None and len(self._known) < MOST_KNOWN and self._is_news(differs):
            self._keep(colours)
        return hidden

    def _differs(self, colours: Array) -> Array:
        """Against the known picture that suited last, and against all where that is not enough."""
        best = self._known[self._nearest].differs(colours)
        if float(best.max()) < LEARN:
            return best
        score = float(best.mean())
        for number, known in enumerate(self._known):
            away = known.differs(colours)
            if float(away.mean()) < score:
                self._nearest, score = number, float(away.mean())
            best = np.minimum(best, away)
        return best

    def _pieces(self, differs: Array) -> Mask | None:
        sure = (differs > SURE) & self.flat.skin
        if int(sure.sum()) < SURE_PIXELS:
            return None
        count, labels = cv2.connectedComponents((differs > UNSURE).astype(np.uint8))
        held = np.bincount(labels[sure], minlength=count)
        held[0] = 0
        kept = np.isin(labels, np.flatnonzero(held >= SURE_PIXELS)).astype(np.uint8)
        if not kept.any():
            return None
        closed = cv2.morphologyEx(np.pad(kept, 8), cv2.MORPH_CLOSE, _disc(5))[8:-8, 8:-8]
        return np.asarray(cv2.dilate(closed, _disc(1)), dtype=np.uint8)

    def _is_new_light(self, hidden: Mask, seen: Flags, colours: Array) -> bool:
        if hidden[seen].mean() < NEW_LIGHT:
            return False
        usual = _colours(self._usual)
        around = seen & (cv2.dilate(self.flat.mouth.astype(np.uint8), _disc(4)) > 0)
        return (
            _correlation(colours[..., 0][seen], usual[..., 0][seen]) > SAME_STRUCTURE
            and _correlation(colours[..., 1][around], usual[..., 1][around]) > SAME_STRUCTURE
        )

    def _is_news(self, differs: Array) -> bool:
        mouth = np.partition(differs[self.flat.mouth], -SURE_PIXELS)[-SURE_PIXELS]
        return self._beyond_lips(differs) > LEARN or float(mouth) > LEARN

    def share_hidden(self, hidden: Mask | Array) -> float:
        """How much of the mouth a flat map covers, 0..1."""
        return float(hidden[self.flat.mouth].mean())


def _nearest(inside: Flags) -> npt.NDArray[np.intp]:
    """(rows, columns) flat index of the pixel ``inside`` that is nearest to every pixel."""
    outside = np.where(inside, 0, 1).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    index = np.zeros(int(labels.max()) + 1, np.intp)
    index[labels[inside]] = np.flatnonzero(inside)
    return np.asarray(index[labels], dtype=np.intp)


def _colours(picture: Array) -> Array:
    return np.asarray(np.clip(picture, 0, 255) @ _COLOURS.T, dtype=np.float32)


def _softened(colours: Array) -> Array:
    return np.asarray(cv2.blur(colours, (3, 3)), dtype=np.float32)


def _correlation(a: Array, b: Array) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / (np.sqrt(float((a * a).sum()) * float((b * b).sum())) + 1e-6))
