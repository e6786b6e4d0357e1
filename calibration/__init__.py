"""Procedures that measure a camera, a projector, a speaker or a delay, and write a profile."""
