import t from "tap";
import { networkAttacks } from "./network-attacks.ts";
import { runAttacks } from "./run-attacks.ts";

runAttacks(t, networkAttacks);
