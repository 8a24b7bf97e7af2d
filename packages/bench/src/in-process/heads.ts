/** `heads.ts ours|undici HOST`: HEAD of 20,000 manifests, by this client or by undici as it comes. */
import { createClient } from "@reg/sdk";
import { Agent, request } from "undici";
import { reportCost } from "./report-cost.ts";

const COUNT = 20_000;
const IN_FLIGHT = 64;
/** Enough for the compiler to settle. */
const BEFORE_COUNT = 2_000;
/** Most connections of either. */
const CONNECTIONS = 16;

const [candidate, host = ""] = process.argv.slice(2);
await using client = createClient({ connections: CONNECTIONS });
const plain = new Agent({ connections: CONNECTIONS });

const head = candidate === "ours" ? ours : undici;
await many(BEFORE_COUNT);
await reportCost(() => many(COUNT));
await plain.close();

async function many(count: number): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (left-- > 0) await head();
    }),
  );
}

async function ours(): Promise<void> {
  await client.manifests.head(`${host}/bench/app:1.0`);
}

async function undici(): Promise<void> {
  const url = `http://${host}/v2/bench/app/manifests/1.0`;
  const { body } = await request(url, { method: "HEAD", dispatcher: plain });
  await body.dump();
}
