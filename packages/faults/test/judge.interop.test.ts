import { expect, it } from "vitest";
import { hasPrograms } from "../../../.config/programs.ts";
import { cases, serverCases } from "../src/cases/index.ts";
import { type CommandDialect, commandClient } from "../src/command-client.ts";
import { craneDialect, skopeoDialect } from "../src/dialects.ts";
import { distributionServer } from "../src/servers/command-servers.ts";
import { playServer } from "../src/servers/server-stage.ts";
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

it("says fail of a server that answers to every name, and pass where it counts pages itself", async ({
  skip,
}) => {
  const server = await distributionServer();
  if (server === undefined) {
    hasPrograms("docker-registry");
    return skip("docker-registry is not installed");
  }
  const verdicts = await Promise.all(
    serverCases
      .filter(({ id }) => id === "host-of-a-stranger" || id === "page-of--1")
      .map(async (one) => [one.id, (await playServer(one, server)).status]),
  );
  expect(Object.fromEntries(verdicts)).toEqual({ "host-of-a-stranger": "fail", "page-of--1": "pass" });
});
