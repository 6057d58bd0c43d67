import type { Workplace } from "#app/workplace.ts";
import type { Fault } from "#fault/fault.ts";
import type { Cli, GlobalOptions } from "./cli.ts";
import { formatOf, settingsSource } from "./options.ts";

/** Opens the store and everything else that a command works with, and closes it again; the command's exit code. */
export async function withWorkplace(
  cli: Cli,
  options: GlobalOptions,
  work: (workplace: Workplace) => Promise<number>,
): Promise<number> {
  const { openWorkplace } = await import("#compose.ts");
  const opened = await openWorkplace(settingsSource(cli, options), openOptions(cli, options));
  return opened.ok
    ? closingAfter(cli, options, opened.value, () => work(opened.value))
    : cli.fault(opened.fault, formatOf(options));
}

/** As `withWorkplace`, also where the store cannot be opened: `unopened` says why. */
export async function withWorkplaceAnyway(
  cli: Cli,
  options: GlobalOptions,
  work: (workplace: Workplace, unopened?: Fault) => Promise<number>,
): Promise<number> {
  const { openWorkplaceAnyway } = await import("#compose.ts");
  const opened = await openWorkplaceAnyway(settingsSource(cli, options), openOptions(cli, options));
  if (!opened.ok) {
    return cli.fault(opened.fault, formatOf(options));
  }
  const { workplace, unopened } = opened.value;
  return closingAfter(cli, options, workplace, () => work(workplace, unopened));
}

function openOptions(
  cli: Cli,
  { input }: GlobalOptions,
): { readonly mayAsk: boolean; readonly unread: (fault: Fault) => void } {
  const unread = ({ code, message }: Fault): void =>
    cli.note(`the run index was lost; it is made again, but not whole: ${message} [${code}]`);
  return { mayAsk: input !== false, unread };
}

async function closingAfter(
  cli: Cli,
  options: GlobalOptions,
  { egress, store }: Workplace,
  work: () => Promise<number>,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    const { StoreError } = await import("#fault/store-error.ts");
    if (error instanceof StoreError) {
      return cli.fault(error.fault, formatOf(options));
    }
    throw error;
  } finally {
    await egress.close();
    await store.close();
  }
}
