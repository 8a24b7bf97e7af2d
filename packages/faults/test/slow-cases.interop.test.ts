import { cases } from "../src/cases/index.ts";
import { describeCases } from "./describe-cases.ts";

describeCases(
  "our own client waits, and gives up in time, when it meets",
  cases.filter(({ slow }) => slow === true),
);
