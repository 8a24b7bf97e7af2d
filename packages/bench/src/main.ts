import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { type Arguments, chosen, parseArguments, USAGE } from "./arguments.ts";
import { chart } from "./chart.ts";
import { judge } from "./goals.ts";
import { inProcessJobs } from "./in-process/jobs.ts";
import { withTables } from "./markdown-report.ts";
import { curl } from "./network/curl.ts";
import { networkJobs } from "./network/jobs.ts";
import { type Peer, peers, versionOf } from "./network/peers.ts";
import { raised } from "./network/raised.ts";
import { synced, unsynced } from "./network/synced.ts";
import type { JobReport, Report } from "./report.ts";
import { runJob } from "./run-job.ts";
import { runScript, scripts } from "./scripts.ts";
import { medianOf } from "./statistics.ts";
import { goalsText, jobText } from "./text-report.ts";

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});

async function main(): Promise<void> {
  const given = parseArguments(process.argv.slice(2), process.env["INIT_CWD"] ?? process.cwd());
  const parent = given.folder ?? tmpdir();
  await mkdir(parent, { recursive: true });
  const root = await mkdtemp(join(parent, "reg-bench-"));
  const interrupted = new AbortController();
  // Each time it comes: who sends one to a whole group of processes sends two.
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
  try {
    await bench(given, root, interrupted.signal);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function bench(given: Arguments, root: string, signal: AbortSignal): Promise<void> {
  const field = contestants(given.peers);
  const jobs = [...networkJobs({ root, registry: given.registry, peers: field }), ...inProcessJobs(root)];
  if (given.help) {
    const all = [...jobs, ...scripts].map(({ name, what }) => `  ${name.padEnd(22)} ${what}`);
    console.log(`${USAGE}\n\nJobs:\n${all.join("\n")}`);
    return;
  }
  const wanted = chosen<{ readonly name: string }>([...jobs, ...scripts], given.names);
  const failures: string[] = [];
  const onFailure = (message: string): void => {
    failures.push(message);
    console.log(message);
  };
  const about = describe(given, root, field);
  console.log(`${about.machine}\n${about.versions.join(", ")}\n${about.setup}\n`);

  const measured: JobReport[] = [];
  for (const job of jobs.filter((one) => wanted.includes(one))) {
    const { name, what } = job;
    const started = performance.now();
    try {
      const results = await runJob(job, { rounds: given.rounds, folder: root, signal, onFailure });
      measured.push({ name, what, results });
      const seconds = ((performance.now() - started) / 1000).toFixed(0);
      console.log(`${jobText({ name, what, results })}\n${seconds} s in all\n`);
    } catch (error) {
      signal.throwIfAborted();
      onFailure(`${name}: ${String(error)}`);
    }
  }
  const texts: Report["texts"][number][] = [];
  for (const script of scripts.filter((one) => wanted.includes(one))) {
    const { name, what } = script;
    try {
      const text = await runScript(script, signal);
      texts.push({ name, what, text });
      console.log(`${name}: ${what}\n${text}\n`);
    } catch (error) {
      signal.throwIfAborted();
      onFailure(`${name}: ${String(error)}`);
    }
  }
  const verdicts = judge(measured.flatMap(({ results }) => results));
  if (verdicts.length > 0) console.log(goalsText(verdicts));
  await write(given, { ...about, jobs: measured, texts, verdicts, failures });
}

/** Ourselves, each peer that is installed, and what else there is of it. */
function contestants(names: readonly string[] | undefined): Peer[] {
  const found = peers().filter(({ name }) => names === undefined || name === "reg" || names.includes(name));
  if (found[0]?.name !== "reg") throw new Error("reg is not built: run pnpm build");
  const others = found.filter(({ role }) => role === "peer");
  const limit = names === undefined || names.includes("curl") ? curl() : undefined;
  return [...found, ...others.map(raised), unsynced(found[0]), ...others.map(synced), limit].filter(
    (peer) => peer !== undefined,
  );
}

function describe(
  given: Arguments,
  root: string,
  field: readonly Peer[],
): Pick<Report, "machine" | "setup" | "command" | "versions"> {
  const memory = Math.round(totalmem() / 2 ** 30);
  const [load = 0] = loadavg();
  const registry = versionOf(["docker-registry", "--version"]) ?? "none";
  const programs = field.filter(({ role }) => role === "ours" || role === "peer" || role === "limit");
  return {
    machine: `${cpus().length} x ${cpus()[0]?.model}, ${memory} GiB, Linux ${release()}, Node ${process.version}`,
    versions: [...programs.map(({ name, version }) => `${name} ${version}`), `docker-registry ${registry}`],
    setup: `Registry: ${given.registry}. Files in ${given.folder ?? "the temporary folder"} (${fileSystem(root)}). Rounds: ${given.rounds}, small jobs more, those of 2 GiB fewer. Waiting for a core before the run: ${load.toFixed(1)} processes.`,
    command: ["pnpm bench", ...process.argv.slice(2)].join(" "),
  };
}

/** The type of the file system, for what a sync costs depends on it. */
function fileSystem(path: string): string {
  return versionOf(["stat", "-f", "-c", "%T", path]) ?? "unknown";
}

async function write({ json, chart: picture, markdown }: Arguments, report: Report): Promise<void> {
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
  if (picture !== undefined) {
    const bars = report.jobs.flatMap(({ name, results }) =>
      results.map((result) => ({
        group: name,
        name: result.contestant,
        value: medianOf(result, "wall"),
        ours: result.role === "ours",
      })),
    );
    await writeFile(picture, chart(report.verdicts, bars));
  }
  if (markdown !== undefined) {
    const page = existsSync(markdown) ? await readFile(markdown, "utf8") : "# Results\n";
    await writeFile(markdown, withTables(page, report));
  }
}
