import type { Figure, Rig } from "./rig.ts";
import { median } from "./rig.ts";

const INPUTS = 1_000_000;
const SMALL = 10_000;
const LARGE = 100_000;
/** Ten times the input takes ten times as long in a linear parser; twice that leaves room for the machine. */
const LINEAR_RATIO = 20;

/** Parsers against anything, and against length. */
export const parsers: Rig = {
  name: "parsers",
  what: "a million generated inputs for each parser, and the time for 100 KB against 10 KB",
  drives: "packages",
  async run(options) {
    const fc = await import("fast-check");
    const sdk = await import("@reg/sdk");
    const inputs = options.times ?? INPUTS;
    const manifest = (text: string): void => void sdk.parseManifest(new TextEncoder().encode(text));
    const tested: readonly (readonly [
      name: string,
      parse: (text: string) => void,
      hostile: readonly string[],
    ])[] = [
      [
        "parseReference",
        (text) => void sdk.safeParseReference(text),
        ["a/", "a-", ":", "@sha256:", "_", "A"],
      ],
      ["diagnoseReference", (text) => void sdk.diagnoseReference(text), ["a/", "a-", ":", "@", "${", " "]],
      [
        "parseChallenges",
        (text) => void sdk.parseChallenges(text),
        ["a=", '\\"', ",", "Bearer ", 'a="b",', "= "],
      ],
      ["parseScope", (text) => void sdk.parseScope(text), ["a:", "a,", ":", "(", "a b"]],
      ["parseManifest", manifest, ["[", '{"a":', '"\\u0000"', " ", "1,"]],
      ["parsePlatform", (text) => void sdk.parsePlatform(text), ["a/", "(", "-", "linux"]],
    ];
    const figures: Figure[] = [];
    for (const [name, parse, hostile] of tested) {
      const pieces = fc.oneof(
        fc.string({ unit: "binary", maxLength: 40 }),
        fc
          .array(
            fc.constantFrom(...hostile, "a", "Z", "9", "/", ":", '"', "\\", "\r\n", "\u0000", "\u212a"),
            { maxLength: 24 },
          )
          .map((all) => all.join("")),
      );
      let [accepted, odd] = [0, 0];
      const started = performance.now();
      fc.assert(
        fc.property(pieces, (text) => {
          try {
            parse(text);
            accepted += 1;
          } catch (error) {
            // Each error of a parser says by its code what is wrong; anything else is a crash.
            if (!(error instanceof Error) || !("code" in error)) odd += 1;
          }
        }),
        { numRuns: inputs },
      );
      figures.push({
        name: `${name}: ${inputs.toLocaleString("en")} inputs`,
        value: `${odd} crashes, ${accepted} accepted, ${((performance.now() - started) / 1000).toFixed(0)} s`,
        holds: odd === 0,
      });
      const ratios = hostile.map((piece) => timeOf(parse, piece, LARGE) / timeOf(parse, piece, SMALL));
      const worst = Math.max(...ratios);
      figures.push({
        name: `${name}: 100 KB against 10 KB, worst of ${hostile.length} patterns`,
        value: `${worst.toFixed(1)} times as long`,
        holds: worst < LINEAR_RATIO,
      });
    }
    return figures;
  },
};

/** Milliseconds, with a floor: what takes no time has no ratio. */
function timeOf(parse: (text: string) => void, piece: string, length: number): number {
  const text = piece.repeat(Math.ceil(length / piece.length));
  const times = Array.from({ length: 9 }, () => {
    const started = performance.now();
    try {
      parse(text);
    } catch {
      // Refused in that time.
    }
    return performance.now() - started;
  });
  return Math.max(median(times), 0.01);
}
