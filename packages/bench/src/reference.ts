import { parseReference } from "@reg/reference";
import { parseFamiliarName } from "@swimlane/docker-reference";
import dockerImageParser from "docker-image-parser";
import parseDockerImage from "docker-parse-image";
import { parse as parseDockerReference } from "docker-reference-parser";
import parseDockerImageName from "parse-docker-image-name";
import { cutInParts, lookAtEach } from "./reference-floor.ts";
import { type Mix, mixes, vectors } from "./reference-inputs.ts";
import { matchByRegExp, parseByRegExp } from "./reference-regexp.ts";
import { formatTable, median } from "./table.ts";

/** Long enough for the compiler to settle, short enough to take turns often. */
const TURN_MILLISECONDS = 50;
const ROUNDS = 15;

interface Candidate {
  readonly name: string;
  /** Parses, and counts the characters of all parts: what nobody looks at, a compiler need not make. */
  readonly read: (input: string) => number;
  /** The parts, or nothing (or an exception, or an object without anything in it) for what it refuses. */
  readonly parse?: (input: string) => object | null | undefined;
}

const parsers: readonly Candidate[] = [
  {
    name: "@reg/reference",
    parse: parseReference,
    read: (input) => {
      const { domain, path, tag, digest } = parseReference(input);
      return count(domain, path, tag, digest);
    },
  },
  {
    name: "one regular expression, the whole job",
    parse: parseByRegExp,
    read: (input) => {
      const parts = parseByRegExp(input);
      return count(parts?.domain, parts?.path, parts?.tag, parts?.digest);
    },
  },
  {
    name: "one regular expression, matched only",
    parse: matchByRegExp,
    read: (input) => {
      const parts = matchByRegExp(input);
      return count(parts?.domain, parts?.path, parts?.tag, parts?.digest);
    },
  },
  {
    name: "@swimlane/docker-reference",
    parse: (input) => parseFamiliarName(input),
    read: (input) => {
      const { domain, repository, tag, digest } = parseFamiliarName(input);
      return count(domain, repository, tag, digest);
    },
  },
  {
    name: "docker-reference-parser",
    parse: parseDockerReference,
    read: (input) => {
      const { domain, path, tag, digest } = parseDockerReference(input);
      return count(domain, path, tag, digest);
    },
  },
  {
    name: "parse-docker-image-name",
    parse: parseDockerImageName,
    read: (input) => {
      const { domain, path, tag, digest } = parseDockerImageName(input);
      return count(domain, path, tag, digest);
    },
  },
  {
    name: "docker-parse-image",
    parse: parseDockerImage,
    read: (input) => {
      const parts = parseDockerImage(input);
      return count(parts?.registry, parts?.namespace, parts?.repository, parts?.tag);
    },
  },
  {
    name: "docker-image-parser",
    parse: dockerImageParser,
    read: (input) => {
      const { repository, tag } = dockerImageParser(input);
      return count(repository, tag, undefined, undefined);
    },
  },
];

/** What nothing that validates can be faster than: see docs/reference.md. */
const floors: readonly Candidate[] = [
  { name: "(each character looked at)", read: lookAtEach },
  {
    name: "(looked at, and parts made)",
    read: (input) => {
      const { domain, path, tag, digest } = cutInParts(input);
      return lookAtEach(input) + count(domain, path, tag, digest);
    },
  },
];

console.log(`Node ${process.versions.node}; nanoseconds of processor time a reference, medians\n`);
console.log(
  `${formatTable(["parser", "refuses of what is none", "takes of what is one"], parsers.map(judge))}\n`,
);
const measured = mixes.map(measure);
const header = mixes.flatMap(({ name }) => [name, "it / we"]);
const rows = [...parsers, ...floors].map(({ name }, row) => [
  name,
  ...measured.flatMap((mix) => mix[row] ?? []),
]);
console.log(formatTable(["parser", ...header], rows));

function judge(parser: Candidate): string[] {
  const share = (ok: boolean, right: (input: string) => boolean): string => {
    const asked = vectors.filter((vector) => vector.ok === ok);
    return `${asked.filter(({ input }) => right(input)).length}/${asked.length}`;
  };
  return [
    parser.name,
    share(false, (input) => !accepts(parser, input)),
    share(true, (input) => accepts(parser, input)),
  ];
}

/** All take turns, so that what disturbs one disturbs all; a row of figures for each. */
function measure({ texts }: Mix): string[][] {
  const [we] = parsers;
  const entries = [...parsers, ...floors].map((candidate) => ({
    ...candidate,
    // What a candidate refuses costs it an exception, which is not what is measured here.
    taken: texts.filter((text) => candidate.parse === undefined || accepts(candidate, text)),
    times: [] as number[],
    ratios: [] as number[],
  }));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { read, taken, times, ratios } of entries) {
      const time = turn(read, taken);
      const ours = turn(we?.read ?? read, taken);
      // The first round is the compiler's.
      if (round === 0) continue;
      times.push(time);
      ratios.push(time / ours);
    }
  }
  return entries.map(({ times, ratios }) => [median(times).toFixed(0), median(ratios).toFixed(2)]);
}

/** Nanoseconds a text. */
function turn(read: Candidate["read"], texts: readonly string[]): number {
  const end = performance.now() + TURN_MILLISECONDS;
  const before = process.cpuUsage();
  let turns = 0;
  let characters = 0;
  do {
    for (const text of texts) characters += read(text);
    turns++;
  } while (performance.now() < end);
  // Not the time on the wall: with other programs beside it, that says more about them.
  const { user, system } = process.cpuUsage(before);
  if (characters === 0) throw new Error("No part had a character: nothing was read.");
  return ((user + system) * 1_000) / (turns * texts.length);
}

function accepts({ parse }: Candidate, input: string): boolean {
  try {
    const parts = parse?.(input);
    return parts !== null && parts !== undefined && Object.keys(parts).length > 0;
  } catch {
    return false;
  }
}

type Part = string | null | undefined;

function count(one: Part, two: Part, three: Part, four: Part): number {
  return (one?.length ?? 0) + (two?.length ?? 0) + (three?.length ?? 0) + (four?.length ?? 0);
}
