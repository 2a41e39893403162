"""What the site says about Wav2Lip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from avsite.ai.errors import ModelUnavailable
from avsite.ai.registry import Registry

PREFERRED = ("wav2lip-gan", "wav2lip-256", "wav2lip")


@dataclass(frozen=True)
class Wav2LipConfig:
    """Where the weights are, and how they are run.

    checkpoint  a file of the operator's; None: what the registry has
    models      where installed models lie
    use_gpu     whether a GPU is used where there is one
    notes_dir   where the precision that was fastest on this machine is noted; None: not at all
    parity      paste the whole square as the published script does, to compare with it
    """

    checkpoint: Path | None = None
    models: Path | None = None
    use_gpu: bool = True
    notes_dir: Path | None = None
    parity: bool = False

    def weights(self) -> Path:
        """The checkpoint to use. Raises ModelUnavailable with what to do."""
        if self.checkpoint is not None:
            if self.checkpoint.is_file():
                return self.checkpoint
            raise ModelUnavailable(
                "wav2lip",
                f"The weights of Wav2Lip are not where the settings say, {self.checkpoint}.",
                "Put the file there, or name another one in WAV2LIP_MODEL_PATH.",
            )
        if self.models is not None:
            registry = Registry(self.models)
            for name in PREFERRED:
                if registry.installed(name):
                    return registry.path(name)
            return registry.path("wav2lip")
        raise ModelUnavailable("wav2lip", "No weights of Wav2Lip were named.", "Set WAV2LIP_MODEL_PATH.")
