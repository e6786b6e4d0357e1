"""Neural Beatbox: visitors' own sounds become a beat that never stops."""
