"""python -m adkit"""

from .cli import main

main()
