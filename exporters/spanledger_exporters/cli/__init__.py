"""The command line: one module a command or a family of them.

Importing a command's module must stay cheap (`spanledger --help` loads all of them), so what a
command works with is imported inside its function.
"""
