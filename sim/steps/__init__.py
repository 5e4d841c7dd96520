"""A spiking language model against its time steps: accuracy, cycles and energy, beside multiply-accumulate rivals."""
