#!/bin/sh
# Cedar's official engine, for tests and benchmarks only: engine.sh FOLDER puts it into
# FOLDER/node_modules unless it is there. Exits 1, and says why, when it cannot.
set -eu
package=$(dirname "$0")
folder=$1
test -d "$folder/node_modules/@cedar-policy/cedar-wasm" && exit 0
command -v npm >/dev/null || { echo "# @cedar-policy/cedar-wasm: npm is not installed"; exit 1; }
mkdir -p "$folder"
cp "$package/package.json" "$package/package-lock.json" "$package/.npmrc" "$folder/"
(cd "$folder" && npm ci --silent >/dev/null 2>&1) || { echo "# @cedar-policy/cedar-wasm: npm cannot fetch it"; exit 1; }
