"""Make training files out of what the ledger knows to have worked, and what not.

The way of a row: `calls` reads model calls session by session, `histories` and `chat` turn what was
said into whole conversations or refuse it, `outcomes` finds what came of tool calls, `judging` says
which turns were good, `rows` and `pairs` choose rows in the shape of a format, `spool` keeps each
once, `splits` deals them out, `files` and `card` write them down.
"""
