"""What the chips compute, in Python: activation codes, quantizer, integer reference, real models."""
