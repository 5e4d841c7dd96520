"""The methods by name."""

from dataclasses import dataclass

from spikeloom import UserError
from spikeloom.models.methods import SETTINGS
from spikeloom.models.methods.atom import Atom
from spikeloom.models.methods.fp16 import Fp16
from spikeloom.models.methods.spikellm import SpikeLlm
from spikeloom.models.methods.spikequant import SpikeQuant
from spikeloom.models.methods.spikequant_improved import SpikeQuantImproved
from spikeloom.models.methods.w4a4 import W4A4


@dataclass(frozen=True)
class Settings:
    """What a user may choose, as `methods.SETTINGS` describes it; a method reads what concerns it.

    `wide_share`: outlier channels of atom, wide rows of spikequant-improved; `spike_attention` False leaves attention
    in floating point.
    """

    salient_share: float = SETTINGS["salient_share"].default
    wide_share: float = SETTINGS["wide_share"].default
    activation_bits: int = SETTINGS["activation_bits"].default
    output_bits: int = SETTINGS["output_bits"].default
    group: int = SETTINGS["group"].default
    spike_attention: bool = SETTINGS["spike_attention"].default

    def check(self):
        """Raises UserError for settings outside their ranges."""
        if not 0 < self.salient_share < 0.5:
            raise UserError(f"--salient-share {self.salient_share}: must be above 0 and below 0.5")
        if not 0 <= self.wide_share <= 0.5:
            raise UserError(f"--wide-share {self.wide_share}: must be in 0..0.5")
        if not 1 <= self.activation_bits <= 8:
            raise UserError(f"--activation-bits {self.activation_bits}: must be in 1..8")
        if not 2 <= self.output_bits <= 16:
            raise UserError(f"--output-bits {self.output_bits}: must be in 2..16")
        if self.group < 0:
            raise UserError(f"--group {self.group}: must be 0 (no windows) or the inputs of a window")


METHODS = {
    "fp16": lambda settings: Fp16(),
    "w4a4-rtn": lambda settings: W4A4(False, settings.activation_bits),
    "w4a4-gptq": lambda settings: W4A4(True, settings.activation_bits),
    "atom": lambda settings: Atom(settings.wide_share),
    "spikellm": lambda settings: SpikeLlm(),
    "spikequant": lambda settings: SpikeQuant(settings.salient_share),
    "spikequant-improved": lambda settings: SpikeQuantImproved(
        settings.salient_share, settings.wide_share, settings.output_bits, settings.group, settings.spike_attention
    ),
}


def make_method(name, settings):
    """The method called `name`. Raises UserError for an unknown name or settings outside their ranges."""
    settings.check()
    if name not in METHODS:
        raise UserError(f"--method {name}: unknown (known: {', '.join(METHODS)})")
    return METHODS[name](settings)
