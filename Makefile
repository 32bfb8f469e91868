# The book: `make book` builds it, `make test` checks it. `make help` lists the rest.
VENV := .venv
PYTHON := $(VENV)/bin/python
COLAB := .venv-colab
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# One thread a process: the matrices are small and the tests run side by side.
export OMP_NUM_THREADS := 1

.PHONY: help book test pdf serve bench lint slides seeds scale fuzz grade course release repository clean
.DEFAULT_GOAL := help

help:  ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(VENV)/.installed: requirements.txt pyproject.toml
	@python3 -c 'import sys; sys.exit(not (3, 11, 4) <= sys.version_info < (3, 14))' || \
	  { echo "The book needs Python 3.11.4 to 3.13; python3 is $$(python3 -V)."; exit 1; }
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet -r requirements.txt
	$(PYTHON) -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Colab's versions, with the book's own torch: linked, not downloaded and stored again.
$(COLAB)/.installed: requirements-colab.txt $(VENV)/.installed
	rm -rf $(COLAB)
	python3 -m venv $(COLAB)
	grep -v '^torch==' requirements-colab.txt | $(COLAB)/bin/python -m pip install --quiet -r /dev/stdin
	for part in torch torchgen functorch nvidia triton torch-*.dist-info; do \
	  for found in "$(CURDIR)"/$(VENV)/lib/python3*/site-packages/$$part; do \
	    if [ -e "$$found" ]; then ln -s "$$found" $(COLAB)/lib/python3*/site-packages/; fi; \
	  done; done
	touch $@

$(VENV)/.bench: $(VENV)/.installed requirements-bench.txt
	$(PYTHON) -m pip install --quiet --no-deps -r requirements-bench.txt
	touch $@

book: $(VENV)/.installed  ## build the site into _build/html; CHAPTER=01_linear_regions: one chapter, into _build/one
	@$(PYTHON) tools/build.py $(CHAPTER)

test: book $(COLAB)/.installed  ## run the unit tests, every notebook, and the tests of the site
	$(PYTHON) -m pytest -n 2 --dist loadscope --no-loadscope-reorder --nbval-lax --nbval-current-env tests book

pdf: $(VENV)/.installed  ## print the built site into _build/book.pdf; CHAPTER=…: one page of it; SOLUTIONS=no: without them
	$(PYTHON) tools/pdf.py $(if $(filter no,$(SOLUTIONS)),--without-solutions) $(CHAPTER)

serve: book  ## build the site and serve it on http://localhost:8000
	$(PYTHON) -m http.server 8000 --bind localhost --directory _build/html

bench: $(VENV)/.bench  ## time the helpers beside slow twins and public packages; ROOM=heavy_tails: one chapter
	$(PYTHON) -m pytest tests/benchmarks$(if $(ROOM),/test_$(ROOM).py) --benchmark-enable --timeout 3600 -s

lint: $(VENV)/.installed  ## check style, types, who imports whom, and the workflows
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(VENV)/bin/lint-imports --no-logo
	$(VENV)/bin/zizmor --offline --quiet .github

slides: $(VENV)/.installed  ## write the chapters' slides into _build/slides; CHAPTER=01_linear_regions: one chapter
	@PYTHONPATH=tools $(PYTHON) -m course.slides $(CHAPTER)

seeds: $(VENV)/.installed  ## run a chapter's claims for twenty other seeds: CHAPTER=01_linear_regions
	$(PYTHON) tools/seeds.py $(CHAPTER)

scale: $(VENV)/.installed  ## list the stored results whose code has changed; CHAPTER=06_sgd_noise: make that chapter's again
	@$(PYTHON) tools/scale.py $(CHAPTER)

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

clean:  ## remove what was built
	rm -rf _build
