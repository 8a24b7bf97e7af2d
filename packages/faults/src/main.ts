#!/usr/bin/env node
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import type { CaseText } from "./case.ts";
import { cases, serverCases } from "./cases/index.ts";
import type { Client, Operation } from "./client.ts";
import { type CommandDialect, commandClient } from "./command-client.ts";
import { conditions } from "./conditions.ts";
import { craneDialect, orasDialect, regctlDialect, regDialect, skopeoDialect } from "./dialects.ts";
import { type Column, junit, markdown, textLine, textSummary } from "./report.ts";
import { rigs } from "./rigs/index.ts";
import { type CaseResult, type RunOptions, runCases, runServerCases } from "./run.ts";
import { distributionServer, regServer } from "./servers/command-servers.ts";
import { embeddedServer } from "./servers/embedded-server.ts";
import type { Server } from "./servers/server.ts";
import { urlServer } from "./servers/url-server.ts";
import { play } from "./stage.ts";

const RIG_HELP = rigs.map(({ name, what }) => `  ${name.padEnd(11)} ${what}`).join("\n");

const HELP = `usage: reg-faults run [--client NAME|'TEMPLATE']... [--server NAME|URL]... [--case TEXT] [--again]
                      [--junit FILE] [--markdown FILE]
       reg-faults list
       reg-faults rig NAME|all [--client NAME] [--times N] [--seconds N] [--mebibytes N]

Plays every fault of the suite with registry clients, and with registry servers, and judges what they do.

  --client    reg, skopeo, crane, oras, regctl, or a command with {reference} and {folder} that pulls an image into an
              OCI layout; may be given several times. Default, where no server is named: each of the five that is found
  --server    embedded (@reg/server in this process), reg (reg serve), distribution (docker-registry), or the URL of one
              that runs: it keeps what it is given, in repositories named faults-…; may be given several times
  --case      only cases whose name holds this text
  --again     play what failed within half a minute once more by itself, for deadlines missed on a busy machine
  --junit     write the results as JUnit XML (of the first client or server)
  --markdown  write a page of tables with a column a client and a server

Rigs, which take minutes and print figures:

${RIG_HELP}

Exit code: 0 all passed, 1 some failed, 2 wrong usage.

examples:
  reg-faults run --client reg
  reg-faults run --client skopeo --client crane --markdown faults.md
  reg-faults run --client 'mypull {reference} --out {folder}'
  reg-faults run --server http://127.0.0.1:5000
`;

const DIALECTS: Readonly<Record<string, CommandDialect>> = {
  reg: regDialect(),
  skopeo: skopeoDialect,
  crane: craneDialect,
  oras: orasDialect,
  regctl: regctlDialect,
};

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      client: { type: "string", multiple: true },
      server: { type: "string", multiple: true },
      again: { type: "boolean" },
      case: { type: "string" },
      junit: { type: "string" },
      markdown: { type: "string" },
      times: { type: "string" },
      seconds: { type: "string" },
      mebibytes: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  const isWanted = ({ id }: CaseText): boolean => values.case === undefined || id.includes(values.case);
  if (positionals[0] === "list") {
    for (const one of [...cases, ...serverCases].filter(isWanted))
      console.log(`${one.id}\n    ${one.fault}\n    ${one.expectation} (${one.reason})`);
    return 0;
  }
  if (positionals[0] === "rig") return runRigs(positionals[1], values);
  if (positionals[0] === "play") return playOne(positionals[1], positionals[2]);
  if (values.help === true || positionals[0] !== "run") {
    console.log(HELP);
    return values.help === true ? 0 : 2;
  }
  const played = values.server === undefined || values.client !== undefined;
  const column = columnOf(values.again === true ? AGAIN_WITHIN_SECONDS : 0);
  // Side by side, for most of the time is spent waiting.
  const clientColumns = await Promise.all(
    (played ? await clients(values.client) : []).map((client) =>
      column(client, (options) => runCases(cases.filter(isWanted), client, options)),
    ),
  );
  const serverColumns: Column[] = [];
  for (const server of await servers(values.server ?? []))
    serverColumns.push(
      await column(server, (options) => runServerCases(serverCases.filter(isWanted), server, options)),
    );
  const columns = [...clientColumns, ...serverColumns];
  const [first] = columns;
  if (first === undefined) {
    console.error("none of the clients or servers was found; name one with --client or --server");
    return 2;
  }
  if (values.junit !== undefined) await writeFile(values.junit, junit(first.client, first.results));
  if (values.markdown !== undefined) {
    const command = commandLine();
    const page = { clients: clientColumns, servers: serverColumns, command, conditions: conditions() };
    await writeFile(values.markdown, `${markdown(page)}\n`);
  }
  const failed = columns.some(({ results }) => results.some(({ verdict }) => verdict.status === "fail"));
  return failed ? 1 : 0;
}

