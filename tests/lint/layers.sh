#!/bin/sh
# Checks every #include against tests/lint/layers.allow. Prints TAP.
set -eu
cd "${top_srcdir:-.}"
find base plugin-api policy plugins gateway admin tests -name '*.[ch]' ! -path '*/corpus/*' | sort | xargs awk '
FILENAME == "tests/lint/layers.allow" { next }
BEGIN {
	while ((getline line < "tests/lint/layers.allow") > 0) {
		if (line ~ /^#/ || line ~ /^$/) continue
		at = index(line, ":"); left = substr(line, 1, at - 1); right = " " substr(line, at + 1) " "
		if (left ~ /^lib /) lib[substr(left, 5)] = right; else allow[left] = right
	}
}
function home(path,   d) { # the longest folder of the table that holds the path
	d = path
	while (d != "" && !(d in allow)) { if (d !~ /\//) return ""; sub(/\/[^\/]*$/, "", d) }
	return d
}
function may(from, to,   d) { # is `to` or a folder above it in the list of `from`?
	if (to == from || (from != "gateway" && index(to "/", from "/") == 1)) return 1
	for (d = to; d != ""; ) { if (index(allow[from], " " d " ")) return 1; if (d !~ /\//) return 0; sub(/\/[^\/]*$/, "", d) }
	return 0
}
function bad(what) { printf "# %s:%d: %s\n", FILENAME, FNR, what; failures++ }
FNR == 1 { files++; from = home(FILENAME); if (from == "") bad("no rule for this folder in layers.allow") }
/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, q, "\""); path = q[2]
	if (path == "config.h") next
	if (path !~ /\//) { if (FILENAME !~ /^plugin-api\//) bad("include by full path from the top: " path); next }
	if (path ~ /^\.\.?\// ) { if (FILENAME !~ /^plugin-api\//) bad("no relative include: " path); next }
	to = home(path)
	if (to == "") { if (path !~ /^fairlead\//) bad("unknown folder: " path); next }
	if (!may(from, to)) bad(from " may not include " path)
}
/^[ \t]*#[ \t]*include[ \t]*</ {
	path = $0; sub(/^[^<]*</, "", path); sub(/>.*/, "", path)
	for (l in lib) if (path == l || (l ~ /\/$/ && index(path, l) == 1)) {
		ok = 0; n = split(lib[l], w, " ")
		for (i = 1; i <= n; i++) if (index(FILENAME, w[i] "/") == 1) ok = 1
		if (!ok) bad("<" path "> has one home:" lib[l])
	}
}
END { printf "1..1\n%sok 1 - layers: %d files, %d broken rules\n", failures ? "not " : "", files, failures; exit failures != 0 }'
