/** What a command was started with, as far as settings go. */
export type SettingsSource = {
  readonly flags: {
    readonly store?: string;
    readonly tenant?: string;
    readonly trust?: string;
    readonly config?: string;
  };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
};
