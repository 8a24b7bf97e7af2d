import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "@reg/sdk";
import { expect, onTestFinished, test } from "vitest";
import { hasPrograms } from "../../../.config/programs.ts";
import { measure } from "../src/measure.ts";
import { curl } from "../src/network/curl.ts";

const small = Buffer.from("a small blob");
const large = Buffer.alloc(2 * 1024 * 1024, "large");

/** Pulls these blobs by curl from a server that sends what `sent` makes of them, and gives the files' names. */
async function pulled(blobs: readonly Buffer[], sent: (blob: Buffer) => Buffer): Promise<string[]> {
  const contents = new Map<string, Buffer>(blobs.map((blob) => [digestOf(blob), blob]));
  const server = createServer((request, response) => {
    const blob = contents.get(request.url?.split("/blobs/")[1] ?? "");
    if (blob === undefined) response.writeHead(404).end();
    else response.end(sent(blob));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const folder = await mkdtemp(join(tmpdir(), "reg-bench-test-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const reference = `127.0.0.1:${address.port}/bench/app:1.0`;
  const command = curl()?.pull?.({
    reference,
    folder,
    tls: false,
    blobs: [...contents].map(([digest, { length }]) => ({ digest, size: length })),
  });
  await measure(command ?? []);
  return readdir(folder);
}

test.skipIf(!hasPrograms("curl", "openssl")).each([
  ["small", [small, Buffer.from("another")]],
  ["large", [large, small]],
] as const)(
  "curl and openssl take %s blobs, and fail where one is not what its digest says",
  async (_, blobs) => {
    expect((await pulled(blobs, (blob) => blob)).toSorted()).toEqual(
      blobs.map((blob) => digestOf(blob).slice(7)).toSorted(),
    );
    const swapped = (blob: Buffer): Buffer => (blob === small ? Buffer.from("A small blob") : blob);
    await expect(pulled(blobs, swapped)).rejects.toThrow("ended with");
  },
);
