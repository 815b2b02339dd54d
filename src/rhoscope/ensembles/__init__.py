"""Laws of the random matrix A."""
