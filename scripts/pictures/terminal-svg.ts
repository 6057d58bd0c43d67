import type { Cell, Color, Look } from "./screen.ts";

// In SVG units, which are pixels at 100 %.
const FONT = 14;
const ADVANCE = 8.4;
const LINE = 19;
const PADDING = 16;
const TITLE_BAR = 30;

const BACKGROUND = "#0d1117";
const INK = "#d6dde5";
const COLORS: Readonly<Record<Color, string>> = {
  red: "#ff7b72",
  green: "#56d364",
  yellow: "#e3b341",
  cyan: "#56c8d8",
};

/** A terminal as an SVG picture: nothing but text and three dots, so that a reader's own fixed font serves. */
export function terminalSvg(lines: readonly (readonly Cell[])[], columns: number, title: string): string {
  const width = Math.ceil(columns * ADVANCE + 2 * PADDING);
  const height = lines.length * LINE + TITLE_BAR + PADDING;
  const dots = ["#ff5f57", "#febc2e", "#28c840"].map(
    (fill, at) => `<circle cx="${PADDING + 5 + at * 18}" cy="15" r="5" fill="${fill}"/>`,
  );
  const texts = lines.flatMap((cells, at) =>
    runsOf(cells).map((run) => textOf(run, TITLE_BAR + PADDING / 4 + at * LINE + FONT)),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>`,
    ...dots,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${FONT}" fill="${INK}" xml:space="preserve">`,
    ...texts,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

type Run = { readonly column: number; readonly text: string; readonly look: Look };

/** Stretches of one look, without the spaces around them, which would draw nothing. */
function runsOf(cells: readonly Cell[]): readonly Run[] {
  const runs: { column: number; text: string; look: Look }[] = [];
  for (const [column, { character, look }] of cells.entries()) {
    const last = runs.at(-1);
    if (last !== undefined && isSame(last.look, look)) {
      last.text += character;
    } else {
      runs.push({ column, text: character, look });
    }
  }
  return runs.flatMap(({ column, text, look }) => {
    const start = text.length - text.trimStart().length;
    return text.trim() === "" ? [] : [{ column: column + start, text: text.trim(), look }];
  });
}

function isSame(a: Look, b: Look): boolean {
  return a.color === b.color && a.bold === b.bold && a.dim === b.dim;
}

/** The length is said, so that columns stand below each other in every font. */
function textOf({ column, text, look }: Run, y: number): string {
  const { color, bold, dim } = look;
  const attributes = [
    `x="${number(PADDING + column * ADVANCE)}"`,
    `y="${number(y)}"`,
    `textLength="${number([...text].length * ADVANCE)}"`,
    ...(color === undefined ? [] : [`fill="${COLORS[color]}"`]),
    ...(bold === undefined ? [] : ['font-weight="bold"']),
    ...(dim === undefined ? [] : ['opacity="0.6"']),
  ];
  return `<text ${attributes.join(" ")}>${escaped(text)}</text>`;
}

function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
