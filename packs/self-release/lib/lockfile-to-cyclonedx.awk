# CycloneDX 1.6 of npm's lockfile, version 3, as npm itself writes it: one member on a line, two spaces a level. Whatever
# does not look so ends the program: an inventory that misses packages is worse than none.
# Strings are taken over with their JSON escapes. POSIX awk; `outputs` names the file for the typed outputs.

function refuse(why) {
  print FILENAME ":" FNR ": " why > "/dev/stderr"
  failed = 1
  exit 1
}

# The text between the quotes of a member's value.
function value(line) {
  sub(/^ *"[^"]*": "/, "", line)
  if (sub(/",?$/, "", line) != 1) refuse("a string was expected")
  return line
}

function digit(character) {
  return index("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", character) - 1
}

# Hex of the base64 of a hash, as CycloneDX wants it.
function hex(base64,    at, group, text, pad, count) {
  pad = gsub(/=/, "", base64)
  for (count = 0; count < pad; count++) base64 = base64 "A"
  for (at = 1; at <= length(base64); at += 4) {
    group = ((digit(substr(base64, at, 1)) * 64 + digit(substr(base64, at + 1, 1))) * 64 \
      + digit(substr(base64, at + 2, 1))) * 64 + digit(substr(base64, at + 3, 1))
    text = text sprintf("%06x", group)
  }
  return substr(text, 1, length(text) - 2 * pad)
}

function list(items, count,    at, text) {
  for (at = 1; at <= count; at++) text = text (at > 1 ? "," : "") "\"" items[at] "\""
  return "[" text "]"
}

function finish(    text, purl) {
  if (version == "") refuse("package " name " has no version")
  purl = name
  sub(/^@/, "%40", purl)
  text = "{\"type\":\"library\",\"bom-ref\":\"" key "\",\"name\":\"" name "\",\"version\":\"" version "\""
  if (integrity ~ /^sha512-/)
    text = text ",\"hashes\":[{\"alg\":\"SHA-512\",\"content\":\"" hex(substr(integrity, 8)) "\"}]"
  if (licence == "") {
    unlicensed[++unlicensedCount] = name
  } else {
    if (!(licence in seen)) licences[++licenceCount] = licence
    seen[licence] = 1
    text = text ",\"licenses\":[" (licence ~ / / ? "{\"expression\":\"" licence "\"}" \
      : "{\"license\":{\"id\":\"" licence "\"}}") "]"
  }
  text = text ",\"purl\":\"pkg:npm/" purl "@" version "\""
  if (development)
    text = text ",\"properties\":[{\"name\":\"cdx:npm:package:development\",\"value\":\"true\"}]"
  components = components (components == "" ? "" : ",\n") text "}"
  count++
  key = ""
}

/^  "lockfileVersion": 3,$/ { known = 1 }
/^  "name": / { product = value($0) }
/^  "version": / { productVersion = value($0) }
/^    "node_modules\/.*": \{$/ {
  if (key != "") refuse("package " name " does not end")
  key = $0
  sub(/^    "/, "", key)
  sub(/": \{$/, "", key)
  name = key
  sub(/^.*node_modules\//, "", name)
  version = integrity = licence = ""
  development = 0
  opened++
  next
}
key != "" && /^      "version": / { version = value($0) }
key != "" && /^      "integrity": / { integrity = value($0) }
key != "" && /^      "license": / { licence = value($0) }
key != "" && /^      "dev": true,?$/ { development = 1 }
key != "" && /^    \},?$/ { finish() }

END {
  if (failed) exit 1
  if (!known) refuse("this is no npm lockfile of version 3")
  if (count == 0 || count != opened) refuse("not every package could be read")
  printf "{\"$schema\":\"http://cyclonedx.org/schema/bom-1.6.schema.json\",\"bomFormat\":\"CycloneDX\","
  printf "\"specVersion\":\"1.6\",\"version\":1,\"metadata\":{\"component\":{\"type\":\"application\","
  printf "\"bom-ref\":\".\",\"name\":\"%s\",\"version\":\"%s\"}},\"components\":[\n%s\n]}\n", product, productVersion, components
  printf "{\"components\":%d,\"licences\":%s,\"unlicensed\":%s}", count, list(licences, licenceCount), \
    list(unlicensed, unlicensedCount) > outputs
  print count " packages, " licenceCount " licences" > "/dev/stderr"
}
