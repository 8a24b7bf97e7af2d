/**
 * `node src/main.ts enqueue RULES.yaml` puts the steps of the rules into the queue; `node src/main.ts work RULES.yaml`
 * works them off, in as many processes on as many machines as you like. REDIS_URL says where Redis is.
 */
import { readFile } from "node:fs/promises";
import { createClient, parseSyncRules } from "@reg/sdk";
import { parse } from "yaml";
import { enqueue } from "./enqueue.ts";
import { connect, openQueue } from "./mirror-queue.ts";
import { work } from "./work.ts";

const [verb, file] = process.argv.slice(2);
if (file === undefined || (verb !== "enqueue" && verb !== "work")) {
  console.error("usage: node src/main.ts enqueue|work RULES.yaml");
  process.exit(2);
}
const rules = parseSyncRules(parse(await readFile(file, "utf8")));
const redis = connect(process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379");
await using client = createClient();

if (verb === "enqueue") {
  const queue = openQueue(redis);
  const plan = await enqueue(queue, rules, (name) => client.repository(name));
  for (const { from, error } of plan.failures) console.error(`${from}: ${error.code}: ${error.message}`);
  console.log(`${plan.steps.length} steps`);
  await queue.close();
} else {
  const worker = work(client, rules, redis, {
    concurrency: rules.concurrency,
    lockMs: Number(process.env["LOCK_MS"] ?? 30_000),
    claimMs: Number(process.env["LOCK_MS"] ?? 30_000),
  });
  worker.on("completed", ({ data }, { status, bytes }) =>
    console.log(`${data.id}: ${status}, ${bytes} bytes`),
  );
  worker.on("failed", (_, error) => console.error(error.message));
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  // Finishes the steps it has begun.
  await worker.close();
}
redis.disconnect();
