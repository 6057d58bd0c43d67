# Sorted rows "project<TAB>check<TAB>finding" (an empty finding: the check found nothing) to three reports that say the same.
BEGIN { FS = "\t" }

{
  if (!($1 in known)) {
    known[$1] = 1
    project[++projects] = $1
  }
  if ($3 == "") passed[$1]++
  else {
    finding[$1, ++findings[$1]] = $2 "\t" $3
    total++
  }
}

END {
  for (p = 1; p <= projects; p++) failed += findings[project[p]] > 0
  verdict = failed == 0 ? "Nothing was found." : total " finding" (total == 1 ? "" : "s") " in " failed " of " projects " projects."
  print_json()
  print_markdown()
  print_html()
  printf "{\"projects\": %d, \"failed\": %d, \"findings\": %d}", projects, failed, total > outputs
}

function print_json(    p, f, each, field) {
  printf "{\n  \"projects\": [" > "report.json"
  for (p = 1; p <= projects; p++) {
    each = project[p]
    printf "%s\n    {\"project\": %s, \"passed\": %d, \"findings\": [", (p > 1 ? "," : ""), quoted(each), passed[each] > "report.json"
    for (f = 1; f <= findings[each]; f++) {
      split(finding[each, f], field, "\t")
      printf "%s\n      {\"check\": %s, \"finding\": %s}", (f > 1 ? "," : ""), quoted(field[1]), quoted(field[2]) > "report.json"
    }
    printf "%s]}", (findings[each] > 0 ? "\n    " : "") > "report.json"
  }
  printf "\n  ],\n  \"failed\": %d,\n  \"findings\": %d\n}\n", failed, total > "report.json"
}

function print_markdown(    p, f, each, field) {
  printf "# Portfolio\n\n%s\n", verdict > "report.md"
  for (p = 1; p <= projects; p++) {
    each = project[p]
    printf "\n## %s\n\n", escaped(each) > "report.md"
    if (findings[each] == 0) print "Nothing was found." > "report.md"
    for (f = 1; f <= findings[each]; f++) {
      split(finding[each, f], field, "\t")
      printf "- **%s**: %s\n", field[1], escaped(field[2]) > "report.md"
    }
  }
}

function print_html(    p, f, each, field) {
  print "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Portfolio</title>" > "report.html"
  print "<style>body{font:1rem/1.5 sans-serif;margin:2rem;max-width:60rem}td,th{border:1px solid #888;padding:.3rem .6rem;text-align:left}</style>" > "report.html"
  print "<h1>Portfolio</h1>\n<p>" verdict "</p>\n<table>\n<tr><th>project</th><th>check</th><th>finding</th></tr>" > "report.html"
  for (p = 1; p <= projects; p++) {
    each = project[p]
    if (findings[each] == 0) print "<tr><td>" escaped(each) "</td><td></td><td>nothing</td></tr>" > "report.html"
    for (f = 1; f <= findings[each]; f++) {
      split(finding[each, f], field, "\t")
      print "<tr><td>" escaped(each) "</td><td>" field[1] "</td><td>" escaped(field[2]) "</td></tr>" > "report.html"
    }
  }
  print "</table>\n</html>" > "report.html"
}

function quoted(text) {
  gsub(/[\\"]/, "\\\\&", text)
  return "\"" text "\""
}

function escaped(text) {
  gsub(/&/, "\\&amp;", text)
  gsub(/</, "\\&lt;", text)
  gsub(/>/, "\\&gt;", text)
  return text
}
