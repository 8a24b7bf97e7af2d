import { cases } from "../src/cases/index.ts";
import { describeCases } from "./describe-cases.ts";

/** Six minutes with the default deadlines; with short ones it is part of every run (deadlines.test.ts). */
const TOO_SLOW = "body-at-one-byte-a-second-for-ever";

describeCases(
  "our own client waits, and gives up in time, when it meets",
  cases.filter(({ id, slow }) => slow === true && id !== TOO_SLOW),
);
