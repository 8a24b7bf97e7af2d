import { mkdir, writeFile } from "node:fs/promises";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Bar, chart } from "../chart.ts";
import { formatTable, median } from "../table.ts";
import { type Cost, measure } from "./measure.ts";
import { type Peer, peers } from "./peers.ts";
import { type Scenario, scenarios } from "./scenarios.ts";

const HELP = `usage: pnpm bench [SCENARIO...] [--rounds N] [--peers NAME,NAME] [--json FILE] [--chart FILE.svg]

Runs reg and every peer found on PATH in turn, several rounds, and prints medians. Scenarios (default: all):
${scenarios.map(({ name, what }) => `  ${name.padEnd(20)} ${what}`).join("\n")}
`;

interface Row {
  readonly scenario: string;
  readonly client: string;
  readonly version: string;
  readonly costs: readonly Cost[];
  readonly requests: number;
  readonly connections: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    peers: { type: "string" },
    json: { type: "string" },
    chart: { type: "string" },
    help: { type: "boolean", short: "h" },
  },
});
const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name));
if (values.help === true || unknown.length > 0) {
  console.log(unknown.length > 0 ? `no scenario ${unknown.join(", ")}\n\n${HELP}` : HELP);
  process.exitCode = unknown.length > 0 ? 2 : 0;
} else await main();

async function main(): Promise<void> {
  const wanted = values.peers?.split(",");
  const found = peers().filter(({ name }) => wanted === undefined || name === "reg" || wanted.includes(name));
  const [us] = found;
  if (us?.name !== "reg") throw new Error("reg is not built: run pnpm build");
  const root = join(tmpdir(), "reg-bench");
  await mkdir(root, { recursive: true });
  const machine = `${cpus().length} x ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  console.log(machine);
  console.log(
    `${found.map(({ name, version }) => `${name} ${version}`).join(", ")}; ${values.rounds} rounds\n`,
  );
  const rows: Row[] = [];
  for (const scenario of scenarios) {
    if (positionals.length > 0 && !positionals.includes(scenario.name)) continue;
    const measured = await runScenario(scenario, us, [...found, ...besides(scenario, us)], root);
    rows.push(...measured);
    console.log(`${scenario.name}: ${scenario.what}\n${table(measured)}\n`);
  }
  if (values.json !== undefined)
    await writeFile(
      values.json,
      `${JSON.stringify({ machine, rounds: Number(values.rounds), rows }, null, 2)}\n`,
    );
  if (values.chart !== undefined) await writeFile(values.chart, chart(bars(rows)));
}

/** Something that is no client, but runs in turn with them. */
function besides({ besides: other }: Scenario, us: Peer): Peer[] {
  return other === undefined ? [] : [{ ...us, ...other }];
}

function bars(rows: readonly Row[]): Bar[] {
  return rows.map(({ scenario, client, costs }) => ({
    group: scenario,
    name: client,
    value: median(costs.map(({ wallSeconds }) => wallSeconds)),
  }));
}

async function runScenario(
  scenario: Scenario,
  us: Peer,
  found: readonly Peer[],
  root: string,
): Promise<Row[]> {
  await using stage = await scenario.prepare(root, us);
  const costs = new Map<string, Cost[]>(found.map(({ name }) => [name, []]));
  const counts = new Map<string, { requests: number; connections: number }>();
  // The first round only warms pages and files up.
  for (let round = 0; round <= Number(values.rounds); round++)
    for (const peer of found) {
      const command = await stage.command(peer, round);
      stage.proxy?.reset();
      const cost = await measure(command).catch((error: unknown) => {
        console.log(
          `${peer.name} cannot do ${scenario.name}: ${String(error).split("\n").slice(0, 3).join(" ")}`,
        );
        return undefined;
      });
      counts.set(peer.name, stage.proxy?.counts() ?? { requests: 0, connections: 0 });
      if (round > 0 && cost !== undefined) costs.get(peer.name)?.push(cost);
    }
  return found
    .filter(({ name }) => (costs.get(name)?.length ?? 0) > 0)
    .map(({ name, version }) => ({
      scenario: scenario.name,
      client: name,
      version,
      costs: costs.get(name) ?? [],
      requests: counts.get(name)?.requests ?? 0,
      connections: counts.get(name)?.connections ?? 0,
    }));
}

function table(rows: readonly Row[]): string {
  const ours = rows.find(({ client }) => client === "reg");
  const ratio = (row: Row, of: (cost: Cost) => number): string => {
    // Round by round, so that a machine that slows down slows both.
    const ratios = row.costs.map((cost, round) => of(ours?.costs[round] ?? cost) / of(cost));
    return median(ratios).toFixed(2);
  };
  return formatTable(
    ["client", "wall s", "cpu s", "peak MiB", "requests", "connections", "reg/it wall", "reg/it cpu"],
    rows.map((row) => [
      row.client,
      median(row.costs.map(({ wallSeconds }) => wallSeconds)).toFixed(3),
      median(row.costs.map(({ cpuSeconds }) => cpuSeconds)).toFixed(3),
      (median(row.costs.map(({ peakBytes }) => peakBytes)) / 2 ** 20).toFixed(0),
      row.requests === 0 ? "" : String(row.requests),
      row.connections === 0 ? "" : String(row.connections),
      ratio(row, ({ wallSeconds }) => wallSeconds),
      ratio(row, ({ cpuSeconds }) => cpuSeconds),
    ]),
  );
}
