"""What the window can do, as a list of actions, and the small answers to them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget

from genlab.app.common import loop
from genlab.app.common import theme as themes
from genlab.app.window.actions import ActionInfo
from genlab.app.window.rail import in_order, key_of
from genlab.engine import protocol as p

if TYPE_CHECKING:
    from genlab.app.views.panel import Panel
    from genlab.app.views.workspace import Workspace
    from genlab.app.window.main_window import MainWindow

TRAIN_TEXT = {
    "train": "Train",
    "pause": "Pause",
    "continue": "Continue",
    "reset": "Reset and train",
    "starting": "Stop waiting",
    "converged": "Converged",
}
EVALUATION_SAMPLES = 1000


def all_actions(window: MainWindow) -> list[ActionInfo]:
    """Every action that there always is; they act on the workspace in view."""

    def action(
        key: str, text: str, icon: str, shortcut: str, tooltip: str, run: Callable[[], object], group: str
    ) -> ActionInfo:
        return ActionInfo(key, text, icon, shortcut, tooltip, run, group)

    def space() -> Workspace:
        return window.workspace

    def focus(widget: QWidget) -> None:
        widget.setFocus(Qt.FocusReason.ShortcutFocusReason)

    found = [
        action(
            "train", "Train", "play", "Space", "Begin, pause or continue",
            lambda: space().train_or_pause(), "Run",
        ),
        action(
            "step", "Step", "step", "S", "Take a single training step", lambda: space().step_once(), "Run"
        ),
        action(
            "reset", "Reset", "reset", "R", "Begin again from the same weights",
            lambda: space().reset(), "Run",
        ),
        action(
            "pause", "Pause and save", "pause", "Shift+Space", "Stop and save it",
            lambda: space().run.pause(), "Run",
        ),
        action(
            "evaluate", "Evaluate", "measure", "Ctrl+E", "Every metric with its floor",
            lambda: evaluate(window), "Run",
        ),
        action("open", "Open a run…", "recent", "Ctrl+O", "Runs of before", lambda: open_run(window), "Run"),
        action(
            "rewind", "Rewind to checkpoint…", "recent", "Ctrl+Shift+Z", "An earlier state of this run",
            lambda: rewind(window), "Run",
        ),
        action(
            "open-data", "Open your own data…", "folder", "Ctrl+Shift+O", "A file of points or images",
            lambda: open_data(window, False), "Run",
        ),
        action("export", "Export…", "export", "E", "Save samples or a panel", lambda: export(window), "Run"),
        action(
            "play", "Play or pause the trajectory", "play", "P", "Run through the trajectory",
            lambda: space().bar.timeline.toggle(), "Sampling",
        ),
        action(
            "seed", "Draw with another seed", "dice", "D", "The next seed", lambda: space().bar.roll(),
            "Sampling",
        ),
        action(
            "timeline", "Go to the timeline", "", "T", "Arrow keys then move through the trajectory",
            lambda: focus(space().bar.timeline.slider), "Sampling",
        ),
        action(
            "sampler", "Go to the sampler", "", "Ctrl+.", "The first control of the sampling bar",
            lambda: focus(space().bar.first()), "Sampling",
        ),
        action(
            "form", "Go to the settings", "sliders", "Ctrl+,", "The first control of the form",
            lambda: space().form.focus_first(), "Window",
        ),
        action(
            "palette", "Search commands", "search", "Ctrl+K", "Find any command by its name",
            lambda: window.palette_.open(), "Window",
        ),
        action(
            "maximise", "Maximise the panel", "maximise", "M", "Give one panel all the room, or take it back",
            lambda: maximise(window), "Panels",
        ),
        action(
            "layout", "Restore the layout", "panels", "", "All panels as at first",
            lambda: space().grid.reset(), "Panels",
        ),
        action(
            "fullscreen", "Full screen", "", "F11", "Use the whole screen, or a window again",
            lambda: window.showNormal() if window.isFullScreen() else window.showFullScreen(), "Window",
        ),
        action(
            "theme", "Switch light and dark", "theme", "Ctrl+Shift+L", "Until the next start",
            lambda: window.apply_theme(themes.LIGHT if window.theme.dark else themes.DARK), "Window",
        ),
        action("help", "Keyboard help", "keyboard", "F1", "Every key", lambda: show_help(window), "Window"),
        action("quit", "Quit", "", "Ctrl+Q", "Save and close the window", window.close, "Window"),
    ]  # fmt: skip
    found += [
        action(
            f"panel-{number}", f"Go to panel {number}", "", str(number), "Put the keyboard into a panel",
            partial(focus_panel, window, number), "Panels",
        )
        for number in range(1, 6)
    ]  # fmt: skip
    found += [
        action(
            f"paradigm-{entry.id}", f"Go to {entry.title}", "", key_of(position), entry.summary,
            partial(window.choose, entry.id), "Workspaces",
        )
        for position, entry in enumerate(in_order())
    ]  # fmt: skip
    return found


def passing_actions(window: MainWindow) -> list[ActionInfo]:
    """What only the workspace in view offers: its panels, its players, and its data for the others."""
    space = window.workspace
    infos = {info.id: info for info in space.viewed.capabilities.panels}
    found = [
        ActionInfo(
            f"show-{id}", f"Show or hide {info.title}", "panels", "", info.help or "Open or close a panel",
            partial(toggle_panel, window, id), "Panels",
        )
        for id, info in infos.items()
    ]  # fmt: skip
    players = space.run.players if len(space.run.players) > 1 else ()
    found += [
        ActionInfo(
            f"step-{player}", f"Step {player} only", "step", f"Alt+{number}" if number < 10 else "",
            f"A single training step that moves the {player} alone", partial(space.step_once, player), "Run",
        )
        for number, player in enumerate(players, 1)
    ]  # fmt: skip
    found += [
        ActionInfo(
            f"same-data-{entry.id}", f"Same data in {entry.title}", "", "",
            f"Go to {entry.title} with the data set of this workspace",
            partial(same_data, window, entry.id), "Workspaces",
        )
        for entry in in_order()
        if entry.id != space.paradigm.id
    ]  # fmt: skip
    return found


def same_data(window: MainWindow, paradigm: str) -> None:
    """Go to another paradigm with the data of the workspace in view."""
    here = window.workspace
    session, own, source = here.session, here.own, here.run.source
    window.choose(paradigm)
    window.workspace.take_data(session, own, source)


def rewind(window: MainWindow) -> None:
    """Show the checkpoints of the run in view."""
    from genlab.app.dialogs.rewind import RewindDialog

    folder = window.workspace.run.folder
    if folder is not None:
        RewindDialog(window, folder).open()
    else:
        window.workspace.cards.show_card(
            "rewind", "There is no checkpoint yet", ["Train first: a run keeps checkpoints as it goes."]
        )


def toggle_panel(window: MainWindow, id: str) -> None:
    """Open a closed panel, close an open one."""
    grid = window.workspace.grid
    if id in grid.ids():
        grid.show_panel(id, not grid.is_shown(id))


def focus_panel(window: MainWindow, number: int) -> None:
    """Put the keyboard into the panel that stands at this place."""
    seen = window.workspace.grid.seen()
    if number <= len(seen):
        seen[number - 1].setFocus(Qt.FocusReason.ShortcutFocusReason)


def maximise(window: MainWindow) -> None:
    """Maximise the panel that the keyboard is in, the first where it is in none; or go back."""
    grid = window.workspace.grid
    if grid.maximised is not None:
        grid.maximise(None)
        return
    seen = grid.seen()
    if seen:
        grid.maximise(grid.focused() or seen[0].info.id)


def view_menu(window: MainWindow) -> QMenu:
    """Which panels are open, as a menu of ticks."""
    grid = window.workspace.grid
    menu = QMenu(window)
    for id in grid.ids():
        entry = menu.addAction(grid.title(id))
        entry.setCheckable(True)
        entry.setChecked(grid.is_shown(id))
        entry.triggered.connect(lambda _=False, id=id: toggle_panel(window, id))
    menu.addSeparator()
    menu.addAction(window.actions_["layout"])
    return menu


def evaluate(window: MainWindow) -> None:
    """Ask for every metric that applies."""
    space = window.workspace
    if not space.run.id:
        return
    tell_evaluation(window, space, "evaluating…")
    sampler = space.viewed.sampler.model_dump()
    number = space.feed.next_request()
    window.engine.send(p.Evaluate(space.run.id, "evaluate", number, sampler, n=EVALUATION_SAMPLES))


def show_evaluation(window: MainWindow, space: Workspace, event: p.Evaluated) -> None:
    """Show the numbers, or how far they are."""
    from genlab.app.dialogs import evaluation

    if event.last:
        tell_evaluation(window, space, evaluation.summary(event.metrics))
        evaluation.EvaluationDialog(event, window).open()
    else:
        tell_evaluation(window, space, f"evaluating  {event.progress:.0%}")


def tell_evaluation(window: MainWindow, space: Workspace, text: str) -> None:
    """What the status bar says of a workspace's last evaluation."""
    space.evaluation = text
    window.show_state()


