"""From a mouth shape to the controls of a rig."""

from __future__ import annotations

from lipsync.audio.shape import MouthShape
from lipsync.face.face import Expression
from lipsync.face.lips import Lips
from lipsync.face.rig import expression_weights

OPEN_REACH = 0.22  # D; opening of a full /a/
USUAL_HALF_WIDTH = 0.30  # D; of a mouth that opens so far, small ones open less
BITE_GAP = 0.02  # D; left open under the upper lip of an open mouth for teeth on the lower one
RELAXED = 0.3  # of "round" and "frown"; a grin gives way that far when its lips close
EASE_FROM = 0.12  # D; from this opening on the lower lip is a clean curve


def control_weights(mouth: MouthShape, expression: Expression, lips: Lips) -> dict[str, float]:
    """Weights of the rig's controls, by name.

    A mouth that is open in the picture is first closed as far as the shape asks, then opened beyond.
    """
    pressed = min(1.0, max(0.0, mouth.closure))
    reach = OPEN_REACH * min(1.0, max(0.8, lips.half_width / USUAL_HALF_WIDTH))
    wanted = max(0.0, mouth.openness) * reach * (1 - pressed)
    # Teeth on the lip need a sliver to show through.
    tucked = mouth.teeth * (1 - pressed) * max(0.0, 1 - mouth.openness)
    native = float(lips.gap.max()) if lips.is_open else 0.0
    close = min(1.0, max(0.0, 1 - (wanted + BITE_GAP * tucked) / native)) if native > 0 else 0.0
    opened = max(0.0, wanted - native)
    weights = expression_weights(expression)
    # The folds of a grin stay in the picture: corners drawn down against them would look twisted.
    weights["frown"] *= 1 - 0.65 * lips.grin
    weights["smile"] *= 1 - 0.5 * lips.grin
    relaxed = RELAXED * lips.grin * close
    weights["frown"] += relaxed
    weights.update(
        {
            "close": close,
            "open": opened,
            "ease": min(1.0, opened / EASE_FROM),
            "wide": mouth.width * (1 - 0.6 * mouth.rounding),
            "round": max(mouth.rounding, relaxed),
            "press": pressed,
            "tuck": tucked,
        }
    )
    return {name: weight for name, weight in weights.items() if weight > 1e-4}
