"""What `python -m bench gpu` measures: each part in a process of its own, begun by `bench/gpu.py`."""
