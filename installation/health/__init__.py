"""Heartbeats, alerts, metrics, logs: how the house knows that it is well."""
