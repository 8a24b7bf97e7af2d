import type { Arbitrary } from "fast-check";
import { configInputs, type DocumentInputs, digests, manifestInputs } from "./documents.ts";
import type { Figure, Rig } from "./rig.ts";

const INPUTS = 1_000_000;
const LONG_CHARACTERS = 100_000;
/** Challenges above 16 KiB are refused unread, which is quick. */
const LONG_CHALLENGE_CHARACTERS = 16_000;
/** Ten times the input takes ten times as long in a linear parser; twice that leaves room for caches that overflow. */
const LINEAR_RATIO = 20;

/** Parsers against anything, and against length. */
export const parsers: Rig = {
  name: "parsers",
  what: "a million generated inputs for each parser, and the time for 100 KB against 10 KB",
  drives: "packages",
  async run(options) {
    const fc = await import("fast-check");
    const inputs = options.times ?? INPUTS;
    const figures: Figure[] = [];
    for (const parser of await allParsers(fc)) {
      const { crashes, refused, accepted, seconds } = tryInputs(fc, parser, inputs);
      const { valid } = parser;
      figures.push({
        name: `${parser.name}: ${inputs.toLocaleString("en")} inputs`,
        value:
          `${crashes} crashes, ${valid === undefined ? "" : `${refused} valid ones refused, `}` +
          `${accepted.toLocaleString("en")} accepted, ${seconds.toFixed(0)} s`,
        holds: crashes === 0 && refused === 0 && accepted > 0,
      });
      const { longCharacters = LONG_CHARACTERS } = parser;
      const ratios = parser.long.map((make) => ratioOf(parser.parse, make, longCharacters));
      const worst = Math.max(...ratios);
      const [long, short] = [longCharacters / 1000, longCharacters / 10_000];
      figures.push({
        name: `${parser.name}: ${long} KB against ${short} KB, worst of ${ratios.length} patterns`,
        value: `${worst.toFixed(1)} times as long`,
        holds: worst < LINEAR_RATIO,
      });
    }
    return figures;
  },
};

type FastCheck = typeof import("fast-check");

interface Parser {
  readonly name: string;
  readonly parse: (text: string) => unknown;
  /** Anything. */
  readonly odd: Arbitrary<string>;
  /** What must be accepted; half of the inputs. */
  readonly valid?: Arbitrary<string>;
  readonly long: readonly ((characters: number) => string)[];
  readonly longCharacters?: number;
}

async function allParsers(fc: FastCheck): Promise<readonly Parser[]> {
  const sdk = await import("@reg/sdk");
  const encoder = new TextEncoder();
  const text = (name: string, parse: (text: string) => unknown, hostile: readonly string[]): Parser => ({
    name,
    parse,
    odd: pieces(fc, hostile),
    long: hostile.map((piece) => (characters) => piece.repeat(Math.ceil(characters / piece.length))),
  });
  const document = (
    name: string,
    parse: (bytes: Uint8Array) => unknown,
    { valid, nearlyValid, long }: DocumentInputs,
  ): Parser => {
    const loose = text(name, (json) => parse(encoder.encode(json)), ["[", '{"a":', '"\\u0000"', " ", "1,"]);
    return { ...loose, odd: fc.oneof(nearlyValid, loose.odd), valid, long: [...loose.long, ...long] };
  };
  return [
    {
      ...text("parseReference", (it) => sdk.parseReference(it), ["a/", "a-", ":", "@sha256:", "_", "A"]),
      valid: references(fc),
    },
    text("diagnoseReference", (it) => sdk.diagnoseReference(it), ["a/", "a-", ":", "@", "${", " "]),
    { ...text("parseDigest", (it) => sdk.parseDigest(it), ["sha256:", "a+", "0", "+."]), valid: digests(fc) },
    {
      ...text("parseChallenges", (it) => sdk.parseChallenges(it), [
        ...["a=", '\\"', ",", "Bearer ", 'a="b",', "= "],
      ]),
      longCharacters: LONG_CHALLENGE_CHARACTERS,
    },
    text("parseScope", (it) => sdk.parseScope(it), ["a:", "a,", ":", "(", "a b"]),
    {
      ...text("parsePlatform", (it) => sdk.parsePlatform(it), ["a/", "(", "-", "linux"]),
      valid: fc.constantFrom("linux/amd64", "linux/arm/v7", "windows/amd64:10.0.17763.1", "wasip1/wasm"),
    },
    document("parseManifest", (it) => sdk.parseManifest(it), manifestInputs(fc)),
    document("parseImageConfig", (it) => sdk.parseImageConfig(it), configInputs(fc)),
  ];
}

