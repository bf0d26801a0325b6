"""What takes seconds at first use, done before anybody waits for it."""

from __future__ import annotations

from collections.abc import Iterable

from genlab.core.build import found
from genlab.engine.devices import devices
from genlab.runs.provenance import versions
from genlab.session.catalogue import PARADIGMS
from genlab.settings import plugins
from genlab.settings.paradigm import AnyParadigm


def warm() -> tuple[dict[str, str], dict[str, str]]:
    """Import every paradigm; the devices and versions that are here."""
    load_models(PARADIGMS.values())
    return devices(), versions()


def load_models(paradigms: Iterable[AnyParadigm]) -> None:
    """Import the models of paradigms. A plug-in whose model does not load is noted among the problems of
    plug-ins."""
    for paradigm in paradigms:
        try:
            found(paradigm.model)
        except (Exception, SystemExit) as error:
            if not plugins.broke("genlab.paradigms", paradigm.id, error):
                raise
