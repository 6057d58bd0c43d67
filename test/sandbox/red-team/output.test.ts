import t from "tap";
import { outputAttacks } from "./output-attacks.ts";
import { runAttacks } from "./run-attacks.ts";

runAttacks(t, outputAttacks);
