"""Sources of pictures and sound, and what shows them: real, file-fed or simulated, with one face."""


class DeviceError(Exception):
    """A device cannot be used. The message names it and the remedy."""
