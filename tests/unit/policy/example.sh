#!/bin/sh
# The example of the library's manual does what it says. Prints TAP.
set -eu
echo 1..1
[ "$("${top_builddir:-.}/cedar_example")" = "allow
policy0" ] || printf 'not '
echo 'ok 1 - policy/example.c allows by policy0'
