"""What there is: paradigms, data sets, settings, and this installation."""

from __future__ import annotations

import json
import os
import platform
import textwrap
from argparse import Namespace
from dataclasses import asdict
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from genlab import __version__
from genlab.cli.tables import table
from genlab.data.catalogue import DATASETS
from genlab.data.record import AnyRecord
from genlab.runs.places import cache_dir, config_dir, runs_dir
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session, SettingError, paradigm_of
from genlab.settings.fields import Description, Settings, describe
from genlab.settings.paradigm import AnyParadigm
from genlab.settings.plugins import plugins, problems

PACKAGES = (
    "torch", "numpy", "scipy", "scikit-learn", "pydantic", "safetensors", "Pillow", "PySide6-Essentials",
    "pyqtgraph", "qasync",
)  # fmt: skip


def list_names(arguments: Namespace) -> None:
    """genlab list: names with a line on each, or settings with their bounds."""
    chosen = _paradigms(arguments.paradigm)
    match arguments.what:
        case "paradigms":
            found: Any = [_paradigm(entry) for entry in chosen]
            text = table(("name", "group", ""), [(e.id, e.group, e.summary) for e in chosen])
        case "datasets":
            if arguments.paradigm is not None:
                raise SettingError("data sets are the same for every paradigm: leave --paradigm out")
            found = [_dataset(record) for record in DATASETS.values()]
            text = table(("name", "group", ""), [(i.id, i.group, i.summary) for i in DATASETS.values()])
        case "presets":
            found = {entry.id: _presets(entry) for entry in chosen}
            rows = [(e.id, p.id, p.dataset, p.summary) for e in chosen for p in e.presets]
            text = table(("paradigm", "preset", "data", ""), rows)
        case "panels":
            found = {entry.id: _panels(entry) for entry in chosen}
            text = "\n".join(_panel_text(row, e) for e in chosen for row in found[e.id])
        case "objectives":
            found, text = _settings(chosen, ("objective", "network", "training"))
        case "plugins":
            found = _plugins()
            text = table(("group", "name", "package", "version", "state"), [tuple(r.values()) for r in found])
        case _:
            found, text = _settings(chosen, ("sampler", "condition"))
    print(json.dumps(found, indent=2, ensure_ascii=False) if arguments.json else text)


def info(arguments: Namespace) -> None:
    """genlab info: what a bug report needs."""
    import torch

    from genlab.engine.devices import devices

    here = devices()
    about: dict[str, Any] = {
        "genlab": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "devices": here,
        "device": next(iter(here)),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "folders": {"runs": str(runs_dir()), "settings": str(config_dir()), "cache": str(cache_dir())},
        "plug-ins": {
            f"{row['group']}/{row['id']}": f"{row['package']} {row['version']}: {row['state']}"
            for row in _plugins()
        },
    }
    if arguments.json:
        print(json.dumps(about, indent=2))
        return
    for key, value in about.items():
        lines = [f"{k} {v}" for k, v in value.items()] if isinstance(value, dict) else [str(value)]
        for number, line in enumerate(lines):
            print(f"{key if number == 0 else '':10}{line}")


def _plugins() -> list[dict[str, str]]:
    """Every installed plug-in with its state: 'loaded', or what is wrong with it."""
    import_module("genlab.metrics.catalogue")  # the catalogues of paradigms and data sets are there already
    if models := [PARADIGMS[each.id] for each in plugins() if each.group == "genlab.paradigms"]:
        from genlab.engine.warm import load_models

        load_models(models)
    wrong = {(problem.group, problem.name, problem.package) for problem in problems()}
    fine = [plugin for plugin in plugins() if (plugin.group, plugin.id, plugin.package) not in wrong]
    loaded = [{**asdict(plugin), "state": "loaded"} for plugin in fine]
    broken = [
        {"group": p.group, "id": p.name, "package": p.package, "version": p.version, "state": p.sentence}
        for p in problems()
    ]
    return loaded + broken


