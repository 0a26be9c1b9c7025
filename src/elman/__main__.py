"""`python -m elman` is `elman`, for where the command is not on the path."""

from elman.cli import main

if __name__ == "__main__":
    main()
