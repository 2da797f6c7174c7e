"""Turn OTLP requests into rows: Arrow columns for the segments, JSON lines for the journal.

Pure: no clock, no files, no database.
"""
