"""What may be typed. Only argparse is needed here, so that help and mistakes are answered at once."""

from __future__ import annotations

import argparse
from typing import NoReturn

DEVICES = ("auto", "cpu", "cuda", "mps")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """The parser of all verbs; the chosen one is `verb`."""
    main = _Parser(
        prog="genlab", description="A laboratory for generative models. Without a verb: the window."
    )
    verbs = main.add_subparsers(dest="verb", required=True, metavar="VERB", parser_class=_Parser)
    _train(verbs)
    _sample(verbs)
    _logprob(verbs)
    _evaluate(verbs)
    _probe(verbs)
    _equivalence(verbs)
    _new(verbs)
    _list(verbs)
    info = verbs.add_parser("info", help="versions, device, folders: what a bug report needs")
    _json(info)
    return main


_Verbs = argparse._SubParsersAction


def _train(verbs: _Verbs[_Parser]) -> None:
    train = verbs.add_parser(
        "train",
        help="train a model, or go on with one",
        usage="genlab train PARADIGM DATASET [--preset P] [--set KEY=VALUE ...] [--steps N | --seconds S] "
        "[--seed K] [--device D] [--out RUN [--force]]\n"
        "       genlab train PARADIGM --preset P [...]\n"
        "       genlab train --from RUN [--checkpoint STEP] [--player NAME] [--set KEY=VALUE ...] "
        "[--steps N | --seconds S]",
        epilog="DATASET is a built-in name, or a path: .npy, .npz or .csv of points, .txt of lines, or a "
        "folder of images. What --set knows: 'genlab list objectives' for a model and its training, "
        "'genlab list samplers', and 'genlab list datasets --json' for data sets. A preset brings its data "
        "set unless DATASET names another, and --set changes what the preset says. Ctrl-C saves the run.",
    )
    train.add_argument("paradigm", nargs="?", metavar="PARADIGM", help="see 'genlab list paradigms'")
    train.add_argument("dataset", nargs="?", metavar="DATASET", help="see 'genlab list datasets'")
    train.add_argument("--from", dest="run", metavar="RUN", help="go on with a run, as if it never stopped")
    _checkpoint(train, "; what was recorded after it is replaced")
    train.add_argument("--preset", metavar="P", help="begin with named settings; see 'genlab list presets'")
    train.add_argument(
        "--player", metavar="NAME", help="with --from: move this player only, such as a GAN's generator"
    )
    _set(train, "a setting by its key, such as network.width=64; may be repeated")
    budget = train.add_mutually_exclusive_group()
    budget.add_argument("--steps", type=int, metavar="N", help="training steps; with --from, further ones")
    budget.add_argument("--seconds", type=float, metavar="S", help="training time; with --from, further time")
    train.add_argument("--seed", type=int, metavar="K", help="seed of the run (0)")
    _device(train)
    train.add_argument(
        "--out", metavar="RUN", help="a new folder for the run; by default among GenLab's runs"
    )
    _force(train, "where --out is a run, or an empty folder, replace it")


def _sample(verbs: _Verbs[_Parser]) -> None:
    sample = verbs.add_parser("sample", help="draw samples from a run; without --out and --grid, to read")
    _run(sample)
    sample.add_argument("--n", type=int, default=2000, metavar="N", help="number of samples (2000)")
    _condition(sample)
    _set(sample, "a sampler's setting, such as sampler.steps=20; may be repeated")
    _seed(sample)
    sample.add_argument("--out", metavar="FILE", help=".npz (samples, labels, seed), .csv, or .txt of text")
    sample.add_argument("--grid", metavar="FILE.png", help="a picture of the samples, its recipe inside")
    _force(sample)
    _device(sample)


def _logprob(verbs: _Verbs[_Parser]) -> None:
    logprob = verbs.add_parser("logprob", help="log density of points; exits 2 where the model has none")
    _run(logprob)
    logprob.add_argument("points", metavar="POINTS", help=".npy, .npz or .csv, a row per point; .txt of text")
    logprob.add_argument("--label", metavar="L", help="'any', 'none' or the name of a class")
    _set(logprob, "a sampler's setting; may be repeated")
    logprob.add_argument("--out", metavar="FILE.npy", help="a value in nats per point")
    _force(logprob)
    _device(logprob)


