#!/bin/sh
# Compares the types of the ABI with the stored description (libabigail). A field added at the end is
# reported and passes; a moved, removed or retyped one fails. Prints TAP.
set -u
src=${top_srcdir:-.}
baseline=$src/plugin-api/abi/surface-1.0.abixml
echo "1..1"
for tool in abidiff "${CC:-cc}"; do
	command -v "${tool%% *}" >/dev/null 2>&1 || {
		echo "ok 1 - abidiff # SKIP $tool is not installed (Debian: abigail-tools)"
		exit 0
	}
done
case $(uname -m) in
x86_64) ;;
*)
	echo "ok 1 - abidiff # SKIP the stored description is for x86_64"
	exit 0
	;;
esac
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# shellcheck disable=SC2086
${CC:-cc} -g -O0 -fPIC -shared -fvisibility=hidden -I"$src/plugin-api/include" \
	"$src/tests/abi/surface.c" -o "$tmp/surface.so" || exit 1
abidiff --leaf-changes-only --no-show-locs "$baseline" "$tmp/surface.so" >"$tmp/report" 2>&1
code=$?
sed 's/^/# /' "$tmp/report"
# 4 is any change of a type: the words tell a safe append from a break.
if [ $code -ne 0 ] && { [ $code -ne 4 ] ||
	grep -Eq 'data member change|deletion|[1-9][0-9]* (Removed|Changed)' "$tmp/report"; }; then
	echo "not ok 1 - no promised type changed (abidiff exit $code)"
	exit 1
fi
echo "ok 1 - no promised type changed"
