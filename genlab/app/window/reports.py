"""Cards and dialogs for what the engine says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from genlab.app.common.words import sentence
from genlab.app.dialogs.context import Context
from genlab.app.views.run_control import folder_name
from genlab.app.views.workspace import Workspace
from genlab.app.window.crash import Ended
from genlab.data.catalogue import record_of
from genlab.engine import protocol as p
from genlab.runs.atomic import RunError
from genlab.runs.folder import RunFolder
from genlab.settings import plugins

Button = tuple[str, Callable[[], None]]
STARTING, START = "A new engine is starting.", "Start the engine"


def show_evaluation(context: Context, workspace: Workspace, event: p.Evaluated) -> None:
    """Show the numbers, or how far they are."""
    from genlab.app.dialogs import evaluation

    view = workspace.view
    if not event.last:
        view.evaluating = f"evaluating  {event.progress:.0%}"
        return
    view.evaluating, view.evaluation = "", evaluation.summary(event.metrics)
    data = record_of(view.viewed.dataset).title_of(view.viewed.data)
    run = folder_name(view.run.folder) if view.run.folder is not None else "a model that is not kept"
    evaluation.EvaluationDialog(event, f"{workspace.paradigm.title} · {data} · {run}", context.parent).open()


def show_plugin_problems(workspace: Workspace, of: str | None = None) -> None:
    """A card for plug-ins that cannot be used, if there are any. of: for the paradigm of this name alone."""
    alone = ("genlab.paradigms", of)
    if found := [each for each in plugins.problems() if of is None or (each.group, each.name) == alone]:
        title = "A plug-in cannot be used" if len(found) == 1 else f"{len(found)} plug-ins cannot be used"
        details = "\n\n".join(f"{each.package} ({each.name}): {each.details}" for each in found)
        lines = [sentence(each.sentence) for each in found]
        workspace.cards.show_card("plugins", title, lines, "warn", details=details)


def take_plugin_problems(workspace: Workspace, found: Iterable[plugins.PluginProblem]) -> None:
    """Show what the engine found wrong with plug-ins, where there is anything new."""
    before = plugins.problems()
    plugins.note(found)
    if plugins.problems() != before:
        show_plugin_problems(workspace)


def show_failure(workspace: Workspace, failure: p.Failure) -> None:
    """A card for what went wrong in the engine; that of a request goes when one like it is answered."""
    if failure.refused and workspace.cards.card("failure") is not None:
        return  # what was refused for what is told already
    view = workspace.view
    workspace.failed_channel = failure.channel if failure.run == view.run.id else ""
    buttons: list[Button] = []
    if not failure.refused and failure.run == view.run.id and view.run.can_go_on:
        buttons.append(("Continue", lambda: view.run.train(view.viewed)))
    workspace.cards.show_card(
        "failure",
        failure.title,
        [sentence(each) for each in (failure.what, failure.kept, failure.remedy) if each],
        "bad",
        buttons,
        failure.details,
    )


def show_paused(context: Context, workspaces: Iterable[Workspace], run: str) -> None:
    """One run trains at a time: say which of the others has stopped for the one in view."""
    here = context.workspace
    for other in workspaces:
        if other.view.run.id == run and other is not here:
            other.cards.dismiss("paused-other")
            title = other.paradigm.title
            here.cards.show_card(
                "paused-other",
                f"{title} is paused",
                ["One run trains at a time; its weights and panels stay as they are."],
                buttons=[(f"Go to {title}", partial(context.choose, other.paradigm.id))],
            )


def show_death(
    context: Context, event: p.EngineDied, unsaved: bool, go_on: Callable[[], None] | None
) -> None:
    """A card for an engine that is gone, with one click to go on. unsaved: it had taken steps that are not
    on disk."""
    kept = (
        "The run is kept up to its last checkpoint, at most ten seconds back."
        if unsaved or go_on is not None
        else "Nothing was lost: no run was training."
    )
    again = context.engine.restarts
    remedy = STARTING if again else "It ended three times in a row and was not started again."
    buttons: list[Button] = []
    if not again:
        buttons.append((START, context.engine.start))
    elif go_on is not None:
        buttons.append(("Continue", go_on))
    context.cards.show_card(
        "engine",
        "The engine stopped",
        [sentence(event.reason), kept, remedy],
        "bad",
        buttons,
        f"exit code {event.exitcode}: {event.reason}",
    )


def take_ready(workspaces: Iterable[Workspace]) -> None:
    """There is an engine: what a card says of the one that is gone is so no longer."""
    for workspace in workspaces:
        card = workspace.cards.card("engine")
        if card is not None and START in card.buttons:
            card.dismiss()
        elif card is not None:
            card.show_text(card.title, [card.text.replace(STARTING, "A new engine is ready.")])


def show_ended(context: Context, ended: Ended) -> None:
    """A card for a GenLab of before that did not close or save: what is kept, and its run, one click away."""
    from genlab.app.dialogs.recent import open_run

    crashed = bool(ended.stack)
    run = next((folder for folder in ended.runs if _is_run(folder)), None)
    buttons: list[Button] = []
    kept = "Nothing was lost: no run was open."
    if run is not None:
        kept = f"The run {folder_name(run)} was saved up to its last checkpoint."
        buttons.append(("Open the run", partial(open_run, context, run, False)))
    elif ended.runs:
        kept = f"The run {folder_name(ended.runs[0])} had not been saved yet."
    title = "GenLab was ended the last time without closing"
    if crashed or ended.unsaved:
        title = "GenLab crashed the last time" if crashed else "A run could not be saved when GenLab closed"
    context.cards.show_card(
        "crash",
        title,
        [ended.unsaved, kept, f"Where it crashed is written in {ended.kept}" if crashed else ""],
        "warn",
        buttons,
        ended.stack,
    )


def _is_run(folder: str) -> bool:
    try:
        RunFolder.open(Path(folder))
    except RunError:
        return False
    return True
