"""Imaginary Soundscape: the room hears what the picture would sound like."""
