/**
 * One large blob saved to a file over one connection, over as many as the client chooses, and over four: on lines that
 * are narrow for each connection, narrow for all of them, and not narrow at all. Each run is a process of its own, the
 * candidates in turn.
 *
 * `ranges.ts [ROUNDS]`; `ranges.ts run HOST DIGEST FILE RANGES` is one run.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createClient, fileWriter } from "@reg/sdk";
import type { Measured } from "../measure.ts";
import { type LineLimits, limitedLine } from "../network/limited-line.ts";
import { formatTable, median } from "../table.ts";
import { nginxStub } from "./nginx.ts";
import { reportCost } from "./report-cost.ts";
import { randomBlobs } from "./stub-image.ts";

const MIB = 1024 * 1024;
const CANDIDATES = ["off", "auto", "4"] as const;
const ROUNDS = 3;

/** A line, and how large a blob comes over it: as much as takes a while. */
interface Case extends LineLimits {
  readonly name: string;
  readonly mebibytes: number;
}

const CASES: readonly Case[] = [
  { name: "10 MiB/s each, 20 ms", roundTripMs: 20, perConnection: 10 * MIB, mebibytes: 128 },
  { name: "25 MiB/s each, 80 ms", roundTripMs: 80, perConnection: 25 * MIB, mebibytes: 256 },
  { name: "40 MiB/s in all, 20 ms", roundTripMs: 20, inAll: 40 * MIB, mebibytes: 256 },
];

type Run = Measured & { readonly connections: number; readonly requests: number; readonly mebibytes: number };

const [mode, ...rest] = process.argv.slice(2);
await (mode === "run" ? run(rest) : compare(Number(mode ?? ROUNDS)));

async function run([host = "", digest = "", file = "", ranges = ""]: readonly string[]): Promise<void> {
  const choice = ranges === "auto" || ranges === "off" ? ranges : Number(ranges);
  await reportCost(async () => {
    await using client = createClient({ ranges: choice });
    await client.blobs.save(`${host}/bench/app@${digest}`, (descriptor) => fileWriter(file, descriptor));
  });
}

async function compare(rounds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "reg-bench-ranges-"));
  const rows: string[][] = [];
  try {
    for (const { name, mebibytes, ...limits } of CASES) {
      rows.push(...(await rowsOf(name, mebibytes, limits, rounds, folder)));
    }
    rows.push(...(await rowsOf("loopback", 512, undefined, rounds, folder)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const header = ["line", "ranges", "wall s", "cpu s", "peak MiB", "connections", "requests", "MiB sent"];
  console.log(formatTable([...header, "off/it wall", "it/off cpu"], rows, 2));
}

async function rowsOf(
  name: string,
  mebibytes: number,
  limits: LineLimits | undefined,
  rounds: number,
  folder: string,
): Promise<string[][]> {
  const [blob] = randomBlobs(1, mebibytes * MIB);
  if (blob === undefined) return [];
  await using stub = await nginxStub([blob], blob.mediaType, {}, folder);
  const runs = new Map<string, Run[]>(CANDIDATES.map((candidate) => [candidate, []]));
  for (let round = 0; round < rounds; round++) {
    for (const candidate of CANDIDATES) {
      runs
        .get(candidate)
        ?.push(await oneRun(stub.host, limits, blob.digest, join(folder, "saved"), candidate));
    }
  }
  const off = runs.get("off") ?? [];
  return CANDIDATES.map((candidate) => {
    const own = runs.get(candidate) ?? [];
    const of = (pick: (one: Run) => number, digits: number): string => median(own.map(pick)).toFixed(digits);
    const ratio = (pick: (one: Run) => number): number[] =>
      own.map((one, index) => pick(one) / pick(off[index] ?? one));
    const isLine = limits !== undefined;
    return [
      `${name}, ${mebibytes} MiB`,
      candidate,
      of(({ wallSeconds }) => wallSeconds, 2),
      of(({ cpuSeconds }) => cpuSeconds, 2),
      of(({ peakBytes }) => peakBytes / MIB, 0),
      isLine ? of(({ connections }) => connections, 0) : "",
      isLine ? of(({ requests }) => requests, 0) : "",
      isLine ? of((one) => one.mebibytes, 0) : "",
      (1 / median(ratio(({ wallSeconds }) => wallSeconds))).toFixed(2),
      median(ratio(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
    ];
  });
}

async function oneRun(
  host: string,
  limits: LineLimits | undefined,
  digest: string,
  file: string,
  candidate: string,
): Promise<Run> {
  await using line = limits === undefined ? undefined : await limitedLine(host, limits);
  await rm(file, { force: true });
  const script = fileURLToPath(import.meta.url);
  const words = ["--conditions=@reg/source", script, "run", line?.host ?? host, digest, file, candidate];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  const { connections = 0, requests = 0, bytes = 0 } = line?.counts() ?? {};
  // What a run prints is what `reportCost` makes.
  const cost = JSON.parse(stdout) as Measured;
  return { ...cost, connections, requests, mebibytes: bytes / MIB };
}
