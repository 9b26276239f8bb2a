#!/bin/sh
# Compiles, links and embeds one connector, and puts it in place with one rename:
#   build-connector.sh [-V VERSION] OUT.so MANIFEST.json SOURCE.c... [FLAG...]
# Id and version are written in one place, the manifest: the code gets them as the macros
# FAIRLEAD_CONNECTOR_ID and FAIRLEAD_CONNECTOR_VERSION. -V overrides the manifest's version.
# Environment: CC, OBJCOPY, CONNECTOR_CFLAGS, CONNECTOR_LINK.
set -eu
version=
if [ "$1" = -V ]; then
	version=$2
	shift 2
fi
out=$1 manifest=$2
shift 2

# The value of a top-level string of the manifest (indented by one step).
value() { sed -n "s/^\t\"$1\": *\"\([^\"]*\)\".*/\1/p; s/^  \"$1\": *\"\([^\"]*\)\".*/\1/p" "$manifest" | head -n 1; }

id=$(value id)
[ -n "$version" ] || version=$(value version)
if [ -z "$id" ] || [ -z "$version" ]; then
	echo "$manifest: \"id\" and \"version\" must stand on lines of their own, indented by one tab or two spaces" >&2
	exit 1
fi
mkdir -p "$(dirname "$out")"
tmp=$out.tmp$$
trap 'rm -f "$tmp" "$tmp.json"' EXIT
sed "s/^\(\t\|  \)\"version\": *\"[^\"]*\"/\1\"version\": \"$version\"/" "$manifest" >"$tmp.json"
# shellcheck disable=SC2086
${CC:-cc} $CONNECTOR_CFLAGS "-DFAIRLEAD_CONNECTOR_ID=\"$id\"" "-DFAIRLEAD_CONNECTOR_VERSION=\"$version\"" \
	"$@" $CONNECTOR_LINK -o "$tmp"
${OBJCOPY:-objcopy} --add-section ".fairlead.manifest=$tmp.json" \
	--set-section-flags .fairlead.manifest=noload,readonly "$tmp"
chmod 755 "$tmp"
mv "$tmp" "$out"
