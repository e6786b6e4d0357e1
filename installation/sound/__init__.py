"""The sound process: mixer, score, voices, capture. Owns the card and the timeline."""
