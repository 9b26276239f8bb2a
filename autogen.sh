#!/bin/sh
# Makes ./configure. Needs autoconf, automake and pkg-config (Debian: autoconf automake pkg-config).
set -eu
cd "$(dirname "$0")"
exec autoreconf --install --warnings=all,no-portability
