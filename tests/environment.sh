# shellcheck shell=bash
# Sourced by tests/run and docs/examples/demo.sh, in the repository's root: a Python to work with.

# need_python: see that there is a Python >= 3.10 that can make virtual environments. As root on
# Debian what is missing is installed.
need_python() {
    _python_can_venv && return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing python3 and python3-venv"
        (export DEBIAN_FRONTEND=noninteractive
         apt-get -qq -o DPkg::Lock::Timeout=900 update &&
         apt-get -qq -o DPkg::Lock::Timeout=900 install -y --no-install-recommends \
             python3 python3-venv ca-certificates) >/dev/null || return 1
    fi
    _python_can_venv && return 0
    echo "needs Python 3.10 or later with its venv module (Debian: apt-get install python3-venv)" >&2
    return 1
}

_python_can_venv() {
    python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

# make_venv DIRECTORY PIP-ARGUMENT...: a virtual environment with these packages, quick when it is
# there. The package index is whatever pip is configured to use.
make_venv() {
    local directory=$1
    shift
    "$directory/bin/python" -c '' 2>/dev/null || python3 -m venv --clear "$directory" || return 1
    "$directory/bin/python" -m pip install -q --disable-pip-version-check "$@"
}
