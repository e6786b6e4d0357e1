"""The runtime: devices, processes, time, visitors. It knows no artwork by name."""

__version__ = "0.1.0"
