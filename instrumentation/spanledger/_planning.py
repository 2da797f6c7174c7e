"""Make a plan, or go on with one that another process made."""

from collections.abc import Iterable

from spanledger import _scope
from spanledger._plans import Plan
from spanledger._steplist import StepLike, as_list


def plan(
    goal: object = None,
    steps: Iterable[StepLike] = (),
    *,
    request: object = None,
    title: object = None,
    id: object = None,  # noqa: A002 - the contract's word
    agent: object = None,
) -> Plan:
    """A plan that is made known when its block begins, and ended when it ends.

    Args:
        goal: What is to be reached.
        steps: Titles in order; or `(id, title)`, or `{"id", "title", "depends_on"}`.
        request: What was asked of the agent, in the asker's words. Content.
        title: A shorter name.
        id: By default a new one; to go on with a plan, use `continue_plan`.
        agent: Whose plan; by default the agent around it.
    """
    return Plan(goal, steps, request=request, title=title, id=id, agent=agent)


def start_plan(
    goal: object = None,
    steps: Iterable[StepLike] = (),
    *,
    request: object = None,
    title: object = None,
    id: object = None,  # noqa: A002 - the contract's word
    agent: object = None,
) -> Plan:
    """A plan that is made known at once, and ended by `complete`, `fail` or `abandon`."""
    return Plan(goal, steps, request=request, title=title, id=id, agent=agent).start()


class _Continued(Plan):
    """Somebody else's plan: left open, unless it is ended here in so many words."""

    _is_ours = False

    def _begin(self) -> None:
        self._list.revise(as_list(self._steps), "none")

    def goes_on_from(self, revision: int | None) -> None:
        """Count on from a revision; None if only the other process counts."""
        self._revision = revision


def continue_plan(
    id: object = None,  # noqa: A002 - the contract's word
    steps: Iterable[StepLike] = (),
    *,
    revision: int | None = None,
) -> Plan:
    """Go on with a plan; nothing is told until a step changes.

    Args:
        id: The plan's id; by default that of the scope this process got.
        steps: Its steps, if it is to be revised here, or its steps have ids of their own.
        revision: The revision they are of.
    """
    going_on = _Continued(None, steps, id=id if id is not None else _scope.current().plan_id)
    going_on.goes_on_from(revision)
    return going_on
