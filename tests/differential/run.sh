#!/bin/sh
# Compares the library with Cedar's official engine from npm: run.sh --seed N --count N [...]. The
# packages go into the build folder; without node, npm or the network it is left out, and says so.
set -eu
src=${top_srcdir:?}/tests/differential
dir=${top_builddir:?}/tests-differential

why=$("$src/engine.sh" "$dir") || {
	echo "SKIP differential: $why"
	# On a machine that tests for everybody a left-out test is a failure.
	[ -z "${CI:-}" ] || { cat "$dir/npm.log" || true; exit 1; }
	exit 0
}
data=${CEDAR_CONFORMANCE:-${FAIRLEAD_CONFORMANCE:-$top_srcdir/../shared/conformance}/cedar}
archive=$data/cedar-integration-tests-visible.tar.gz
corpus=''
if [ -f "$archive" ]; then
	room=$(mktemp -d)
	trap 'rm -rf "$room"' EXIT
	tar -xzf "$archive" -C "$room"
	corpus=$room/corpus
else
	echo "left out: sets of official corpus policies: no $archive"
fi
rm -rf "$dir/differences"
status=0
node "$src/main.mjs" --driver ./differential_cedar --modules "$dir" --out "$dir/differences" --corpus "$corpus" "$@" || status=$?
exit $status
