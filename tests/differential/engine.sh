#!/bin/sh
# Cedar's official engine, for tests and benchmarks only: engine.sh FOLDER puts it into
# FOLDER/node_modules unless it is there. Exits 1, and says why, when it cannot.
set -eu
from=$(dirname "$0")
into=$1
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
	echo "no node or npm (Debian: nodejs npm)"
	exit 1
fi
mkdir -p "$into"
cp "$from/package.json" "$from/package-lock.json" "$from/.npmrc" "$into/"
chmod -R u+w "$into"
cmp -s "$into/package-lock.json" "$into/node_modules/.installed-from" && exit 0
(cd "$into" && npm ci --no-audit --no-fund >npm.log 2>&1) || {
	echo "npm ci failed, see $into/npm.log"
	exit 1
}
cp "$into/package-lock.json" "$into/node_modules/.installed-from"