/** As the grammar of distribution/reference has them. */
function references(fc: FastCheck): Arbitrary<string> {
  const part = fc
    .array(fc.constantFrom("a", "z", "0", "9", "a.b", "a_b", "a__b", "a---b"), { minLength: 1, maxLength: 8 })
    .map((all) => all.join(""));
  const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((all) => all.join("/"));
  const host = fc.constantFrom(
    "docker.io/",
    "ghcr.io/",
    "localhost:5000/",
    "[::1]:80/",
    "10.0.0.1:1/",
    "Reg.example/",
  );
  const tag = fc.constantFrom("", ":1.0", ":_", `:${"a".repeat(128)}`, ":A-b.c_d");
  const digest = fc.oneof(
    fc.constant(""),
    digests(fc).map((each) => `@${each}`),
  );
  return fc.tuple(host, path, tag, digest).map((all) => all.join(""));
}

/** Text of anything, and of what the parser looks at. */
function pieces(fc: FastCheck, hostile: readonly string[]): Arbitrary<string> {
  const marks = [...hostile, "a", "Z", "9", "/", ":", '"', "\\", "\r\n", "\u0000", "\u212a"];
  return fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.array(fc.constantFrom(...marks), { maxLength: 24 }).map((all) => all.join("")),
  );
}

interface Tally {
  crashes: number;
  refused: number;
  accepted: number;
  seconds: number;
}

function tryInputs(fc: FastCheck, { parse, odd, valid }: Parser, inputs: number): Tally {
  const tally: Tally = { crashes: 0, refused: 0, accepted: 0, seconds: 0 };
  const started = performance.now();
  const oddInputs = valid === undefined ? inputs : Math.ceil(inputs / 2);
  const attempt = (input: string, onError: (error: unknown) => void): void => {
    try {
      parse(input);
      tally.accepted += 1;
    } catch (error) {
      onError(error);
    }
  };
  const countCrash = (error: unknown): void => {
    if (!isRefusal(error)) tally.crashes += 1;
  };
  fc.assert(
    fc.property(odd, (input) => attempt(input, countCrash)),
    { numRuns: oddInputs },
  );
  const countRefused = (error: unknown): void => {
    tally.refused += 1;
    countCrash(error);
  };
  if (valid !== undefined)
    fc.assert(
      fc.property(valid, (input) => attempt(input, countRefused)),
      { numRuns: inputs - oddInputs },
    );
  tally.seconds = (performance.now() - started) / 1000;
  return tally;
}

/** Each error of a parser says by its code what is wrong; anything else, and the runtime's own errors, are crashes. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return typeof error.code === "string" && !error.code.startsWith("ERR_");
}

/** How many times as long a parser takes for ten times the text. */
function ratioOf(
  parse: (text: string) => unknown,
  make: (characters: number) => string,
  longCharacters: number,
): number {
  const [small, large] = [make(longCharacters / 10), make(longCharacters)];
  let [least, most] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  // In turn, and the best of many: what else the machine does at the moment must not count as the parser's time.
  for (let turn = 0; turn < 200; turn++) {
    least = Math.min(least, millisecondsOf(parse, small));
    most = Math.min(most, millisecondsOf(parse, large));
  }
  return most / Math.max(least, LEAST_MS);
}

/** What takes no time has no ratio: a refusal at the first character, say. */
const LEAST_MS = 0.005;

function millisecondsOf(parse: (text: string) => unknown, text: string): number {
  const started = performance.now();
  try {
    parse(text);
  } catch {
    // Refused in that time.
  }
  return performance.now() - started;
}
