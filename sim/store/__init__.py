"""Calls of the simulator and their results, kept by a hash of what they follow from (README.md beside this file)."""
