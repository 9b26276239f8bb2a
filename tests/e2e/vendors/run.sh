#!/bin/sh
# Runs the tests that need packages from npm, in a copy in the build folder. Prints TAP.
set -eu
dir=$top_builddir/tests/e2e-vendors
skip() { printf '1..0 # SKIP %s: the files of tests/e2e/vendors were left out\n' "$1"; exit 0; }

command -v node >/dev/null && command -v npm >/dev/null || skip 'no node or npm (Debian: nodejs npm)'
mkdir -p "$dir"
cp -R "$top_srcdir/tests/e2e/lib" "$top_srcdir/tests/e2e/vendors" "$dir/"
chmod -R u+w "$dir/lib" "$dir/vendors"
cd "$dir/vendors"
if ! cmp -s package-lock.json node_modules/.installed-from; then
	npm ci --no-audit --no-fund >npm.log 2>&1 || {
		# On a machine that tests for everybody a left-out test is a failure.
		[ -z "${CI:-}" ] || { cat npm.log; echo 'Bail out! npm ci failed'; exit 1; }
		skip 'npm ci failed, see tests/e2e-vendors/vendors/npm.log'
	}
	cp package-lock.json node_modules/.installed-from
fi
exec node --test --test-reporter=tap ./*.test.mjs
