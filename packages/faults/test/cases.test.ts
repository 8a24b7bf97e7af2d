import { expect, it } from "vitest";
import { cases, serverCases } from "../src/cases/index.ts";
import { describeCases } from "./describe-cases.ts";

describeCases(
  "our own client meets",
  cases.filter(({ slow }) => slow !== true),
);

it("has no two cases of one name", () => {
  const names = [...cases, ...serverCases].map(({ id }) => id);
  expect(new Set(names).size).toBe(names.length);
});