def _settings(chosen: list[AnyParadigm], sections: tuple[str, ...]) -> tuple[Any, str]:
    found, texts = {}, []
    for entry in chosen:
        classes = entry.sections
        found[entry.id] = [row for section in sections for row in _plain(section, classes[section])]
        for section in sections:
            texts.append(f"{entry.title}: {section}")
            texts.extend(_text(section, description) for description in describe(classes[section]))
    return found, "\n".join(texts)


def _presets(entry: AnyParadigm) -> list[dict[str, Any]]:
    return [{**asdict(preset), "values": dict(preset.values)} for preset in entry.presets]


def _panels(entry: AnyParadigm) -> list[dict[str, Any]]:
    """The extra panels that a fresh session has on some data set, and on which."""
    found: dict[str, dict[str, Any]] = {}
    for dataset in _learnt(entry):
        for panel in Session.default(entry.id, dataset).panels:
            if panel.kind == "probe":
                row = found.setdefault(panel.id, {**asdict(panel), "datasets": []})
                row["datasets"].append(dataset)
    return list(found.values())


def _learnt(entry: AnyParadigm) -> list[str]:
    """The data sets that a paradigm can learn."""
    return [id for id, record in DATASETS.items() if not entry.refuses(record.info())]


def _panel_text(row: dict[str, Any], entry: AnyParadigm) -> str:
    all_of_them = len(row["datasets"]) == len(_learnt(entry))
    where = "on all data sets" if all_of_them else f"on {', '.join(row['datasets'])}"
    lines = [f"{entry.id}  {row['id']}".ljust(32) + row["title"]]
    lines += textwrap.wrap(f"{row['help']} {where[0].upper()}{where[1:]}.".strip(), 100)
    for control in row["controls"]:
        allowed = " | ".join(control["choices"] or ()) or f"{control['low']:g}..{control['high']:g}"
        lines.append(f"{control['key']}={control['default']}".ljust(28) + allowed)
    return "\n    ".join(lines)


def _paradigm(entry: AnyParadigm) -> dict[str, Any]:
    presets = _presets(entry)
    about = {"id": entry.id, "title": entry.title, "group": entry.group, "summary": entry.summary}
    return {**about, "presets": presets}


def _dataset(record: AnyRecord) -> dict[str, Any]:
    info = record.info()
    about = {"id": record.id, "title": record.title, "group": record.group, "summary": record.summary}
    known = {"truth": info.truth, "modes": info.modes}
    shape = {"space": str(info.space), "event": list(info.space.event), "labels": list(info.labels)}
    return {**about, **shape, **known, "settings": _plain("data", record.settings)}


def _plain(section: str, settings: type[Settings]) -> list[dict[str, Any]]:
    return [
        {
            "key": f"{section}.{d.key}", "kind": d.kind, "default": d.default, "minimum": d.minimum,
            "maximum": d.maximum, "choices": dict(d.choices), "unit": d.unit, "symbol": d.symbol,
            "live": d.live, "help": d.help,
        }
        for d in describe(settings)
    ]  # fmt: skip


def _text(section: str, d: Description) -> str:
    if d.choices:
        allowed = " | ".join(d.choices)
    elif d.minimum is not None or d.maximum is not None:
        low, high = (f"{bound:.10g}" if bound is not None else "" for bound in (d.minimum, d.maximum))
        allowed = f"{low}..{high}"
    else:
        allowed = "yes | no" if d.kind == "bool" else d.kind
    default = f"{d.default:g}" if isinstance(d.default, float) else str(d.default)
    unit = f" {d.unit}" if d.unit else ""
    live = "  (may change while training)" if d.live else ""
    head = f"  {section}.{d.key}={default}".ljust(38) + f"{allowed}{unit}{live}"
    return head + "\n" + textwrap.fill(d.help, 100, initial_indent="      ", subsequent_indent="      ")


def _paradigms(name: str | None) -> list[AnyParadigm]:
    if name is None:
        return list(PARADIGMS.values())
    return [paradigm_of(name)]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