def _evaluate(verbs: _Verbs[_Parser]) -> None:
    evaluate = verbs.add_parser(
        "evaluate", help="every metric that applies, each with its floor; kept in the run"
    )
    _run(evaluate)
    evaluate.add_argument("--n", type=int, default=1000, metavar="N", help="samples per draw (1000)")
    evaluate.add_argument("--label", metavar="L", help="'any', 'none' or the name of a class")
    _set(evaluate, "a sampler's setting; may be repeated")
    _seed(evaluate)
    _json(evaluate)
    _device(evaluate)


def _probe(verbs: _Verbs[_Parser]) -> None:
    probe = verbs.add_parser(
        "probe",
        help="what an extra panel of the window draws, as text or numbers",
        epilog="Tables and curves are printed to be read, anything else as JSON. 'genlab list panels' names "
        "the panels and their controls.",
    )
    _run(probe)
    probe.add_argument("panel", metavar="PANEL", help="name of the panel, or of its probe")
    _condition(probe)
    _set(probe, "a control of the panel, or sampler.KEY=VALUE; may be repeated")
    probe.add_argument("--resolution", type=int, default=24, metavar="N", help="columns of a grid (24)")
    probe.add_argument("--out", metavar="FILE", help=".json or .npz (the arrays alone)")
    _force(probe)
    _json(probe)
    _device(probe)


def _equivalence(verbs: _Verbs[_Parser]) -> None:
    equivalence = verbs.add_parser(
        "equivalence",
        help="that diffusion, score models and flow matching are one thing, with the errors",
        epilog="Of a RUN of one of these: each claim with the largest difference found in its network, then "
        "the truncation error of single solver steps. Without RUN a small diffusion model is trained first, "
        "and thrown away.",
    )
    equivalence.add_argument("run", nargs="?", metavar="RUN", help="folder of a run")
    equivalence.add_argument("--dataset", metavar="D", help="without RUN: data to train on (moons)")
    equivalence.add_argument("--seconds", type=float, metavar="S", help="without RUN: training time (10)")
    _json(equivalence)
    _device(equivalence)


def _new(verbs: _Verbs[_Parser]) -> None:
    new = verbs.add_parser(
        "new",
        help="a package to start from, with a paradigm or a data set of your own",
        epilog="It works as it is written: install it with 'pip install --editable', and every list has it. "
        "docs/plugins.md explains each of its files.",
    )
    new.add_argument("what", choices=("paradigm", "dataset"))
    new.add_argument("name", metavar="NAME", help="what it is called on the command line, such as my-flow")
    new.add_argument("--out", metavar="FOLDER", help="a new folder for it (genlab-NAME)")


def _list(verbs: _Verbs[_Parser]) -> None:
    names = verbs.add_parser(
        "list", help="paradigms, data sets, presets, panels, plug-ins, and every setting"
    )
    names.add_argument(
        "what", choices=("paradigms", "datasets", "objectives", "samplers", "presets", "panels", "plugins")
    )
    names.add_argument("--paradigm", metavar="P", help="only the settings of this one")
    _json(names)


def _run(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("run", metavar="RUN", help="folder of a run")
    _checkpoint(verb)


def _checkpoint(verb: argparse.ArgumentParser, more: str = "") -> None:
    verb.add_argument(
        "--checkpoint", type=int, metavar="STEP", help=f"the run as it was at an earlier checkpoint{more}"
    )


def _set(verb: argparse.ArgumentParser, help: str) -> None:
    verb.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE", help=help)


def _seed(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--seed", type=int, metavar="K", help="seed of the sampling noise (that of the settings)"
    )


def _json(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--json", action="store_true", help="as JSON")


def _force(verb: argparse.ArgumentParser, help: str = "replace files that exist") -> None:
    verb.add_argument("--force", action="store_true", help=help)


def _condition(parser: _Parser) -> None:
    parser.add_argument("--label", metavar="L", help="'any', 'none' or the name of a class")
    parser.add_argument("--given", metavar="TEXT", help="what each sample keeps: of text, how it begins")


def _device(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--device", choices=DEVICES, default="auto", help="where to compute (auto)")
