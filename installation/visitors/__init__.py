"""A visitor's recording, from consent to deletion."""
