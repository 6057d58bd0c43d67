#!/bin/sh
# The place with the highest temperature of "place,degrees" lines.
set -eu
sort -t , -k 2 -n -r | head -n 1 | cut -d , -f 1
