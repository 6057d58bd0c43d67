import t from "tap";
import { limitsAttacks } from "./limits-attacks.ts";
import { runAttacks } from "./run-attacks.ts";

runAttacks(t, limitsAttacks);
