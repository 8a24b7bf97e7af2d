import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { reg } from "./support/reg.ts";
import { scratchFolder } from "./support/scratch.ts";

const MIB = 1024 * 1024;
const content = Buffer.alloc(65 * MIB, "a layer that is large enough to come in parts; ");
const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
const scratch = scratchFolder();
const cwd = scratch.path;
let server: Server;
let ref: string;
let asked: (string | undefined)[] = [];

beforeAll(async () => {
  server = createServer(({ method, headers }, response) => {
    const [, start = 0, last = content.byteLength - 1] =
      /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "")?.map(Number) ?? [];
    if (method === "GET") asked.push(headers.range);
    response.writeHead(headers.range === undefined ? 200 : 206, {
      "content-length": last + 1 - start,
      ...(headers.range === undefined
        ? {}
        : { "content-range": `bytes ${start}-${last}/${content.byteLength}` }),
    });
    response.end(method === "HEAD" ? undefined : content.subarray(start, last + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ref = `localhost:${(server.address() as AddressInfo).port}/demo/app@${digest}`;
});

beforeEach(() => {
  asked = [];
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
  scratch[Symbol.dispose]();
});

describe("--ranges", () => {
  test("a number fetches a large blob in parts", async () => {
    const ended = await reg(["blob", "get", ref, "-o", "parts", "--ranges", "3"], { cwd });
    expect(ended.code).toBe(0);
    expect(readFileSync(join(cwd, "parts")).equals(content)).toBe(true);
    expect(asked).toHaveLength(9);
    expect(asked).toContain(`bytes=0-${8 * MIB - 1}`);
    expect(asked).toContain(`bytes=${64 * MIB}-${65 * MIB - 1}`);
  });

  test.each([["off"], ["auto"], ["1"]])("%s fetches it at once where that is fast", async (word) => {
    const ended = await reg(["blob", "get", ref, "-o", word, "--ranges", word], { cwd });
    expect(ended.code).toBe(0);
    expect(readFileSync(join(cwd, word)).equals(content)).toBe(true);
    expect(asked).toEqual([undefined]);
  });

  test.each([["none"], ["0"], ["-1"], ["1.5"], ["1000"]])("%s is a mistake of usage", async (word) => {
    const ended = await reg(["blob", "get", ref, "-o", "none", `--ranges=${word}`], { cwd });
    expect(ended).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("--ranges") });
    expect(asked).toEqual([]);
  });
});
