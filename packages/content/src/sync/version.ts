/** A version as tags have it: up to three numbers, and what follows a hyphen. */
export interface Version {
  readonly numbers: readonly [number, number, number];
  /** How many of the numbers were written. */
  readonly precision: 1 | 2 | 3;
  /** The identifiers of a pre-release; none for a release. */
  readonly pre: readonly string[];
}

/** Reads `1`, `1.2`, `1.2.3`, `v1.2.3`, `1.2.3-rc.1`; `undefined` for any other tag. */
export function parseVersion(text: string): Version | undefined {
  if (text.length > MAX_CHARACTERS) return undefined;
  const start = text.startsWith("v") || text.startsWith("V") ? 1 : 0;
  const plus = text.indexOf("+");
  const end = plus < 0 ? text.length : plus;
  const hyphen = text.indexOf("-", start);
  const isPre = hyphen >= 0 && hyphen < end;
  const parts = text.slice(start, isPre ? hyphen : end).split(".");
  if (parts.length > 3 || !parts.every(isNumber)) return undefined;
  const [major = 0, minor = 0, patch = 0] = parts.map(Number);
  const pre = isPre ? text.slice(hyphen + 1, end).split(".") : [];
  if (pre.includes("")) return undefined;
  return {
    numbers: [major, minor, patch],
    precision: parts.length === 3 ? 3 : parts.length === 2 ? 2 : 1,
    pre,
  };
}

/** Orders versions as semver.org (2.0.0, 11) has it: negative where `a` is the older one. */
export function compareVersions(a: Version, b: Version): number {
  for (let i = 0; i < 3; i += 1) {
    const difference = (a.numbers[i] ?? 0) - (b.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (a.pre.length === 0 || b.pre.length === 0)
    return (b.pre.length === 0 ? 0 : 1) - (a.pre.length === 0 ? 0 : 1);
  for (let i = 0; i < Math.max(a.pre.length, b.pre.length); i += 1) {
    const difference = compareIdentifiers(a.pre[i], b.pre[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** No tag is longer; a range may be, but no part of it. */
const MAX_CHARACTERS = 256;

/** Digits, and no more of them than a double counts exactly. */
export function isNumber(text: string): boolean {
  if (text === "" || text.length > 15) return false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c < 48 || c > 57) return false;
  }
  return true;
}

function compareIdentifiers(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return (a === undefined ? 0 : 1) - (b === undefined ? 0 : 1);
  const numeric = [isNumber(a), isNumber(b)];
  if (numeric[0] && numeric[1]) return Number(a) - Number(b);
  if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