/** What hangs for longer did not miss its deadline by a little. */
const AGAIN_WITHIN_SECONDS = 30;

/** All cases with one client or server, told line by line. */
function columnOf(
  againWithinSeconds: number,
): (
  { name, version }: Pick<Client, "name" | "version">,
  run: (options: RunOptions) => Promise<CaseResult[]>,
) => Promise<Column> {
  return async ({ name, version }, run) => {
    const onResult = (result: CaseResult): void => console.log(`${name.padEnd(7)} ${textLine(result)}`);
    const results = await run({ againWithinSeconds, onResult });
    console.log(`${name} ${version}: ${textSummary(results)}\n`);
    return { client: name, version, results };
  };
}

/** As a person would type it again. */
function commandLine(): string {
  const quoted = (word: string): string => (/^[\w./=:@-]+$/.test(word) ? word : `'${word}'`);
  return ["reg-faults", ...process.argv.slice(2).map(quoted)].join(" ");
}

async function runRigs(
  name: string | undefined,
  values: Readonly<Partial<Record<"times" | "seconds" | "mebibytes", string>>> & { client?: string[] },
): Promise<number> {
  const chosen = rigs.filter((each) => name === "all" || each.name === name);
  if (chosen.length === 0) {
    console.error(`there is no rig ${name ?? "without a name"}; there are:\n${RIG_HELP}`);
    return 2;
  }
  const needsClient = chosen.some(({ drives }) => drives === "command");
  const [client] = needsClient ? await clients(values.client ?? ["reg"]) : [];
  if (needsClient && client === undefined) return 2;
  const number = (key: "times" | "seconds" | "mebibytes"): object =>
    values[key] === undefined ? {} : { [key]: Number(values[key]) };
  const numbers = { ...number("times"), ...number("seconds"), ...number("mebibytes") };
  let exitCode = 0;
  for (const rig of chosen) {
    const driven = rig.drives === "command" ? client : undefined;
    const started = performance.now();
    const figures = await rig.run({ ...(driven !== undefined && { client: driven }), ...numbers });
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(
      `${rig.name}: ${rig.what}${driven === undefined ? "" : ` (${driven.name} ${driven.version})`}`,
    );
    for (const { name: what, value, holds } of figures)
      console.log(`  ${holds === false ? "NOT " : ""}${what}: ${value}`);
    console.log(`  in ${seconds} s; ${conditions()}`);
    if (figures.some(({ holds }) => holds === false)) exitCode = 1;
  }
  return exitCode;
}

/** One case, for the process that started this one in a network of its own: prints the verdict as JSON. */
async function playOne(id: string | undefined, command = ""): Promise<number> {
  const one = cases.find((each) => each.id === id);
  // Written by playInNamespace.
  const { name, program } = JSON.parse(command) as NonNullable<Client["command"]>;
  const dialect = DIALECTS[name] ?? template(program.join(" "));
  const client = await commandClient({ ...dialect, program });
  if (one === undefined || client === undefined) return 2;
  console.log(JSON.stringify(await play(one, client)));
  return 0;
}

async function clients(names: readonly string[] | undefined): Promise<Client[]> {
  const found: Client[] = [];
  for (const name of names ?? Object.keys(DIALECTS)) {
    const client = await commandClient(DIALECTS[name] ?? template(name));
    if (client !== undefined) found.push(client);
    else if (names !== undefined) console.error(`${name} was not found, or does not tell its version`);
  }
  return found;
}

async function servers(names: readonly string[]): Promise<Server[]> {
  const found: Server[] = [];
  for (const name of names) {
    const server = await serverOf(name);
    if (server !== undefined) found.push(server);
    else console.error(`${name} was not found, or does not tell its version`);
  }
  return found;
}

function serverOf(name: string): Promise<Server | undefined> {
  if (/^https?:/.test(name)) return Promise.resolve(urlServer(name));
  if (name === "embedded") return embeddedServer();
  if (name === "distribution") return distributionServer();
  // `reg`, or how it is started.
  return regServer(name.split(/\s+/));
}

/** A command that pulls, written as a person would type it; or how `reg` is started, which knows every verb. */
function template(text: string): CommandDialect {
  const [program = "", ...words] = text.split(/\s+/);
  if (!text.includes("{reference}")) return regDialect([program, ...words]);
  const fill = (operation: Extract<Operation, { verb: "pull" }>): string[] =>
    words.map((word) =>
      word.replace("{reference}", operation.reference).replace("{folder}", operation.folder),
    );
  return {
    name: text,
    program: [program],
    version: ["--version"],
    features: ["loopback-tls"],
    verbs: { pull: fill },
  };
}
