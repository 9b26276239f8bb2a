#!/bin/sh
# fairlead-plugin: what it writes builds and works; what it refuses is told. Prints TAP.
set -u
tool=${top_builddir:-.}/fairlead-plugin
src=${top_srcdir:-.}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0
failed=0

ok() { # ok STATUS NAME
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else
		sed 's/^/# /' "$tmp/out" | tail -n 20
		echo "not ok $n - $2"
		failed=1
	fi
}
# expect STATUS TEXT COMMAND...: the command ends so and says so
expect() {
	want=$1 text=$2
	shift 2
	"$@" >"$tmp/out" 2>&1
	got=$?
	[ $got -eq "$want" ] && grep -q -- "$text" "$tmp/out" && return 0
	echo "# exit $got, expected $want and \"$text\""
	return 1
}

expect 0 "greet/ is written" sh -c "cd '$tmp' && '$tool' new -I '$src/plugin-api/include' greet"
ok $? "new writes a folder"
expect 0 "" make -C "$tmp/greet" CC="${CC:-cc}"
ok $? "the folder builds"
expect 0 "" make -C "$tmp/greet" test CC="${CC:-cc}"
ok $? "its own test passes"
expect 2 "choose another folder" sh -c "cd '$tmp' && '$tool' new -I '$src/plugin-api/include' greet"
ok $? "new overwrites nothing"
expect 0 "" sh -c "cd '$tmp' && '$tool' new -I '$src/plugin-api/include' -d other com.example.hi && grep com.example.hi other/hi.json"
ok $? "an id of several parts names its files by the last"
status=0
for id in Greet 1a a..b .a a. "a b" "" "a/b" ../x "$(printf '%0200d' 0)"; do
	expect 2 "id" sh -c 'cd "$1" && "$2" new -I "$3/plugin-api/include" "$4"' - "$tmp" "$tool" "$src" "$id" || status=1
done
ok $status "a bad id is refused"
expect 2 "plugin.h is not there" sh -c "cd '$tmp' && '$tool' new -I /nonexistent x"
ok $? "missing headers are told"
expect 2 "did you mean \"version\"" "$tool" versin
ok $? "a mistyped command is told"
echo "1..$n"
exit $failed
