import t from "tap";
import { survive } from "../cli/survive-kills.ts";

t.test("200 runs survive 20 kills of three servers", async (t) => {
  await survive(t, { roles: ["all", "api", "worker"], runs: 200, kills: 20 });
});
