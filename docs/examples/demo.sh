#!/bin/bash
# The README's first command: install the library into .venv-demo and run its demonstration.
cd "$(dirname "$0")/../.." || exit 1
. tests/environment.sh
need_python || exit 1
echo "installing xenon_py into .venv-demo"
make_venv .venv-demo . || exit 1
exec .venv-demo/bin/xenon-py demo "$@"
