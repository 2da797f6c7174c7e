"""Grafana's dashboards, each a list of panels."""

from typing import Final

from spanledger_exporters.viewing.boards.simple import REPORTS
from spanledger_exporters.viewing.boards.trouble import ERRORS, LIMITS, LOCKS, YIELD
from spanledger_exporters.viewing.boards.work import COST, FLEET, PLAN, SESSION

DASHBOARDS: Final = (FLEET, SESSION, PLAN, COST, LOCKS, ERRORS, LIMITS, YIELD, REPORTS)
