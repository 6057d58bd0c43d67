import t from "tap";
import { fileAttacks } from "./file-attacks.ts";
import { runAttacks } from "./run-attacks.ts";

runAttacks(t, fileAttacks);
