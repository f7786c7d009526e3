"""`python -m rimlight`."""

from rimlight.cli import main

if __name__ == "__main__":
    main()
