#!/bin/sh
# The example policies are valid and pass their own tests, in each mode; prints TAP. Needs no node.
set -eu
fairlead=${top_builddir:-.}/fairlead
example=${top_srcdir:-.}/docs/examples/policies
n=0
is() # what-it-says what-is-expected what-came
{
	n=$((n + 1))
	[ "$2" = "$3" ] || printf 'not '
	echo "ok $n - $1: $3"
}
echo 1..5
is 'the example is valid' '9 policies, valid' "$("$fairlead" policy check -c "$example/fairlead.yaml" 2>&1)"
is 'its schema is that of its configuration' '' \
	"$("$fairlead" policy schema "$example/fairlead.yaml" | diff - "$example/gateway.cedarschema" 2>&1)"
for mode in full fast linear; do
	is "its tests pass, $mode" '16 requests; 2 passed, 0 failed' \
		"$("$fairlead" policy test --mode "$mode" "$example/tests" 2>&1)"
done
