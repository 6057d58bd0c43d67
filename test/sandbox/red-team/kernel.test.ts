import t from "tap";
import { kernelAttacks } from "./kernel-attacks.ts";
import { runAttacks } from "./run-attacks.ts";

runAttacks(t, kernelAttacks);
