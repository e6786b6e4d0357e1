"""The console, from the made folder of a run."""
