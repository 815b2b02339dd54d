"""Hardware, decided once at the edge."""
