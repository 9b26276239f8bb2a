#!/bin/sh
# Asks what the official engine was asked when frozen.jsonl was made; prints TAP. Needs no node.
exec "${top_builddir:-.}/differential_cedar" --replay "${top_srcdir:-.}/tests/differential/frozen.jsonl"
