import { codeTable } from "#fault/code-table.ts";
import { fieldCodes } from "./field-codes.ts";
import { ruleCodes } from "./rule-codes.ts";
import { yamlCodes } from "./yaml-codes.ts";

/** Every code that reading a pack can give. */
export const packCodes = codeTable({ ...yamlCodes, ...fieldCodes, ...ruleCodes });
export type PackCode = keyof typeof packCodes;
