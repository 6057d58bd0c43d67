import t from "tap";
import { secretsAttacks } from "./secrets-attacks.ts";
import { runAttacks } from "./run-attacks.ts";

runAttacks(t, secretsAttacks);
