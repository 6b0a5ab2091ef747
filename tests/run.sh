#!/bin/sh
# Installs what the tests need, builds with sanitizers (preset dev) and runs everything through ctest.
# Arguments go to ctest, e.g. tests/run.sh -L unit
set -eu
cd "$(dirname "$0")/.."
deploy/install-packages.sh build run test
cmake --preset dev >/dev/null
cmake --build --preset dev
exec ctest --preset dev "$@"
