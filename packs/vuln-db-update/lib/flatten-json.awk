# JSON to lines "path<TAB>value", one for each string, number, true, false and null, in the order of the text. Strings come
# without quotes and with their escapes, so a value holds neither tab nor line end. The document is known to be valid JSON:
# no string crosses a line, and every quote that is not escaped begins or ends one. Linear in the length of the text.
{
  parts = split($0, part, "\"")
  inside = 0
  for (i = 1; i <= parts; i++) {
    if (!inside) {
      outside(part[i])
      inside = 1
      text = ""
    } else {
      text = text part[i]
      if (match(text, /\\+$/) && RLENGTH % 2 == 1) {
        text = text "\""
      } else {
        string(text)
        inside = 0
      }
    }
  }
}

function outside(characters,    count, word, w) {
  gsub(/[][{},:]/, " & ", characters)
  count = split(characters, word, " ")
  for (w = 1; w <= count; w++) {
    if (word[w] == "{" || word[w] == "[") {
      path[depth + 1] = place()
      depth++
      list[depth] = word[w] == "["
      at[depth] = 0
      awaiting_name = !list[depth]
    } else if (word[w] == "}" || word[w] == "]") {
      depth--
      awaiting_name = 0
    } else if (word[w] == ",") {
      at[depth]++
      awaiting_name = !list[depth]
    } else if (word[w] == ":") {
      awaiting_name = 0
    } else {
      print place() "\t" word[w]
    }
  }
}

function string(text) {
  if (awaiting_name) {
    name[depth] = text
  } else {
    print place() "\t" text
  }
}

function place() {
  if (depth == 0) {
    return ""
  }
  return list[depth] ? path[depth] "[" at[depth] "]" : path[depth] "." name[depth]
}
