# Rimlight's everyday commands. `make demo` and `make test` set up all they need; PYTHON=python3.12 names a Python.
.PHONY: help demo test check bench test-devices clean
export PYTHON MAKECMDGOALS
# Some containers set it: then each of the hundreds of processes that tests start compiles all modules anew.
export PYTHONDONTWRITEBYTECODE :=

help: ## what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

demo: ## runs the whole live path on a synthetic sitter and writes rimlight-demo.mp4 and .png
	@tools/setup
	@.venv/bin/rimlight demo

test: ## every check: format, lint, types, tests; what CI runs
	@tools/setup --dev
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/pytest -n auto --dist worksteal

check: ## the same without the slow tests, up to the first failure; before each commit
	@tools/setup --dev
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/pytest -n auto --dist worksteal --exitfirst -m "not slow"

bench: ## the section 'Speed' of docs/benchmarks.md, on this machine: what is met, what falls short
	@tools/setup
	@.venv/bin/rimlight bench

test-devices: ## the tests on real V4L2 devices, in a small virtual machine
	@tools/setup --dev
	tests/devices/run

clean: ## removes .venv and everything that was built or rendered
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis rimlight-demo.*
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
