"""A course made from the notebooks as they are committed.

Read in this order: `exercises` (what the notebooks ask), `plan` (which week asks what),
`sheets` (the notebooks handed out), then the modules that use them.
"""
