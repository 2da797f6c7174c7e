"""Hand over to the command line, which lives with the exporters."""

from spanledger_exporters.cli.app import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
