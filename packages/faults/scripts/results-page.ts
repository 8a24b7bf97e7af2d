import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { cases, serverCases } from "../src/cases/index.ts";
import { commandClient } from "../src/command-client.ts";
import { conditions } from "../src/conditions.ts";
import { craneDialect, orasDialect, regctlDialect, regDialect, skopeoDialect } from "../src/dialects.ts";
import { type Column, markdown, textLine, textSummary } from "../src/report.ts";
import { type CaseResult, type RunOptions, runCases, runServerCases } from "../src/run.ts";
import { distributionServer, regServer } from "../src/servers/command-servers.ts";
import { embeddedServer } from "../src/servers/embedded-server.ts";

/** What hangs for longer did not miss its deadline by a little. */
const AGAIN_WITHIN_SECONDS = 30;

/** Plays everything with this checkout's own client and server and with every peer on the path, and writes the page. */
const [page = ""] = process.argv.slice(2);
const reg = [process.execPath, fileURLToPath(new URL("../../cli/dist/main.js", import.meta.url))];
const dialects = [regDialect(reg), craneDialect, orasDialect, regctlDialect, skopeoDialect];
const started = conditions();
const clients = await Promise.all(
  dialects.map(async (dialect) => ({ dialect, client: await commandClient(dialect) })),
);
// Side by side, for most of the time is spent waiting.
const clientColumns = await Promise.all(
  clients.flatMap(({ client }) =>
    client === undefined ? [] : [column(client, (options) => runCases(cases, client, options))],
  ),
);
const serverColumns: Column[] = [];
for (const server of [await embeddedServer(), await regServer(reg), await distributionServer()])
  if (server !== undefined)
    serverColumns.push(await column(server, (options) => runServerCases(serverCases, server, options)));

const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
await writeFile(
  page,
  `${markdown({
    clients: clientColumns,
    servers: serverColumns,
    absent: clients.flatMap(({ client, dialect }) => (client === undefined ? [dialect.name] : [])),
    command: "pnpm --filter @reg/faults results",
    conditions: `commit ${commit}; ${started} before the run`,
  })}\n`,
);
const ours = [...clientColumns, ...serverColumns].filter(
  ({ client }) => client.includes("reg") && client !== "regctl",
);
const failed = ours.some(({ results }) => results.some(({ verdict }) => verdict.status === "fail"));
console.log(`\nwritten to ${page}${failed ? "; OUR OWN RESULT HAS FAILURES" : ""}`);
process.exitCode = failed ? 1 : 0;

async function column(
  { name, version }: { readonly name: string; readonly version: string },
  run: (options: RunOptions) => Promise<CaseResult[]>,
): Promise<Column> {
  const onResult = (result: CaseResult): void => console.log(`${name.padEnd(11)} ${textLine(result)}`);
  const results = await run({ againWithinSeconds: AGAIN_WITHIN_SECONDS, onResult });
  console.log(`${name} ${version}: ${textSummary(results)}\n`);
  return { client: name, version, results };
}
