import type { SyncFailure, SyncOutcome, SyncReport } from "@reg/sdk";
import { parse } from "yaml";
import type { Call } from "../call.ts";
import type { ExitCode } from "../command.ts";
import { formatBytes, formatTable } from "../format.ts";
import { readInput } from "../read-input.ts";
import { openSession } from "../session.ts";
import { openCursor } from "../sync-cursor.ts";
import { CommandError } from "../usage-error.ts";

/** Rules are written by people. */
const RULES_LIMIT_BYTES = 1024 * 1024;

/** `{copied, unchanged, deleted, failed, bytes, outcomes: [...], failures: [...]}`. */
export async function run(call: Call): Promise<ExitCode> {
  const { sdk, client, repository } = await openSession(call, []);
  const rules = sdk.parseSyncRules(await readYaml(call));
  const { signal, output } = call;
  const dryRun = call.flag("dry-run");
  const keeper = await openCursor(call.text("cursor"), signal);
  const open = (name: string): ReturnType<typeof client.repository> => client.repository(repository(name));
  const plan = await sdk.planSync(rules, open, { signal });
  const running = sdk.runSync(plan, open, {
    scheduler: sdk.syncScheduler(rules),
    dryRun,
    concurrency: call.number("concurrency") ?? rules.concurrency,
    cursor: keeper?.cursor,
    onOutcome: async (outcome, cursor) => {
      if (!dryRun) {
        output.note(outcomeLine(outcome));
        await keeper?.keep(cursor);
      } else if (!output.json) output.line(outcomeLine(outcome));
    },
    signal,
  });
  const report = await running.catch(async (error: unknown) => {
    await keeper?.flush();
    throw error;
  });
  if (!dryRun) await keeper?.remove();
  const { copied, unchanged, deleted, failed, bytes } = report;
  output.result(
    { copied, unchanged, deleted, failed, bytes, outcomes: report.outcomes, failures: report.failures },
    () => summary(report, dryRun),
  );
  if (failed === 0 && report.failures.length === 0) return 0;
  for (const failure of report.failures) output.note(failureLine(failure));
  return 1;
}

async function readYaml(call: Call): Promise<unknown> {
  const path = call.argument("FILE.yaml");
  const text = Buffer.from(await readInput(path, RULES_LIMIT_BYTES, call.signal)).toString("utf8");
  try {
    return parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "";
    throw new CommandError("CONFIG", `${path} is no YAML: ${why}`, { cause });
  }
}

function outcomeLine({ step, status, bytes, error }: SyncOutcome): string {
  const what =
    step.kind === "copy" ? `${step.from}:${step.tag} -> ${step.to}:${step.tag}` : `${step.to}:${step.tag}`;
  const more = error === undefined ? (bytes > 0 ? ` (${formatBytes(bytes)})` : "") : `: ${error.message}`;
  return `${status} ${what}${more}`;
}

function failureLine({ from, to, error }: SyncFailure): string {
  return `failed ${from} -> ${to}: ${error.message}`;
}

function summary(report: SyncReport, dryRun: boolean): string[] {
  const planned = report.outcomes.filter(({ status }) => status === "planned").length;
  return formatTable([
    ...(dryRun ? [["planned", String(planned)]] : [["copied", String(report.copied)]]),
    ["unchanged", String(report.unchanged)],
    ...(dryRun ? [] : [["deleted", String(report.deleted)]]),
    ["failed", String(report.failed + report.failures.length)],
    [dryRun ? "to move" : "moved", formatBytes(report.bytes)],
  ]);
}
