/** Longer names are not compared: nobody mistypes them by a letter or two, and the cost must stay small. */
const LONGEST = 64;

/** The known name that `name` was probably meant to be, as `nearNames` finds them; undefined when none is near. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  return nearNames(name, known)[0];
}

/**
 * The known names that `name` may have been meant to be, the nearest first: by edits (insert, delete, replace, swap of
 * neighbours; case is none), at most one for each three letters.
 */
export function nearNames(name: string, known: Iterable<string>): readonly string[] {
  if (name.length > LONGEST) {
    return [];
  }
  const lower = name.toLowerCase();
  const most = Math.floor(name.length / 3);
  const near: { readonly candidate: string; readonly edits: number }[] = [];
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) <= most && candidate.length <= LONGEST) {
      const edits = editDistance(lower, candidate.toLowerCase());
      if (edits <= most) {
        near.push({ candidate, edits });
      }
    }
  }
  return near.sort((a, b) => a.edits - b.edits).map(({ candidate }) => candidate);
}

/** Optimal string alignment distance (Damerau-Levenshtein without overlapping edits). */
function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
