import { createServer } from "node:net";
import t, { type Test } from "tap";
import { attacksOn } from "./hosted-attacks.ts";
import { hostedPlace, PLAIN_USER } from "./hosted-place.ts";

const asRoot = process.getuid?.() === 0;
const options = { skip: asRoot ? false : "only root lays out a host and becomes another user" };

async function hostPort(t: Test): Promise<number> {
  const server = createServer(() => undefined).listen(0, "127.0.0.1");
  t.teardown(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

for (const [who, uid] of [
  ["root", undefined],
  ["a plain user", PLAIN_USER],
] as const) {
  t.test(`in mode restricted of a runner that is ${who}, a step cannot`, options, async (t) => {
    const place = await hostedPlace(t, uid);
    const attacks = attacksOn(place.folder, await hostPort(t));
    const { findings, runs } = place.run({ scripts: attacks.map(({ script }) => script) });
    t.match(
      findings.find(({ name }) => name === "mode restricted"),
      { status: "ok" },
    );
    t.equal(runs.length, attacks.length);
    attacks.forEach(({ attack }, index) => {
      const run = runs[index];
      t.equal(run?.stdout, "held\n", `${attack}: ${JSON.stringify(run)}`);
      t.match(run?.enforced, { mode: "restricted" });
    });
  });
}
