"""`python -m rhoscope`, where the command `rhoscope` is not on the path."""

from rhoscope.cli import main

if __name__ == "__main__":
    main()
