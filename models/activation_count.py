"""How many bits the inputs of linear operations take: what is sent, and what says how to read it."""

from dataclasses import dataclass


@dataclass
class ActivationCount:
    """Sums over values: `salient` by the salient rule, `digits` with two-digit codes, bits of `payload`, and of `side`
    information (mask or index of salient values, exponents, scales, zero points)."""

    values: int = 0
    salient: int = 0
    digits: int = 0
    payload: int = 0
    side: int = 0
    has_rule: bool = False

    def add(self, other):
        """Add another count to this one."""
        self.has_rule |= other.has_rule
        for name in ("values", "salient", "digits", "payload", "side"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def salient_share(self):
        """Share of salient values; None where the method has no salient rule."""
        return self.salient / self.values if self.has_rule else None

    @property
    def digit_share(self):
        """Share of values with two-digit codes; None where the method has no salient rule."""
        return self.digits / self.values if self.has_rule else None

    @property
    def payload_bits(self):
        """Bits per value without side information; None where nothing was counted."""
        return self.payload / self.values if self.values else None

    @property
    def all_bits(self):
        """Bits per value with side information; None where nothing was counted."""
        return (self.payload + self.side) / self.values if self.values else None
