"""The methods by name."""

from dataclasses import dataclass

from spikeloom import UserError
from spikeloom.models.methods.atom import Atom
from spikeloom.models.methods.fp16 import Fp16
from spikeloom.models.methods.spikellm import SpikeLlm
from spikeloom.models.methods.spikequant import SpikeQuant
from spikeloom.models.methods.spikequant_improved import SpikeQuantImproved
from spikeloom.models.methods.w4a4 import W4A4

WIDE_CHOICES = ("uniform", "loss")


@dataclass(frozen=True)
class Settings:
    """What a user may choose; a method reads what concerns it.

    `salient_share` of the values are salient (the spikequant methods), `wide_share` of the input channels keep 8
    bits (atom: outlier channels; spikequant-improved: wide rows), activations have `activation_bits` (the w4a4
    methods). The others are spikequant-improved's: `output_bits` of an output code; `group` inputs make a window with
    weight shifts of its own, 0 for none; `wide_choice` gives every input the same share of wide rows ("uniform") or as
    many as save most loss ("loss"); `spike_attention` False leaves attention in floating point.
    """

    salient_share: float = 0.025
    wide_share: float = 0.0625
    activation_bits: int = 4
    output_bits: int = 16
    group: int = 0
    wide_choice: str = "uniform"
    spike_attention: bool = True

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
        if self.wide_choice not in WIDE_CHOICES:
            raise UserError(f"--wide-choice {self.wide_choice}: unknown (known: {', '.join(WIDE_CHOICES)})")


METHODS = {
    "fp16": lambda settings: Fp16(),
    "w4a4-rtn": lambda settings: W4A4(False, settings.activation_bits),
    "w4a4-gptq": lambda settings: W4A4(True, settings.activation_bits),
    "atom": lambda settings: Atom(settings.wide_share),
    "spikellm": lambda settings: SpikeLlm(),
    "spikequant": lambda settings: SpikeQuant(settings.salient_share),
    "spikequant-improved": lambda settings: SpikeQuantImproved(
        settings.salient_share,
        settings.wide_share,
        settings.output_bits,
        settings.group,
        settings.spike_attention,
        settings.wide_choice == "loss",
    ),
}


def make_method(name, settings):
    """The method called `name`. Raises UserError for an unknown name or settings outside their ranges."""
    settings.check()
    if name not in METHODS:
        raise UserError(f"--method {name}: unknown (known: {', '.join(METHODS)})")
    return METHODS[name](settings)
