#!/bin/sh
# Runs Cedar's official tests when they are at hand; prints TAP. See README.md here.
set -eu
data=${CEDAR_CONFORMANCE:-${FAIRLEAD_CONFORMANCE:-${top_srcdir:-.}/../shared/conformance}/cedar}
archive=$data/cedar-integration-tests-visible.tar.gz
if [ ! -f "$archive" ]; then
	echo "1..0 # SKIP all 31730 requests of 3979 official Cedar tests: no $archive"
	exit 0
fi
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
tar -xzf "$archive" -C "$room"

n=0
run() # suite mode how-many-tests requests
{
	n=$((n + 1)) ok=ok
	"${top_builddir:-.}/fairlead" policy test --mode "$2" "$room/$1" >"$room/log" || ok='not ok'
	sum=$(tail -n 1 "$room/log")
	[ "$sum" = "$4 requests; $3 passed, 0 failed" ] || ok='not ok'
	echo "$ok $n - cedar $1, $2: $sum"
	[ "$ok" = ok ] || head -n 50 "$room/log" | sed 's/^/# /'
}
echo 1..6
for mode in full fast linear; do
	run tests "$mode" 22 74
	run corpus "$mode" 3957 31656
done
