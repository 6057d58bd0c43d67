/** A position in a text. `line` and `column` count from 1; `column` counts UTF-16 units. */
export type Position = { readonly line: number; readonly column: number };

/** A half-open stretch of a text. */
export type Range = { readonly start: Position; readonly end: Position };

/** Where something is wrong: a file, perhaps a stretch of it, or a JSON pointer inside it. */
export type Place = { readonly file?: string; readonly range?: Range; readonly pointer?: string };
