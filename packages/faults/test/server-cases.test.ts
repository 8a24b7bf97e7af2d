import { describe, expect, it } from "vitest";
import { serverCases } from "../src/cases/index.ts";
import { embeddedServer } from "../src/servers/embedded-server.ts";
import { playServer } from "../src/servers/server-stage.ts";

const server = await embeddedServer();
if (server === undefined) throw new Error("@reg/server is a development dependency, and yet not there");

describe.concurrent("our own server meets", () => {
  for (const one of serverCases)
    it(`${one.id}: ${one.fault}`, { timeout: 60_000 }, async () => {
      const verdict = await playServer(one, server);
      expect(verdict, `${one.expectation} (${one.reason})`).toMatchObject({ status: "pass" });
    });
});
