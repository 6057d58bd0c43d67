# The paths of one valid shard to one row for each advisory: id, severity, ecosystem, packages, fixed in, modified, withdrawn,
# summary. Refuses an advisory in the wrong order or about another ecosystem than that of its shard.
BEGIN { FS = OFS = "\t" }

$1 == ".ecosystem" { ecosystem = $2 }

match($1, /^\.advisories\[[0-9]+\]/) {
  advisory = substr($1, RSTART, RLENGTH)
  member = substr($1, RLENGTH + 1)
  if (!(advisory in seen)) {
    seen[advisory] = 1
    order[++count] = advisory
  }
  if (member == ".id") id[advisory] = $2
  else if (member == ".modified") modified[advisory] = $2
  else if (member == ".withdrawn") withdrawn[advisory] = $2
  else if (member == ".summary") summary[advisory] = $2
  else if (member == ".database_specific.severity") severity[advisory] = $2
  else if (member ~ /^\.affected\[[0-9]+\]\.package\.name$/) packages[advisory] = joined(packages[advisory], $2)
  else if (member ~ /^\.affected\[[0-9]+\]\.ranges\[[0-9]+\]\.events\[[0-9]+\]\.fixed$/) fixed[advisory] = joined(fixed[advisory], $2)
  else if (member ~ /^\.affected\[[0-9]+\]\.package\.ecosystem$/ && $2 != ecosystem) refuse(advisory " is about " $2 ", its shard about " ecosystem)
}

END {
  for (i = 1; i <= count && !refused; i++) {
    advisory = order[i]
    # As text: ids that look like numbers must not be compared as such.
    if (i > 1 && (id[advisory] "") <= (before "")) {
      refuse(id[advisory] " comes after " before)
    }
    before = id[advisory]
    print id[advisory], severity[advisory], ecosystem, packages[advisory], fixed[advisory] == "" ? "-" : fixed[advisory], \
      modified[advisory], withdrawn[advisory] == "" ? "-" : withdrawn[advisory], summary[advisory]
  }
  exit refused
}

function joined(list, value) {
  return list == "" ? value : list "," value
}

function refuse(why) {
  print why > "/dev/stderr"
  refused = 1
}
