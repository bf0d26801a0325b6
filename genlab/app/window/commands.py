"""What the window can do, as records, and the small answers to them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from genlab.app.common import loop
from genlab.app.window.actions import ActionInfo
from genlab.app.window.context import WindowContext
from genlab.app.window.drop import is_run
from genlab.app.window.rail import in_order, key_of
from genlab.settings.paradigm import AnyParadigm

# -- why something rests ---------------------------------------------------------------------


def converged(context: WindowContext) -> str:
    """A fit that would not change any more is not trained."""
    done = context.view.mode() == "converged"
    return "The fit has converged: more training would change nothing" if done else ""


def unprepared(context: WindowContext) -> str:
    """What has no model cannot be measured."""
    return "" if context.view.run.id else "There is no model yet"


def without_checkpoint(context: WindowContext) -> str:
    """A run that is not kept cannot be rewound."""
    kept = context.view.run.kept
    return "" if kept else "There is no checkpoint yet: a run keeps checkpoints as it trains"


def without_trajectory(context: WindowContext) -> str:
    """A single frame cannot be played."""
    playable = context.workspace.bar.timeline.play.isEnabled()
    return "" if playable else "There is no trajectory to play"


def refused_data(context: WindowContext, entry: AnyParadigm) -> str:
    """A paradigm is not given data that it cannot learn."""
    return entry.refuses(context.view.session.info)


# -- what is done ----------------------------------------------------------------------------


def open_run(context: WindowContext) -> None:
    """Show the runs of before."""
    from genlab.app.dialogs.recent import RecentDialog

    RecentDialog(context).open()


def rewind(context: WindowContext) -> None:
    """Show the checkpoints of the run in view."""
    from genlab.app.dialogs.rewind import RewindDialog

    RewindDialog(context, context.view.run.folder or "").open()


def open_data(context: WindowContext, folder: bool = False) -> None:
    """Ask for a file or a folder of one's own."""
    from genlab.app.dialogs.own_data import choose

    loop.start(choose(context, folder))


def open_path(context: WindowContext, path: Path) -> None:
    """Open the folder of a run, or anything else as data of one's own."""
    from genlab.app.dialogs import own_data, recent

    if is_run(path):
        recent.open_run(context, str(path), False)
    else:
        loop.start(own_data.open_data(context, str(path)))


def export(context: WindowContext) -> None:
    """Ask what to save, and where."""
    from genlab.app.dialogs.export import ExportDialog

    ExportDialog(context).open()


def show_help(context: WindowContext) -> None:
    """Every key."""
    from genlab.app.dialogs.help import HelpDialog

    HelpDialog(context.parent, context.keys()).open()


def step_player(context: WindowContext, player: str) -> None:
    """A single step of one player."""
    context.view.step_once(player)


def go_to(context: WindowContext, paradigm: str) -> None:
    """Go to the workspace of a paradigm."""
    context.choose(paradigm)


def same_data(context: WindowContext, paradigm: str) -> None:
    """Go to another paradigm with the data of the workspace in view."""
    here = context.view
    context.choose(paradigm)
    context.workspace.take_data(here)


def toggle_panel(context: WindowContext, id: str) -> None:
    """Open a closed panel, close an open one."""
    grid = context.workspace.grid
    if id in grid.ids():
        grid.show_panel(id, not grid.is_shown(id))


def focus(widget: QWidget) -> None:
    """Put the keyboard into a control."""
    widget.setFocus(Qt.FocusReason.ShortcutFocusReason)


def focus_panel(context: WindowContext, number: int) -> None:
    """Put the keyboard into the panel that stands at this place."""
    seen = context.workspace.grid.seen()
    if number <= len(seen):
        focus(seen[number - 1])


def maximise(context: WindowContext) -> None:
    """Maximise the panel that the keyboard is in, the first where it is in none; or go back."""
    grid = context.workspace.grid
    seen = grid.seen()
    if grid.maximised is not None:
        grid.maximise(None)
    elif seen:
        grid.maximise(grid.focused() or seen[0].info.id)


# -- the records -----------------------------------------------------------------------------

