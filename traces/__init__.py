"""Trace files: the format (README.md), the exporter of real layers, synthetic layers, comparison."""
