/** A file that is to be written: its path below a folder, and whether it may be executed. */
export type NewFile = { readonly path: string; readonly text: string; readonly executable: boolean };
