/** One to four segments. */
export const PACK_NAME: RegExp = /^[a-z0-9-]{1,63}(?:\/[a-z0-9-]{1,63}){0,3}$/;
/** https://semver.org/spec/v2.0.0.html, section 2, 9 and 10. */
export const SEM_VER: RegExp =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** Whether `version` comes before `other` (Semantic Versioning 2.0.0, section 11); build metadata does not count. */
export function isEarlierVersion(version: string, other: string): boolean {
  const [core, pre] = partsOf(version);
  const [otherCore, otherPre] = partsOf(other);
  const byCore = compareLists(core, otherCore);
  if (byCore !== 0) {
    return byCore < 0;
  }
  if (pre.length === 0 || otherPre.length === 0) {
    return pre.length > 0 && otherPre.length === 0;
  }
  return compareLists(pre, otherPre) < 0;
}

function partsOf(version: string): readonly [core: readonly string[], pre: readonly string[]] {
  const [known = ""] = version.split("+");
  const dash = known.indexOf("-");
  return dash === -1 ? [known.split("."), []] : [known.slice(0, dash).split("."), known.slice(dash + 1).split(".")];
}

/** The first difference decides; of equal beginnings the shorter list comes first. */
function compareLists(list: readonly string[], other: readonly string[]): number {
  for (const [at, part] of list.entries()) {
    const against = other[at];
    const order = against === undefined ? 1 : compareParts(part, against);
    if (order !== 0) {
      return order;
    }
  }
  return list.length - other.length;
}

/** Numbers by their value, of any length; before all words; words in order of ASCII. */
function compareParts(part: string, other: string): number {
  const [isNumber, otherIsNumber] = [part, other].map((text) => /^\d+$/.test(text));
  if (isNumber !== otherIsNumber) {
    return isNumber === true ? -1 : 1;
  }
  if (isNumber === true && part.length !== other.length) {
    return part.length - other.length;
  }
  return part === other ? 0 : part < other ? -1 : 1;
}
