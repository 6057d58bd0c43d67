import type { Sandbox } from "#plan/plan.ts";
import { LISTENER_PORT } from "./init/init-program.ts";

const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/**
 * The variables by which programs find the way out: both cases, because curl takes `http_proxy` in lower case only and
 * others want capitals; Node.js asks for a switch besides. Servers that a step starts for itself are reached directly,
 * unless a rule means the host by that name.
 */
export function egressEnv({ egressAllowlist }: Sandbox): Readonly<Record<string, string>> {
  if (egressAllowlist.length === 0) {
    return {};
  }
  const proxy = `http://127.0.0.1:${LISTENER_PORT}`;
  const direct = LOOPBACK.filter((name) => egressAllowlist.every(({ host }) => host !== name && host !== `[${name}]`));
  const values = { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, ALL_PROXY: proxy, NO_PROXY: direct.join(",") };
  return {
    ...values,
    ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name.toLowerCase(), value])),
    NODE_USE_ENV_PROXY: "1",
  };
}
