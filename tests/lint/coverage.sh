#!/bin/sh
# Checks that each test that tests/README.md names is there: `FILE` "SENTENCE", "SENTENCE" ... and that
# a release archive has each end-to-end test. Prints TAP.
set -eu
cd "${top_srcdir:-.}/tests"
left_out=0
echo 1..2
for t in e2e/*.test.mjs; do
	grep -qF "/${t#e2e/}" e2e/Makefile.inc && continue
	echo "# $t is not in e2e/Makefile.inc"
	left_out=$((left_out + 1))
done
[ $left_out -eq 0 ] && echo 'ok 1 - e2e: none left out' || echo "not ok 1 - e2e: $left_out left out"
awk '
function bad(what) { printf "# README.md:%d: %s\n", FNR, what; failures++ }
# A file as one line; what clang-format broke in two is one string again, whatever the quotes.
function text_of(path,   text, line) {
	if (path in texts) return texts[path]
	text = ""
	while ((getline line < path) > 0) { sub(/^[ \t]+/, "", line); text = text line "\n" }
	close(path)
	gsub(/"\n"/, "", text)
	return texts[path] = text
}
/^\|/ {
	n = split($0, parts, "`")
	for (i = 2; i <= n; i += 2) { # between backquotes; the sentences follow
		path = parts[i]
		if (path !~ /\.(c|mjs|txt)$/) continue
		text = text_of(path)
		if (text == "") { bad("no file tests/" path); continue }
		m = split(parts[i + 1], words, "\"")
		for (k = 2; k <= m; k += 2) {
			named++
			if (path ~ /txt$/) is_there = index(text, "== " words[k] "\n")
			else is_there = index(text, "\"" words[k] "\"") || index(text, "\047" words[k] "\047")
			if (!is_there)
				bad(path " has no test \"" words[k] "\"")
		}
	}
}
END {
	if (named < 100) bad("only " named + 0 " tests are named")
	printf "%sok 2 - coverage: %d named tests, %d faults\n", failures ? "not " : "", named, failures
	exit failures != 0
}' README.md
