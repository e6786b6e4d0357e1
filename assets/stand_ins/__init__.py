"""The film that stands in for a camera: a cast of paper people who make music with their mouths."""
