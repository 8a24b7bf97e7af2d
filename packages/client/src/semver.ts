import { RegistryError } from "./errors.ts";

/** A version as tags write it: `1.2.3`, `v1.2`, `3`, `1.2.3-rc.1+build`. Parts that are missing count as 0. */
export interface Version {
  readonly numbers: readonly [major: number, minor: number, patch: number];
  readonly prerelease: readonly (number | string)[];
}

/** Alternatives, of each of which every comparison has to hold. */
export type VersionRange = readonly (readonly Comparison[])[];

interface Comparison {
  readonly operator: "<" | "<=" | ">" | ">=" | "=";
  readonly version: Version;
}

/** `undefined` where the text is no version. */
export function parseVersion(text: string): Version | undefined {
  return parsePartial(text)?.version;
}

/** Below, equal or above zero, as for `sort`; what is no version comes first. */
export function compareVersions(a: Version | undefined, b: Version | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  for (const [i, number] of a.numbers.entries()) {
    const difference = number - (b.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) {
    // A release is later than what led to it (semver.org, 11.3).
    return Number(a.prerelease.length === 0) - Number(b.prerelease.length === 0);
  }
  for (const [i, left] of a.prerelease.entries()) {
    const right = b.prerelease[i];
    if (right === undefined) return 1;
    if (left === right) continue;
    if (typeof left === "number") return typeof right === "number" ? left - right : -1;
    return typeof right === "number" || left > right ? 1 : -1;
  }
  return a.prerelease.length - b.prerelease.length;
}

/**
 * Reads a range: `>=1.2 <2`, `^1.2.3`, `~1.2`, `1.x`, `1.2 - 2.3`, alternatives with `||`.
 *
 * @throws RegistryError `INVALID` where it is none.
 */
export function parseRange(text: string): VersionRange {
  return text.split("||").map((alternative) => parseAlternative(alternative.trim(), text));
}

/**
 * Whether a version lies in a range. One with a prerelease part does only where the range names a prerelease of the
 * same numbers: nobody who asks for `>=1.0` means `2.0.0-alpha`.
 */
export function satisfies(version: Version, range: VersionRange): boolean {
  return range.some(
    (comparisons) =>
      comparisons.every((comparison) => holds(version, comparison)) &&
      (version.prerelease.length === 0 ||
        comparisons.some(
          ({ version: named }) =>
            named.prerelease.length > 0 && named.numbers.every((n, i) => n === version.numbers[i]),
        )),
  );
}

interface Partial {
  readonly version: Version;
  /** How many numbers are given. */
  readonly given: number;
}

/** A number beyond this is no part of a version anybody compares. */
const MAX_NUMBER_DIGITS = 15;
const MAX_VERSION_CHARACTERS = 256;

function parsePartial(text: string, wildcards = false): Partial | undefined {
  if (text.length > MAX_VERSION_CHARACTERS) return undefined;
  const start = text.startsWith("v") || text.startsWith("V") ? 1 : 0;
  const plus = text.indexOf("+");
  const core = text.slice(start, plus < 0 ? undefined : plus);
  const dash = core.indexOf("-");
  const parts = (dash < 0 ? core : core.slice(0, dash)).split(".");
  if (parts.length > 3) return undefined;
  const numbers: [number, number, number] = [0, 0, 0];
  let given = 0;
  for (const [i, part] of parts.entries()) {
    if (wildcards && isWildcard(part)) break;
    if (!isNumber(part)) return undefined;
    numbers[i] = Number(part);
    given = i + 1;
  }
  if (dash < 0) return { version: { numbers, prerelease: [] }, given };
  const identifiers = core.slice(dash + 1).split(".");
  if (identifiers.some((identifier) => !isIdentifier(identifier))) return undefined;
  const prerelease = identifiers.map((identifier) =>
    isNumber(identifier) ? Number(identifier) : identifier,
  );
  return { version: { numbers, prerelease }, given };
}

function parseAlternative(text: string, whole: string): Comparison[] {
  const words = text.split(" ").filter((word) => word !== "");
  const comparisons: Comparison[] = [];
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? "";
    if (words[i + 1] === "-") {
      comparisons.push(
        ...parseComparison(`>=${word}`, whole),
        ...parseComparison(`<=${words[i + 2] ?? ""}`, whole),
      );
      i += 2;
    } else if (OPERATORS.includes(word)) {
      // `>= 1.2`
      comparisons.push(...parseComparison(`${word}${words[i + 1] ?? ""}`, whole));
      i += 1;
    } else {
      comparisons.push(...parseComparison(word, whole));
    }
  }
  return comparisons;
}

const OPERATORS: readonly string[] = [">=", "<=", ">", "<", "=", "^", "~"];

function parseComparison(word: string, whole: string): Comparison[] {
  const operator = OPERATORS.find((candidate) => word.startsWith(candidate)) ?? "";
  const partial = parsePartial(word.slice(operator.length), true);
  if (partial === undefined || word === operator) {
    throw new RegistryError("INVALID", `${JSON.stringify(whole.slice(0, 200))} is not a range of versions.`);
  }
  const { version, given } = partial;
  const upTo = (position: number): Comparison[] => [
    { operator: ">=", version },
    ...(position < 0 ? [] : [{ operator: "<" as const, version: bump(version, position) }]),
  ];
  switch (operator) {
    case "^": {
      const firstSet = version.numbers.slice(0, given).findIndex((number) => number > 0);
      return upTo(firstSet >= 0 ? firstSet : given - 1);
    }
    case "~":
      return upTo(Math.min(given, 2) - 1);
    case ">":
      // `>1.2` is what comes after all of 1.2.
      return given === 0
        ? [{ operator: "<", version: ZERO }]
        : given < 3
          ? [{ operator: ">=", version: bump(version, given - 1) }]
          : [{ operator, version }];
    case "<=":
      return given === 0
        ? []
        : given < 3
          ? [{ operator: "<", version: bump(version, given - 1) }]
          : [{ operator, version }];
    case ">=":
    case "<":
      return [{ operator, version }];
    default:
      return given === 3 ? [{ operator: "=", version }] : upTo(given - 1);
  }
}

const ZERO: Version = { numbers: [0, 0, 0], prerelease: [0] };

/** The first version after all those that share the numbers up to this position. */
function bump({ numbers: [major, minor, patch] }: Version, position: number): Version {
  // A prerelease of the next one is not below the border (as npm has it).
  const prerelease = [0];
  if (position <= 0) return { numbers: [major + 1, 0, 0], prerelease };
  if (position === 1) return { numbers: [major, minor + 1, 0], prerelease };
  return { numbers: [major, minor, patch + 1], prerelease };
}

function holds(version: Version, { operator, version: border }: Comparison): boolean {
  const order = compareVersions(version, border);
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    case "=":
      return order === 0;
  }
}

function isWildcard(part: string): boolean {
  return part === "x" || part === "X" || part === "*" || part === "";
}

function isNumber(part: string): boolean {
  if (part.length === 0 || part.length > MAX_NUMBER_DIGITS) return false;
  for (let i = 0; i < part.length; i += 1) {
    const c = part.charCodeAt(i);
    if (c < 48 || c > 57) return false;
  }
  return true;
}

function isIdentifier(part: string): boolean {
  if (part.length === 0) return false;
  for (let i = 0; i < part.length; i += 1) {
    const c = part.charCodeAt(i);
    const alphanumeric = (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
    if (!alphanumeric && c !== 45 && c !== 95) return false;
  }
  return true;
}
