"""The strongest form of each peer, one peer a file."""
