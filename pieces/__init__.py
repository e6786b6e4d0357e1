"""The artworks. One folder each; a piece imports installation, and no other piece."""
