#!/bin/sh
# Every public header compiles alone, in each language version that is promised, with no warning and
# no hidden padding. Prints TAP; a compiler that is not there is skipped by name.
set -u
src=${top_srcdir:-.}
include=$src/plugin-api/include
headers=$(cd "$include" && find fairlead -name '*.h' | sort)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0
failed=0

check() { # check COMPILER LANGUAGE STANDARD
	n=$((n + 1))
	if ! command -v "$1" >/dev/null 2>&1; then
		echo "ok $n - $1 $3 # SKIP $1 is not installed"
		return
	fi
	# Alone, twice (the guard), and all together; an unused helper of the SDK is no mistake.
	for h in $headers; do printf '#include <%s>\n#include <%s>\n' "$h" "$h" >"$tmp/$(echo "$h" | tr / _).$2"; done
	for h in $headers; do printf '#include <%s>\n' "$h"; done >"$tmp/all.$2"
	echo 'FAIRLEAD_NOTE("com.example.x", "1.0.0");' >>"$tmp/all.$2"
	if "$1" -std="$3" -Wall -Wextra -Wpedantic -Wpadded -Werror -Wno-unused-function \
		-Wno-unused-variable -I"$include" -fsyntax-only "$tmp"/*."$2" >"$tmp/out" 2>&1; then
		echo "ok $n - every header compiles alone: $1 $3"
	else
		sed 's/^/# /' "$tmp/out" | head -n 30
		echo "not ok $n - every header compiles alone: $1 $3"
		failed=1
	fi
}

echo "1..10"
for compiler in gcc clang; do
	for standard in c99 c11 c17; do check $compiler c $standard; done
done
for compiler in g++ clang++; do
	for standard in c++11 c++17; do check $compiler cc $standard; done
done
exit $failed
