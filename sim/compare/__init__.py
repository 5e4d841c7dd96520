"""A spiking chip beside its multiply-accumulate rivals: one configuration in, one report out."""
