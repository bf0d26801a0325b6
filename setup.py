"""What pyproject.toml cannot say: all packages below genlab/, and resources/ as genlab.resources."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["genlab", "genlab.*"]), "genlab.resources"],
    package_dir={"genlab.resources": "resources"},
)