ACTIONS = (
    ActionInfo(
        "train", "Train", "play", "Space", "Begin, pause or continue",
        lambda c: c.view.train_or_pause(), "Run", converged,
    ),
    ActionInfo("step", "Step", "step", "S", "Take a single training step", lambda c: c.view.step_once()),
    ActionInfo(
        "reset", "Reset", "reset", "R",
        "Begin again from the same initial weights, in a new run; the old one is kept",
        lambda c: c.view.reset(),
    ),
    ActionInfo(
        "pause", "Pause and save", "pause", "Shift+Space", "Stop and save it", lambda c: c.view.run.pause()
    ),
    ActionInfo(
        "evaluate", "Evaluate", "measure", "Ctrl+E", "Every metric with its floor",
        lambda c: c.view.evaluate(), "Run", unprepared,
    ),
    ActionInfo("open", "Open a run…", "recent", "Ctrl+O", "Runs of before", open_run),
    ActionInfo(
        "rewind", "Rewind to checkpoint…", "recent", "Ctrl+Shift+Z", "An earlier state of this run", rewind,
        "Run", without_checkpoint,
    ),
    ActionInfo(
        "open-data", "Open your own data…", "folder", "Ctrl+Shift+O", "A file of points or text", open_data
    ),
    ActionInfo(
        "open-images", "Open a folder of images…", "folder", "Ctrl+Shift+I",
        "Images, a folder for each class", partial(open_data, folder=True),
    ),
    ActionInfo("export", "Export…", "export", "E", "Save samples or a panel to a file", export),
    ActionInfo(
        "play", "Play or pause the trajectory", "play", "P", "Run through the trajectory",
        lambda c: c.workspace.bar.timeline.toggle(), "Sampling", without_trajectory,
    ),
    ActionInfo(
        "seed", "Draw with another seed", "dice", "D", "The next seed", lambda c: c.workspace.bar.roll(),
        "Sampling",
    ),
    ActionInfo(
        "timeline", "Go to the timeline", "", "T", "Arrow keys then move through the trajectory",
        lambda c: focus(c.workspace.bar.timeline.slider), "Sampling",
    ),
    ActionInfo(
        "sampler", "Go to the sampler", "", "Ctrl+.", "The first control of the sampling bar",
        lambda c: focus(c.workspace.bar.first()), "Sampling",
    ),
    ActionInfo(
        "form", "Go to the settings", "sliders", "Ctrl+,", "The first control of the form",
        lambda c: c.workspace.form.focus_first(), "Window",
    ),
    ActionInfo(
        "palette", "Search commands", "search", "Ctrl+K", "Find any command by its name",
        lambda c: c.search(), "Window",
    ),
    ActionInfo(
        "maximise", "Maximise the panel", "maximise", "M", "Give one panel all the room, or take it back",
        maximise, "Panels",
    ),
    ActionInfo(
        "layout", "Restore the layout", "panels", "", "All panels as at first",
        lambda c: c.workspace.grid.reset(), "Panels",
    ),
    ActionInfo(
        "fullscreen", "Full screen", "", "F11", "Use the whole screen, or a window again",
        lambda c: c.switch_full_screen(), "Window",
    ),
    ActionInfo(
        "theme", "Switch light and dark", "theme", "Ctrl+Shift+L", "Until the next start",
        lambda c: c.switch_theme(), "Window",
    ),
    ActionInfo("help", "Keyboard help", "keyboard", "F1", "Every key", show_help, "Window"),
    ActionInfo("quit", "Quit", "", "Ctrl+Q", "Save and close the window", lambda c: c.close(), "Window"),
    *(
        ActionInfo(
            f"panel-{number}", f"Go to panel {number}", "", str(number), "Put the keyboard into a panel",
            partial(focus_panel, number=number), "Panels",
        )
        for number in range(1, 6)
    ),
)  # fmt: skip


def paradigm_actions() -> list[ActionInfo]:
    """One for each paradigm that there is."""
    return [
        ActionInfo(
            f"paradigm-{entry.id}", f"Go to {entry.title}", "", key_of(position), entry.summary,
            partial(go_to, paradigm=entry.id), "Workspaces",
        )
        for position, entry in enumerate(in_order())
    ]  # fmt: skip


def passing_actions(context: WindowContext) -> list[ActionInfo]:
    """What only the workspace in view offers: its panels, its players, and its data for the others."""
    view = context.view
    panels = [
        ActionInfo(
            f"show-{info.id}", f"Show or hide {info.title}", "panels", "",
            info.help or "Open or close a panel", partial(toggle_panel, id=info.id), "Panels",
        )
        for info in view.viewed.panels
    ]  # fmt: skip
    players = view.run.players if len(view.run.players) > 1 else ()
    steps = [
        ActionInfo(
            f"step-{player}", f"Step {player} only", "step", f"Alt+{number}" if number < 10 else "",
            f"A single training step that moves the {player} alone",
            partial(step_player, player=player),
        )
        for number, player in enumerate(players, 1)
    ]  # fmt: skip
    others = [
        ActionInfo(
            f"same-data-{entry.id}", f"Same data in {entry.title}", "", "",
            f"Go to {entry.title} with the data set of this workspace",
            partial(same_data, paradigm=entry.id), "Workspaces", partial(refused_data, entry=entry),
        )
        for entry in in_order()
        if entry.id != context.workspace.paradigm.id
    ]  # fmt: skip
    return [*panels, *steps, *others]