def show_failure(window: MainWindow, failure: p.Failure) -> None:
    """A card for what went wrong in the engine."""
    spaces = window.workspaces.values()
    space = next((space for space in spaces if space.run.id == failure.run), window.workspace)
    buttons: list[tuple[str, Callable[[], None]]] = []
    if failure.run == space.run.id and space.run.kept and space.run.step > 0:
        buttons.append(("Continue", space.train_or_pause))
    space.cards.show_card(
        "failure",
        failure.title,
        [failure.what, failure.kept, failure.remedy],
        "bad",
        buttons,
        failure.details,
    )


def show_death(window: MainWindow, event: p.EngineDied, go_on: Callable[[], None] | None) -> None:
    """A card for an engine that is gone, with one click to go on."""
    kept = (
        "The run is kept up to its last checkpoint, at most ten seconds back."
        if go_on is not None
        else "Nothing was lost: no run was training."
    )
    again = window.engine.restarts
    remedy = (
        "A new engine is starting." if again else "It ended three times in a row and was not started again."
    )
    buttons: list[tuple[str, Callable[[], None]]] = []
    if not again:
        buttons.append(("Start the engine", window.engine.start))
    elif go_on is not None:
        buttons.append(("Continue", go_on))
    window.workspace.cards.show_card(
        "engine",
        "The engine stopped",
        [_sentence(event.reason), kept, remedy],
        "bad",
        buttons,
        f"exit code {event.exitcode}: {event.reason}",
    )


def export(window: MainWindow) -> None:
    """Ask what to save, and where."""
    from genlab.app.dialogs.export import ExportDialog

    ExportDialog(window).open()


def export_panel(window: MainWindow, panel: Panel, kind: str) -> None:
    """Save one panel as it looks."""
    from genlab.app.dialogs.export import save_panel

    loop.start(save_panel(window, panel, kind))


def open_run(window: MainWindow) -> None:
    """Show the runs of before."""
    from genlab.app.dialogs.recent import RecentDialog

    RecentDialog(window).open()


def open_data(window: MainWindow, folder: bool) -> None:
    """Ask for a file or a folder of one's own."""
    from genlab.app.dialogs.own_data import choose

    loop.start(choose(window, folder))


def show_help(window: MainWindow) -> None:
    """Every key."""
    from genlab.app.dialogs.help import HelpDialog

    HelpDialog(window, window.actions_).open()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
