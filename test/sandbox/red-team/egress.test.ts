import t from "tap";
import { egressAttacks } from "./egress-attacks.ts";
import { bindEgress } from "./egress-bait.ts";
import { groundOfParent, runAttacks } from "./run-attacks.ts";

const ground = groundOfParent();
const egress = await bindEgress();
t.teardown(async () => egress.close());
runAttacks(t, egressAttacks, { ...ground, options: { ...ground.options, egress } });
