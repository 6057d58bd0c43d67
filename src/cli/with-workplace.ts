import type { Workplace } from "#app/workplace.ts";
import type { Cli, GlobalOptions } from "./cli.ts";
import { formatOf, settingsSource } from "./options.ts";

/** Opens the store and everything else that a command works with, and closes it again; the command's exit code. */
export async function withWorkplace(
  cli: Cli,
  options: GlobalOptions,
  work: (workplace: Workplace) => Promise<number>,
): Promise<number> {
  const { openWorkplace } = await import("#compose.ts");
  const opened = await openWorkplace(settingsSource(cli, options), { mayAsk: options.input !== false });
  if (!opened.ok) {
    return cli.fault(opened.fault, formatOf(options));
  }
  try {
    return await work(opened.value);
  } catch (error) {
    const { StoreError } = await import("#fault/store-error.ts");
    if (error instanceof StoreError) {
      return cli.fault(error.fault, formatOf(options));
    }
    throw error;
  } finally {
    await opened.value.egress.close();
    await opened.value.store.close();
  }
}
