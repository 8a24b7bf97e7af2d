import { ContentError } from "../errors.ts";
import { quote } from "../quote.ts";
import { compareVersions, isNumber, parseVersion, type Version } from "./version.ts";

/** Says whether a version lies in a range. */
export type VersionRange = (version: Version) => boolean;

/**
 * Reads a range in the notation npm has made customary: `>=1.2 <2`, `^1.4`, `~3.18`, `3.x`, `1.2 - 1.5`, alternatives
 * after `||`, `*` for all. Pre-releases lie in a range only where it names one of the same numbers, so that `^1.0.0`
 * does not bring a release candidate. Code `INVALID`.
 */
export function parseVersionRange(text: string): VersionRange {
  if (text.length > MAX_CHARACTERS) throw invalid(text.slice(0, 40));
  const alternatives = text.split("||").map((part) => parseAlternative(part.trim(), text));
  return (version) => alternatives.some((comparators) => lies(version, comparators));
}

/** Longer than any range written by a person. */
const MAX_CHARACTERS = 1000;

type Operator = ">=" | "<=" | ">" | "<" | "=";

interface Comparator {
  readonly operator: Operator;
  readonly version: Version;
}

function lies(version: Version, comparators: readonly Comparator[]): boolean {
  if (!comparators.every((comparator) => holds(version, comparator))) return false;
  return (
    version.pre.length === 0 ||
    comparators.some(
      (comparator) =>
        comparator.version.pre.length > 0 &&
        comparator.version.numbers.every((number, i) => number === version.numbers[i]),
    )
  );
}

function holds(version: Version, comparator: Comparator): boolean {
  const order = compareVersions(version, comparator.version);
  switch (comparator.operator) {
    case ">=":
      return order >= 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case "<":
      return order < 0;
    case "=":
      return order === 0;
  }
}

function parseAlternative(text: string, whole: string): readonly Comparator[] {
  const words = text.split(" ").filter((word) => word !== "");
  if (words.length === 3 && words[1] === "-") {
    const [from = "", , to = ""] = words;
    return [{ operator: ">=", version: partial(from, whole).version }, ...upTo(partial(to, whole))];
  }
  const comparators: Comparator[] = [];
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? "";
    const operator = OPERATORS.find((candidate) => word.startsWith(candidate)) ?? "";
    // The version may stand apart from its operator.
    const version = word.slice(operator.length) || words[++i] || "";
    comparators.push(...expand(operator, partial(version, whole)));
  }
  return comparators;
}

/** Longer ones first, so that `>` does not take the beginning of `>=`. */
const OPERATORS = [">=", "<=", ">", "<", "=", "^", "~"] as const;

/** A version whose last numbers may be missing or `x`. */
interface Partial {
  readonly version: Version;
  /** Numbers written, 0 to 3. */
  readonly given: number;
}

function partial(text: string, whole: string): Partial {
  const plain = text.startsWith("v") ? text.slice(1) : text;
  const parts = plain.split(".");
  const wild = parts.findIndex((part) => part === "x" || part === "X" || part === "*");
  if (wild >= 0) {
    const head = parts.slice(0, wild);
    const isWild = parts.slice(wild).every((part) => part === "x" || part === "X" || part === "*");
    if (parts.length > 3 || !isWild || !head.every(isNumber)) throw invalid(whole);
    const [major = 0, minor = 0] = head.map(Number);
    return { version: release(major, minor, 0), given: wild };
  }
  const version = parseVersion(plain);
  if (version === undefined) throw invalid(whole);
  return { version, given: version.precision };
}

function expand(operator: (typeof OPERATORS)[number] | "", part: Partial): readonly Comparator[] {
  const { version, given } = part;
  switch (operator) {
    case "":
    case "=":
      return between(part);
    case ">=":
      return [{ operator: ">=", version }];
    case "<":
      return [{ operator: "<", version }];
    case ">":
      return given === 3 ? [{ operator: ">", version }] : [{ operator: ">=", version: next(part, given) }];
    case "<=":
      return upTo(part);
    case "^": {
      // Up to the next change of the first number that is not zero.
      const first = version.numbers.findIndex((number) => number > 0);
      const places = first < 0 || first >= given ? Math.max(given, 1) : first + 1;
      return [
        { operator: ">=", version },
        { operator: "<", version: next(part, places) },
      ];
    }
    case "~":
      return [
        { operator: ">=", version },
        { operator: "<", version: next(part, Math.min(Math.max(given, 1), 2)) },
      ];
  }
}

function between(part: Partial): readonly Comparator[] {
  const { version, given } = part;
  if (given === 0) return [{ operator: ">=", version }];
  if (given === 3) return [{ operator: "=", version }];
  return [
    { operator: ">=", version },
    { operator: "<", version: next(part, given) },
  ];
}

function upTo(part: Partial): readonly Comparator[] {
  const { version, given } = part;
  if (given === 0) return [];
  return given === 3 ? [{ operator: "<=", version }] : [{ operator: "<", version: next(part, given) }];
}

/** The first version whose leading `places` numbers are higher. */
function next({ version }: Partial, places: number): Version {
  const [major, minor, patch] = version.numbers;
  if (places <= 1) return release(major + 1, 0, 0);
  return places === 2 ? release(major, minor + 1, 0) : release(major, minor, patch + 1);
}

function release(major: number, minor: number, patch: number): Version {
  return { numbers: [major, minor, patch], precision: 3, pre: [] };
}

function invalid(text: string): ContentError {
  return new ContentError(
    "INVALID",
    `${quote(text)} is no range of versions: write one like ">=1.2 <2" or "^1.4".`,
  );
}
