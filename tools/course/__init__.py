"""A course made from the notebooks as they are committed.

Read in this order: `exercises` (what the notebooks ask), `plan` (which week asks what),
`sheets` (the notebooks handed out) with `rubric` and `mistakes`, `solved` (they are
run), `leaks` (students get no solution), `assemble` (all of it in one folder).
"""
