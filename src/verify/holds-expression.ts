import { isJsonObject } from "#canon/json.ts";

/** Whether an expression stands anywhere in a value of the plan, however deep. */
export function holdsExpression(value: unknown): boolean {
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const each = waiting.pop();
    if (Array.isArray(each)) {
      each.forEach((item) => waiting.push(item));
    } else if (isJsonObject(each)) {
      if (Object.hasOwn(each, "$cel")) {
        return true;
      }
      Object.values(each).forEach((item) => waiting.push(item));
    }
  }
  return false;
}
