import t from "tap";
import { runAttacks } from "./run-attacks.ts";
import { watchdogAttacks } from "./watchdog-attacks.ts";

runAttacks(t, watchdogAttacks, { options: { cgroups: { kind: "none" } } });
