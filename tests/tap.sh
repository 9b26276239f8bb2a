#!/bin/sh
# Runs a test program of cmocka, which reports what it skips as "not ok N # SKIP ...": automake
# would take that for a failure.
exec 4>&1
status=$({ { "$@" 3>&- 4>&-; echo $? >&3; } | sed 's/^not ok \([0-9]* # SKIP\)/ok \1/' >&4; } 3>&1)
exit "$status"
