import t from "tap";
import { localAuthority } from "../anchor/local-authority.ts";
import { Place } from "../cli/place.ts";
import { follow } from "./run-blocks.ts";

t.test("a trust root is made, used, demanded of and anchored as the guide shows", async (t) => {
  await using authority = await localAuthority();
  const place = new Place(t);
  place.write("tsa-chain.pem", authority.certificates.join(""));
  await follow(t, place, "docs/guide/trust.md", { env: { TSA: authority.url } });
});
