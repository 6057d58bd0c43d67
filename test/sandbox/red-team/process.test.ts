import t from "tap";
import { processAttacks } from "./process-attacks.ts";
import { runAttacks } from "./run-attacks.ts";

runAttacks(t, processAttacks);
