"""Learning to See: a network that has only ever seen the sea looks at the room."""
