import { expect, it } from "vitest";
import { hasPrograms } from "../../../.config/programs.ts";
import { cases } from "../src/cases/index.ts";
import { type CommandDialect, commandClient } from "../src/command-client.ts";
import { craneDialect, skopeoDialect } from "../src/dialects.ts";
import { play } from "../src/stage.ts";

/** What these versions are known to do wrong, so that a suite that lets everything pass is found out. */
const KNOWN_TO_FAIL: readonly (readonly [CommandDialect, string])[] = [
  [skopeoDialect, "body-reset-once"],
  [skopeoDialect, "realm-of-a-stranger"],
  [craneDialect, "realm-of-a-stranger"],
];
const KNOWN_TO_PASS: readonly (readonly [CommandDialect, string])[] = [
  [skopeoDialect, "body-wrong-bytes"],
  [skopeoDialect, "token-refused-for-ever"],
];

for (const [expected, pairs] of [
  ["fail", KNOWN_TO_FAIL],
  ["pass", KNOWN_TO_PASS],
] as const)
  for (const [dialect, id] of pairs)
    it(`says ${expected} of ${dialect.name} and ${id}`, async ({ skip }) => {
      const client = await commandClient(dialect);
      if (client === undefined) {
        hasPrograms(dialect.name);
        return skip(`${dialect.name} is not installed`);
      }
      const one = cases.find((each) => each.id === id);
      if (one === undefined) throw new Error(`there is no case ${id}`);
      expect(await play(one, client)).toMatchObject({ status: expected });
    });
