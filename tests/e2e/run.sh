#!/bin/sh
# Runs the end-to-end tests against the built programs. Prints TAP.
set -eu
command -v node >/dev/null || { echo '1..0 # SKIP no node (Debian: nodejs): the end-to-end tests were left out'; exit 0; }
cd "${top_srcdir:?}/tests/e2e"
exec node --test --test-reporter=tap ./*.test.mjs
