"""``python -m hpcfit``: the same as ``hpcfit``."""

from hpcfit.entry import main

if __name__ == "__main__":
    main()
