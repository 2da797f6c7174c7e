"""Delete kept journal files that are older than the setting allows."""

from datetime import UTC, date, datetime, timedelta

from spanledger_exporters.storing.layout import Layout


def drop_old(layout: Layout, days: int) -> None:
    """Remove the folders of days more than `days` ago. Their segments stay and stay readable."""
    oldest = datetime.now(UTC).date() - timedelta(days=days)
    for folder in layout.journal.glob("[0-9]*-[0-9]*-[0-9]*"):
        if date.fromisoformat(folder.name) < oldest:
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
