"""What ``import drmaa`` finds where this file's folder is in the path of modules."""

from xenon_py.drmaa.install import install

install()
