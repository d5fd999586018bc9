"""python -m adkit"""

from .cli import main

# A process that takes part in a comparison imports this module without meaning to start another one.
if __name__ == "__main__":
    main()
