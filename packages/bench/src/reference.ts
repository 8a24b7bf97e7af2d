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
  { name: "@reg/reference", validates: true, parse: (input) => parseReference(input) },
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
const rates = measure();
const ours = median(rates[0] ?? []);
const rows = candidates.map((candidate, index) => {
  const rate = median(rates[index] ?? []);
  const wrong = vectors.filter(({ input, ok }) => accepts(candidate, input) !== ok).length;
  return [
    candidate.name,
    Math.round(rate).toLocaleString("en"),
    (ours / rate).toFixed(2),
    candidate.validates ? "yes" : "no",
    String(wrong),
  ];
});
console.log(`${inputs.length} references, ${vectors.length} vectors, Node ${process.versions.node}`);
console.log(formatTable(["parser", "references/s", "we / it", "validates", "wrong verdicts"], rows));

/** References a second, by candidate and round. All take turns, so that what disturbs one disturbs all. */
function measure(): number[][] {
  const results: number[][] = candidates.map(() => []);
  // What a candidate refuses costs it an exception, which is not what is measured here.
  const taken = candidates.map((candidate) => inputs.filter((input) => accepts(candidate, input)));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, { parse }] of candidates.entries()) {
      const rate = turn(parse, taken[index] ?? []);
      if (round > 0) results[index]?.push(rate);
    }
  }
  return results;
}

function turn(parse: Candidate["parse"], texts: readonly string[]): number {
  const start = performance.now();
  let parsed = 0;
  let elapsed = 0;
  do {
    for (const text of texts) if (parse(text) !== undefined) parsed++;
    elapsed = performance.now() - start;
  } while (elapsed < TURN_MILLISECONDS);
  return (parsed / elapsed) * 1_000;
}

function accepts({ parse }: Candidate, input: string): boolean {
  try {
    const parts = parse(input);
    return parts !== null && parts !== undefined && Object.keys(parts).length > 0;
  } catch {
    return false;
  }
}
