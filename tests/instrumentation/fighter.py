"""Fight for one lock file as the program of a test: `python fighter.py NAME FILE`.

Says `wants it` before it waits for the lock and `has it` when it has it, which is until it is told
something.
"""

import sys

from filelock import FileLock

import spanledger


def main() -> None:
    name, path = sys.argv[1:]
    spanledger.setup(service_name=name)
    with (
        spanledger.session(f"s-{name}", agent=name),
        spanledger.plan("Share the workspace", ["Change it"], id=f"p-{name}"),
        spanledger.step("Change it"),
    ):
        print("wants it", flush=True)
        with spanledger.lock(path, FileLock(path, poll_interval=0.01), operation="update"):
            print("has it", flush=True)
            sys.stdin.readline()


if __name__ == "__main__":
    main()
