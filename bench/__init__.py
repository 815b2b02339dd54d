"""Races between rhoscope and its peers: `python -m bench` from the repository root."""
