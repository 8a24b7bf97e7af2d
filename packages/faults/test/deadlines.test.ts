import { cases } from "../src/cases/index.ts";
import { describeCases } from "./describe-cases.ts";
import { inProcessClient } from "./in-process-client.ts";

/** What waits for a deadline; with the default ones these take minutes, and stand among the slow cases. */
const DEADLINES = new Set([
  "early-hints-for-ever",
  "headers-byte-by-byte",
  "body-at-one-byte-a-second-once",
  "body-at-one-byte-a-second-for-ever",
  "peer-vanishes-in-the-middle-once",
]);

describeCases(
  "our own client, with short deadlines, meets",
  cases.filter(({ id }) => DEADLINES.has(id)),
  inProcessClient({ headersTimeoutMs: 1500, idleTimeoutMs: 1500, minRateWindowMs: 1500 }),
);
