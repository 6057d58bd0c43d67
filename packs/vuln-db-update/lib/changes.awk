# Two sorted tables of advisories: what the second adds, changes and removes, as changes.json, changes.md and typed outputs.
BEGIN { FS = "\t" }

FILENAME == ARGV[1] { before[$1] = $0; known[++olds] = $1; next }

{
  after[$1] = 1
  total++
  if (!($1 in before)) note("added", $0)
  else if (before[$1] != $0) note("changed", $0)
}

END {
  for (i = 1; i <= olds; i++) {
    if (!(known[i] in after)) note("removed", before[known[i]])
  }
  split("added changed removed", kinds, " ")
  summary = sprintf("%d added (%d critical), %d changed, %d removed", count["added"], critical, count["changed"], count["removed"])
  print_json()
  print_markdown()
  printf "{\"from\": \"%s\", \"added\": %d, \"changed\": %d, \"removed\": %d, \"critical\": %d, \"summary\": \"%s\"}", \
    from, count["added"], count["changed"], count["removed"], critical, summary > outputs
}

function note(kind, row,    field) {
  rows[kind, ++count[kind]] = row
  split(row, field, "\t")
  if (kind == "added" && field[2] == "CRITICAL") critical++
}

# The fields are JSON strings without their quotes.
function print_json(    k, i, field) {
  printf "{\n  \"from\": \"%s\",\n  \"to\": \"%s\",\n  \"advisories\": %d", from, to, total > "changes.json"
  for (k = 1; k <= 3; k++) {
    printf ",\n  \"%s\": [", kinds[k] > "changes.json"
    for (i = 1; i <= count[kinds[k]]; i++) {
      split(rows[kinds[k], i], field, "\t")
      printf "%s\n    {\"id\": \"%s\", \"severity\": \"%s\", \"ecosystem\": \"%s\", \"packages\": \"%s\", \"fixed\": \"%s\", \"summary\": \"%s\"}", \
        (i > 1 ? "," : ""), field[1], field[2], field[3], field[4], field[5], field[8] > "changes.json"
    }
    printf "%s]", (count[kinds[k]] > 0 ? "\n  " : "") > "changes.json"
  }
  print "\n}" > "changes.json"
}

function print_markdown(    k, i, field) {
  printf "# Changes from %s to %s\n\n%s; %d advisories in all.\n", from, to, summary, total > "changes.md"
  for (k = 1; k <= 3; k++) {
    if (count[kinds[k]] > 0) {
      printf "\n## %s%s\n\n| advisory | severity | ecosystem | packages | fixed in | summary |\n|---|---|---|---|---|---|\n", \
        toupper(substr(kinds[k], 1, 1)), substr(kinds[k], 2) > "changes.md"
    }
    for (i = 1; i <= count[kinds[k]]; i++) {
      split(rows[kinds[k], i], field, "\t")
      printf "| %s | %s | %s | %s | %s | %s |\n", field[1], field[2], field[3], cell(field[4]), cell(field[5]), cell(field[8]) > "changes.md"
    }
  }
}

function cell(text) {
  gsub(/\\"/, "\"", text)
  gsub(/&/, "\\&amp;", text)
  gsub(/</, "\\&lt;", text)
  gsub(/\|/, "\\&#124;", text)
  return text
}
