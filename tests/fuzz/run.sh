#!/bin/sh
# Runs fuzz targets under libFuzzer, ASan and UBSan: run.sh SRCDIR SECONDS TARGET...
# New finds go to a scratch folder; a crash is kept there and named. Needs clang.
set -eu
src=$1 seconds=$2
shift 2
scratch=$(mktemp -d)
flags="-std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -I$src -I$src/plugin-api/include -I. -DFL_VERSION=\"fuzz\" -DFL_CONNECTOR_DIR=\"/nonexistent\" -DFL_LIBEXECDIR=\"/nonexistent\" -D_GNU_SOURCE"
libs=$(pkg-config --cflags --libs libmicrohttpd libcurl libsodium msgpack jansson yaml-0.1 sqlite3 gnutls nettle)
objects="$scratch/obj"
mkdir "$objects"
# The libraries once, instrumented, without programs' main(), and the naive evaluator of the tests.
find "$src/base" "$src/policy" "$src/gateway" "$src/admin" "$src/tests/unit/policy/naive.c" -name '*.c' ! -name main.c ! -name example.c ! -path '*/example/*' | while read -r c; do
	o="$objects/$(echo "${c#"$src"/}" | tr / _).o"
	# shellcheck disable=SC2086
	clang $flags -fsanitize=fuzzer-no-link -c "$c" -o "$o" $libs 2>/dev/null || { echo "cannot compile $c"; exit 1; }
done
ar rc "$scratch/all.a" "$objects"/*.o
status=0
for t in "$@"; do
	# shellcheck disable=SC2086
	clang $flags "$src/tests/fuzz/$t.c" "$scratch/all.a" $libs -pthread -ldl -lm -o "$scratch/$t"
	mkdir -p "$scratch/$t.new"
	# A target's own dictionary, or its family's: cedar.dict is of all cedar_*.
	dict=""
	[ -f "$src/tests/fuzz/${t%%_*}.dict" ] && dict="-dict=$src/tests/fuzz/${t%%_*}.dict"
	[ -f "$src/tests/fuzz/$t.dict" ] && dict="-dict=$src/tests/fuzz/$t.dict"
	echo "== $t for $seconds s"
	# shellcheck disable=SC2086
	"$scratch/$t" -max_total_time="$seconds" -print_final_stats=1 -timeout=10 -rss_limit_mb=2048 $dict \
		-artifact_prefix="$scratch/$t." "$scratch/$t.new" "$src/tests/fuzz/corpus/$t" >"$scratch/$t.log" 2>&1 || {
		status=1
		echo "FAILED: $t; see $scratch/$t.log"
		tail -30 "$scratch/$t.log"
		continue
	}
	grep -E 'stat::number_of_executed_units|DONE' "$scratch/$t.log" || :
done
[ $status -ne 0 ] || rm -rf "$scratch"
exit $status
