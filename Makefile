# The book: `make book` builds it, `make test` checks it. `make help` lists the rest.
VENV := .venv
PYTHON := $(VENV)/bin/python
COLAB := .venv-colab
PACKAGES := lib/python3*/site-packages
# The index that PyTorch comes from, where it is not the usual one.
TORCH_INDEX ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# One thread a process: the matrices are small and the tests run side by side.
export OMP_NUM_THREADS := 1
# Files and terminals are UTF-8 in any locale.
export PYTHONUTF8 := 1
# Compiled modules are kept: a build starts some thirty Pythons, the tests hundreds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help book test pdf serve bench lint slides seeds scale fuzz grade course release repository lock clean
.DEFAULT_GOAL := help

help:  ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(VENV)/.packages: requirements.txt requirements-torch.txt
	@python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "The book needs Python 3.11, 3.12 or 3.13; python3 is $$(python3 -V)."; exit 1; }
	@echo "Installing what the book needs into $(VENV), once; this takes some minutes."
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --require-hashes -r requirements.txt
	$(PYTHON) -m pip install --quiet $(if $(TORCH_INDEX),--index-url "$(TORCH_INDEX)") -r requirements-torch.txt
	@touch $@

# A checkout that was copied or moved holds the environment of the folder it was in:
# its helpers, its scripts. Where `helpers` is not the one of this folder, both are made anew.
ifneq ($(shell $(PYTHON) tools/home.py 2>/dev/null),here)
.PHONY: $(VENV)/.installed
endif
$(VENV)/.installed: $(VENV)/.packages pyproject.toml
	@$(PYTHON) -m venv --without-pip $(VENV)
	$(PYTHON) -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(COLAB)/.packages: requirements-colab.txt
	@echo "Installing Colab's versions into $(COLAB), once."
	rm -rf $(COLAB)
	python3 -m venv $(COLAB)
	$(COLAB)/bin/python -m pip install --quiet --require-hashes -r requirements-colab.txt
	@touch $@

# Colab's versions, with the book's own torch: linked, not downloaded and stored again.
$(COLAB)/.installed: $(COLAB)/.packages $(VENV)/.packages
	cd $(COLAB)/$(PACKAGES) && for part in torch torchgen functorch nvidia triton cuda torch-*.dist-info; do \
	  for found in ../../../../$(VENV)/$(PACKAGES)/$$part; do \
	    if [ -e "$$found" ]; then ln -sfn "$$found" .; fi; \
	  done; done
	@touch $@

$(VENV)/.bench: $(VENV)/.packages requirements-bench.txt
	$(PYTHON) -m pip install --quiet --no-deps -r requirements-bench.txt
	touch $@

book: $(VENV)/.installed  ## build the site into _build/html; CHAPTER=01_linear_regions: one chapter, into _build/one
	@$(PYTHON) tools/build.py $(CHAPTER)

test:  ## run the unit tests, every notebook, and the tests of the site
	@$(MAKE) --no-print-directory -j 2 $(VENV)/.installed $(COLAB)/.installed
	@$(MAKE) --no-print-directory book
	$(PYTHON) -m pytest -n 2 --no-loadscope-reorder --nbval-lax --nbval-current-env --as-built book tests

pdf: $(VENV)/.installed  ## print the built site into _build/book.pdf; CHAPTER=…: one page of it; SOLUTIONS=no: without them
	$(PYTHON) tools/pdf.py $(if $(filter no,$(SOLUTIONS)),--without-solutions) $(CHAPTER)

serve: book  ## build the site and serve it on http://localhost:8000
	$(PYTHON) -m http.server 8000 --bind localhost --directory _build/html

bench: $(VENV)/.installed $(VENV)/.bench  ## time the helpers beside slow twins and public packages; ROOM=heavy_tails: one chapter
	$(PYTHON) -m pytest tests/benchmarks$(if $(ROOM),/test_$(ROOM).py) --benchmark-enable --timeout 3600 -s

lint: $(VENV)/.installed  ## check style, types, who imports whom, and the workflows
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) -c 'from importlinter.cli import lint_imports_command as lint; lint()' --no-logo
	$(VENV)/bin/zizmor --offline --quiet .github
	@if command -v actionlint >/dev/null; then actionlint; \
	  else echo "actionlint is not on the path: of the workflows only zizmor's part is checked."; fi

slides: $(VENV)/.installed  ## write the chapters' slides into _build/slides; CHAPTER=01_linear_regions: one chapter
	@PYTHONPATH=tools $(PYTHON) -m course.slides $(CHAPTER)

seeds: $(VENV)/.installed  ## run a chapter's claims for twenty other seeds: CHAPTER=01_linear_regions
	$(PYTHON) tools/seeds.py $(CHAPTER)

scale: $(VENV)/.installed  ## list the stored results whose code has changed; CHAPTER=06_sgd_noise: make that chapter's again; CARD=yes: on a graphics card, what needs one; CARD=tiny: the same as toys
	@$(PYTHON) $(if $(CARD),tools/card.py $(filter-out yes,$(CARD)),tools/scale.py $(CHAPTER))

fuzz: $(VENV)/.installed  ## call every public function 200 times at random; ROOM=heavy_tails: one room's
	FUZZ_EXAMPLES=200 $(PYTHON) -m pytest tests/fuzz --timeout 3600 $(if $(ROOM),-k "$(ROOM).")

grade: $(VENV)/.installed  ## grade notebooks: SUBMISSIONS=folder [WEEK=3 | CHAPTER=01_linear_regions] [OUT=folder] [MASTERS=otter]
	@$(PYTHON) tools/grade.py $(if $(SUBMISSIONS),"$(SUBMISSIONS)") $(if $(WEEK),--week $(WEEK)) \
	  $(if $(CHAPTER),--chapter $(CHAPTER)) $(if $(COURSE),--course "$(COURSE)") $(if $(OUT),--out "$(OUT)") \
	  $(if $(MASTERS),--masters $(MASTERS))

course: $(VENV)/.installed  ## make the course kit from the built book: COURSE=course/half_term.yml [HUB=https://…]
	@$(PYTHON) tools/kit.py $(or $(COURSE),course/course.yml) $(HUB)

release: $(VENV)/.installed  ## test, then pin a release everywhere, commit and tag it: VERSION=2026.1
	@$(PYTHON) tools/release.py $(VERSION)

repository: $(VENV)/.installed  ## say where the book lives: REPO=owner/name [BRANCH=main]
	$(PYTHON) tools/repository.py $(REPO) $(BRANCH)

lock:  ## pin again, with hashes, all that requirements.in and requirements-colab.in need (`pip install uv` brings uv)
	for name in requirements requirements-colab; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" \
	    $$name.in --output-file $$name.txt || exit; \
	done

clean:  ## remove what was built
	rm -rf _build
