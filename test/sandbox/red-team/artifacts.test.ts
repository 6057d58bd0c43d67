import t from "tap";
import { artifactsAttacks } from "./artifacts-attacks.ts";
import { runAttacks } from "./run-attacks.ts";

runAttacks(t, artifactsAttacks);
