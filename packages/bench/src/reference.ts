import { readFileSync } from "node:fs";
import { parseReference } from "@reg/reference";
import { parseFamiliarName } from "@swimlane/docker-reference";
import dockerImageParser from "docker-image-parser";
import parseDockerImage from "docker-parse-image";
import { parse as parseDockerReference } from "docker-reference-parser";
import parseDockerImageName from "parse-docker-image-name";
import { matchByRegExp, parseByRegExp } from "./reference-regexp.ts";
import { formatTable, median } from "./table.ts";

/** Long enough for the compiler to settle, short enough to take turns often. */
const TURN_MILLISECONDS = 100;
const ROUNDS = 15;

interface Vector {
  readonly input: string;
  readonly ok: boolean;
}

interface Candidate {
  readonly name: string;
  /** Whether it refuses what is no reference at all, rather than cut any text in pieces. */
  readonly validates: boolean;
  /** The parts, or nothing (or an exception, or an object without anything in it) for what it refuses. */
  readonly parse: (input: string) => object | null | undefined;
}

const candidates: readonly Candidate[] = [
  { name: "@reg/reference", validates: true, parse: parseReference },
  { name: "one regular expression, the whole job", validates: true, parse: parseByRegExp },
  { name: "one regular expression, matched only", validates: true, parse: matchByRegExp },
  { name: "@swimlane/docker-reference", validates: true, parse: (input) => parseFamiliarName(input) },
  { name: "docker-reference-parser", validates: true, parse: (input) => parseDockerReference(input) },
  { name: "parse-docker-image-name", validates: true, parse: (input) => parseDockerImageName(input) },
  { name: "docker-parse-image", validates: false, parse: (input) => parseDockerImage(input) },
  { name: "docker-image-parser", validates: false, parse: (input) => dockerImageParser(input) },
];

const vectors = JSON.parse(
  readFileSync(new URL("../vectors/reference.json", import.meta.url), "utf8"),
) as readonly Vector[]; // the file is ours, and holds nothing else

const inputs = vectors
  .filter((vector) => vector.ok && vector.input.length < 200)
  .map((vector) => vector.input);
const rows = measure().map(({ candidate, rates, ratios }) => [
  candidate.name,
  Math.round(median(rates)).toLocaleString("en"),
  median(ratios).toFixed(2),
  candidate.validates ? "yes" : "no",
  String(vectors.filter(({ input, ok }) => accepts(candidate, input) !== ok).length),
]);
console.log(`${inputs.length} references, ${vectors.length} vectors, Node ${process.versions.node}`);
console.log(formatTable(["parser", "references/s", "we / it", "validates", "wrong verdicts"], rows));

interface Measured {
  readonly candidate: Candidate;
  /** References a second of processor time, by round. */
  readonly rates: number[];
  /** Our rate on what this candidate takes, by its own. */
  readonly ratios: number[];
}

/** All take turns, so that what disturbs one disturbs all. */
function measure(): Measured[] {
  const measured = candidates.map((candidate) => ({
    candidate,
    // What a candidate refuses costs it an exception, which is not what is measured here.
    taken: inputs.filter((input) => accepts(candidate, input)),
    rates: [] as number[],
    ratios: [] as number[],
  }));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { candidate, taken, rates, ratios } of measured) {
      const rate = turn(candidate.parse, taken);
      const ours = turn(parseReference, taken);
      // The first round is the compiler's.
      if (round === 0) continue;
      rates.push(rate);
      ratios.push(ours / rate);
    }
  }
  return measured;
}

function turn(parse: Candidate["parse"], texts: readonly string[]): number {
  const end = performance.now() + TURN_MILLISECONDS;
  const before = process.cpuUsage();
  let parsed = 0;
  do {
    for (const text of texts) if (parse(text) !== undefined) parsed++;
  } while (performance.now() < end);
  // Not the time on the wall: with other programs beside it, that says more about them.
  const { user, system } = process.cpuUsage(before);
  return (parsed / (user + system)) * 1_000_000;
}

function accepts({ parse }: Candidate, input: string): boolean {
  try {
    const parts = parse(input);
    return parts !== null && parts !== undefined && Object.keys(parts).length > 0;
  } catch {
    return false;
  }
}
