#!/bin/sh
# Checks what needs no judgement: a licence line in every source, no banned call, no file past 800
# lines, no unfinished mark, no comment that a formatter broke. Prints TAP.
set -eu
cd "${top_srcdir:-.}"
{
	find base plugin-api policy plugins gateway admin tests -name '*.[ch]' ! -path '*/node_modules/*' |
		sort | xargs awk '
	function bad(what) { printf "# %s:%d: %s\n", FILENAME, FNR, what; failures++ }
	FNR == 1 { if (n > 800) bad2(last, n); files++; spdx[FILENAME] = 0; last = FILENAME }
	function bad2(f, n) { printf "# %s: %d lines; is there a seam?\n", f, n; failures++ }
	{ n = FNR }
	/SPDX-License-Identifier: Apache-2.0/ { spdx[FILENAME] = 1 }
	# Each of these has a bounded or checked form in base/ or in the C library.
	/(^|[^A-Za-z0-9_])(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atoll|atof|strtok|alloca|tmpnam|mktemp|system|popen|usleep|sleep|rand|srand|localtime|gmtime|ctime|asctime|strerror)[ \t]*\(/ && !/^[ \t]*(\*|\/[*\/])/ && !/"[^"]*(strcpy|system|popen|sleep|rand)[^"]*"/ && FILENAME !~ /^tests\/mock\// { bad("banned call: " $0) }
	/(TO)(DO)|(FIX)(ME)|(^|[^X])(X)(XX)([^X]|$)/ { bad("unfinished mark") } # six X: mkdtemp()
	/^ \*[^ \t\/]/ { bad("a comment without a blank after the star") }
	END {
		for (f in spdx) if (!spdx[f]) { printf "# %s: no SPDX line\n", f; failures++ }
		if (n > 800) bad2(last, n)
		printf "1..1\n%sok 1 - style: %d files, %d faults\n", failures ? "not " : "", files, failures
		exit failures != 0
	}'
}
