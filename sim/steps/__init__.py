"""`spikeloom steps`: accuracy, time and energy of a spiking language model against the number of time steps."""
