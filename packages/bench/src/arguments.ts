import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { RegistryKind } from "./network/registry.ts";

export interface Arguments {
  /** Names of jobs, or their beginnings; none for all. */
  readonly names: readonly string[];
  readonly rounds: number;
  readonly peers: readonly string[] | undefined;
  readonly registry: RegistryKind;
  readonly folder: string | undefined;
  readonly json: string | undefined;
  readonly chart: string | undefined;
  readonly markdown: string | undefined;
  readonly help: boolean;
}

export const USAGE = `usage: pnpm bench [JOB...] [options]

Runs reg and every peer found on PATH in turn, several rounds, and prints medians, and which goals are reached.

  JOB                               a job's name or its beginning (default: all)
  --rounds N                        of the large jobs; small ones take more, the largest fewer (default 5)
  --peers NAME,NAME                 of crane, oras, regctl, skopeo and curl, only these
  --registry distribution|embedded  the counterpart (default distribution)
  --folder DIR                      where images, targets and registries' content lie (default: the system's
                                    temporary folder); in /dev/shm, syncing a file costs nothing
  --json FILE, --chart FILE.svg     write the figures, or a picture of them
  --markdown FILE                   write the tables into this page, in the place of those that are there`;

/** Throws where an argument is none of ours. Files are named from where the command was given. */
export function parseArguments(args: readonly string[], from: string): Arguments {
  const { values, positionals } = parseArgs({
    // pnpm hands on the dashes that part its own options from ours.
    args: args.filter((word) => word !== "--"),
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "5" },
      peers: { type: "string" },
      registry: { type: "string", default: "distribution" },
      folder: { type: "string" },
      json: { type: "string" },
      chart: { type: "string" },
      markdown: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds is a whole number, not ${values.rounds}`);
  const { registry } = values;
  if (registry !== "distribution" && registry !== "embedded")
    throw new Error(`--registry is distribution or embedded, not ${registry}`);
  const file = (name: string | undefined): string | undefined =>
    name === undefined ? undefined : resolve(from, name);
  return {
    names: positionals,
    rounds,
    peers: values.peers?.split(","),
    registry,
    folder: file(values.folder),
    json: file(values.json),
    chart: file(values.chart),
    markdown: file(values.markdown),
    help: values.help,
  };
}

/** Those whose names are asked for. Throws where a name fits none. */
export function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  names: readonly string[],
): T[] {
  if (names.length === 0) return [...all];
  const exact = new Set(all.map(({ name }) => name));
  const fits = (name: string, asked: string): boolean =>
    exact.has(asked) ? name === asked : name.startsWith(asked);
  const unknown = names.filter((asked) => !all.some(({ name }) => fits(name, asked)));
  if (unknown.length > 0) throw new Error(`no job ${unknown.join(", ")}`);
  return all.filter(({ name }) => names.some((asked) => fits(name, asked)));
}
