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
	[ $got -eq "$want" ] && { [ -z "$text" ] || grep -q -- "$text" "$tmp/out"; } && return 0
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
# shellcheck disable=SC2016
for id in Greet 1a a..b .a a. "a b" "" "a/b" ../x "$(printf '%0200d' 0)"; do
	expect 2 "id" sh -c 'cd "$1" && "$2" new -I "$3/plugin-api/include" "$4"' - "$tmp" "$tool" "$src" "$id" || status=1
done
ok $status "a bad id is refused"
expect 2 "plugin.h is not there" sh -c "cd '$tmp' && '$tool' new -I /nonexistent x"
ok $? "missing headers are told"
expect 2 "did you mean \"version\"" "$tool" versin
ok $? "a mistyped command is told"

# ---- inspect ----
built=${top_builddir:-.}/connectors
status=0
for c in echo http github; do
	expect 0 "no problems" "$tool" inspect "$built/$c.so" || status=1
	grep -q "^id        $c\$" "$tmp/out" || status=1
done
ok $status "inspect finds nothing wrong with the bundled connectors"
expect 0 "$(sha256sum "$built/echo.so" | cut -d' ' -f1)" "$tool" inspect -o json "$built/echo.so"
ok $? "inspect tells the digest"
expect 2 "No such file" "$tool" inspect "$tmp/nothing.so"
ok $? "a missing file is told"
expect 3 "elf_magic" "$tool" inspect "$src/plugin-api/template/echo.json"
ok $? "a file that is no connector is told"

# variant NAME PROBLEM [FLAG...]: echo, built wrongly in one way
echo_c=$src/plugin-api/template/echo.c
good="-shared -fPIC -fvisibility=hidden -Wl,-z,relro,-z,now,-z,noexecstack"
variant() {
	name=$1 problem=$2
	shift 2
	# shellcheck disable=SC2086
	${CC:-cc} -std=c11 -I"$src/plugin-api/include" -DFAIRLEAD_CONNECTOR_ID='"echo"' \
		-DFAIRLEAD_CONNECTOR_VERSION='"1.0.0"' "$echo_c" $good "$@" -o "$tmp/$name.so" &&
		objcopy --add-section .fairlead.manifest="$src/plugin-api/template/echo.json" "$tmp/$name.so" &&
		expect 3 "$problem" "$tool" inspect "$tmp/$name.so"
	ok $? "inspect tells: $name"
}
variant "an executable stack" elf_exec_stack -Wl,-z,execstack
variant "lazy binding" elf_lazy -Wl,-z,lazy
variant "writable relocations" elf_relro -Wl,-z,norelro
echo 'int helper(void); int helper(void) { return 1; }' >"$tmp/helper.c"
variant "more exports than the entry" elf_exports -fvisibility=default "$tmp/helper.c"
variant "a search path" elf_rpath -Wl,-rpath,/tmp
variant "never to be unloaded" elf_nodelete -Wl,-z,nodelete
variant "a missing entry" elf_entry -Dfairlead_plugin_entry_v1=fairlead_plugin_entry_v2
variant "another version in the note" identity -UFAIRLEAD_CONNECTOR_VERSION '-DFAIRLEAD_CONNECTOR_VERSION="9.9.9"'

# Cut off anywhere, it is told and never crashes.
size=$(stat -c %s "$built/echo.so")
status=0
at=0
while [ "$at" -lt "$size" ]; do
	head -c "$at" "$built/echo.so" >"$tmp/cut.so"
	"$tool" inspect "$tmp/cut.so" >"$tmp/out" 2>&1
	[ $? -eq 3 ] || { echo "# cut at $at" >>"$tmp/out"; status=1; break; }
	at=$((at + 331))
done
ok $status "a connector cut off anywhere is refused"

# ---- embed ----
objcopy --remove-section .fairlead.manifest "$built/echo.so" "$tmp/bare.so"
expect 3 "manifest_section" "$tool" inspect "$tmp/bare.so"
ok $? "a missing manifest is told"
expect 0 "" "$tool" embed -o "$tmp/whole.so" "$tmp/bare.so" "$src/plugin-api/template/echo.json" &&
	expect 0 "no problems" "$tool" inspect "$tmp/whole.so"
ok $? "embed adds a manifest"
expect 0 "" "$tool" embed "$tmp/whole.so" "$src/plugin-api/template/echo.json" &&
	expect 0 "no problems" "$tool" inspect "$tmp/whole.so"
ok $? "embed replaces a manifest in place"
sum=$(sha256sum <"$tmp/whole.so")
expect 3 "identity" "$tool" embed "$tmp/whole.so" "$src/plugins/http/http.json" && [ "$sum" = "$(sha256sum <"$tmp/whole.so")" ]
ok $? "embed refuses the manifest of another connector and writes nothing"
echo '{"id":"echo",' >"$tmp/cut.json"
expect 3 "manifest_json" "$tool" embed "$tmp/whole.so" "$tmp/cut.json"
ok $? "embed refuses a manifest that is no JSON"
echo "1..$n"
exit $failed
