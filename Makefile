# Thin: bootstrap.py does the work, on Windows too, where make is rare.
FIT := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c "$(FIT)" 2>/dev/null && echo "$$p" && break; done)

# make bench ONLY=live,diffusion; make bench GATE=1; make test ARGS="tests/data -k moons"
ARGS ?=
GATE ?=
ONLY ?=

.PHONY: run test bench screenshots bundle smoke clean

run test screenshots bundle smoke: python
	@"$(PYTHON)" bootstrap.py $@ $(ARGS)

bench: python
	@"$(PYTHON)" bootstrap.py bench $(if $(GATE),--gate $(patsubst 1,check,$(GATE))) $(if $(ONLY),--only $(ONLY)) $(ARGS)

.PHONY: python
python:
	@test -n "$(PYTHON)" || { echo "genlab: no Python 3.11, 3.12 or 3.13 was found. Install one (on Debian:" \
	"apt-get install python3 python3-venv), or name it: make run PYTHON=/path/to/python3.13" >&2; exit 2; }

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find genlab resources tests -name __pycache__ -type d -prune -exec rm -rf {} +
