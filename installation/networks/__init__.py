"""Weights: load, verify, train, export. Knows tensors and files, no artwork."""
