"""Files that ship with GenLab, reached through ``importlib.resources.files("genlab.resources")``."""
