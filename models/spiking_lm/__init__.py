"""A BERT-like spiking encoder with 1-bit or 1.58-bit weights (after arXiv 2405.02543): model, training, integers."""
