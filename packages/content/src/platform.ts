import type { Descriptor, Platform } from "./descriptor.ts";
import { ContentError } from "./errors.ts";
import { quote } from "./quote.ts";

/**
 * Reads `os/architecture[/variant]`, with the version of the OS after a colon or, as containerd writes it, in
 * parentheses: `linux/arm64/v8`, `windows/amd64:10.0.17763`, `windows(10.0.17763)/amd64`. A known architecture alone
 * means Linux. The result is normalised; code `INVALID`.
 *
 * @example
 * ```ts
 * import { formatPlatform, parsePlatform } from "@reg/content";
 * console.log(formatPlatform(parsePlatform("linux/aarch64"))); // linux/arm64
 * ```
 */
export function parsePlatform(text: string): Platform {
  let rest = text;
  let osVersion: string | undefined;
  const colon = rest.indexOf(":");
  if (colon >= 0) {
    osVersion = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
  }
  const parts = rest.split("/");
  let [os = "", architecture, variant] = parts;
  const open = os.indexOf("(");
  if (open >= 0 && os.endsWith(")") && osVersion === undefined) {
    osVersion = os.slice(open + 1, -1);
    os = os.slice(0, open);
  }
  if (
    architecture === undefined &&
    ARCHITECTURES.has(normaliseArchitecture(os.toLowerCase(), "").architecture)
  ) {
    architecture = os;
    os = "linux";
  }
  const words = variant === undefined ? [os, architecture ?? ""] : [os, architecture ?? "", variant];
  if (parts.length > 3 || !words.every(isWord) || (osVersion !== undefined && !isWord(osVersion))) {
    throw new ContentError(
      "INVALID",
      `${quote(text)} is not a platform: write os/architecture or os/architecture/variant, as in linux/arm64.`,
    );
  }
  return normalisePlatform({
    os,
    architecture: architecture ?? "",
    ...(variant === undefined ? {} : { variant }),
    ...(osVersion === undefined ? {} : { "os.version": osVersion }),
  });
}

/** Writes a platform as {@link parsePlatform} reads it; `os.features` are left out. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant, "os.version": version } = platform;
  return `${os}/${architecture}${variant ? `/${variant}` : ""}${version ? `:${version}` : ""}`;
}

/** One spelling for each platform: lower case, Go's names, no variant where it is the default one. */
export function normalisePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const { architecture, variant } = normaliseArchitecture(
    platform.architecture.toLowerCase(),
    (platform.variant ?? "").toLowerCase(),
  );
  const version = platform["os.version"];
  const features = platform["os.features"];
  return {
    os: os === "macos" ? "darwin" : os,
    architecture,
    ...(variant === "" ? {} : { variant }),
    ...(version === undefined || version === "" ? {} : { "os.version": version }),
    ...(features === undefined || features.length === 0 ? {} : { "os.features": [...features].sort() }),
  };
}

/**
 * Whether content for `offered` is what `wanted` asks for: the fields given are compared and no others, the version of
 * the OS by its leading parts. No fallback to an older variant: {@link selectPlatform} knows those.
 */
export function matchesPlatform(offered: Platform, wanted: Platform): boolean {
  const have = normalisePlatform(offered);
  const want = normalisePlatform(wanted);
  return (
    have.os === want.os &&
    have.architecture === want.architecture &&
    (want.variant === undefined || have.variant === want.variant) &&
    matchesVersion(have["os.version"], want["os.version"]) &&
    matchesFeatures(have["os.features"], want)
  );
}

/**
 * The entry of an index that suits a platform best: the exact one, or the nearest older variant that still runs there
 * (amd64/v3 → v2 → amd64 → 386, arm/v7 → v6 → v5, arm64 → arm/v8 … v5). Of equals the first wins (image-spec,
 * image-index.md). Entries without a platform, and the `unknown/unknown` ones of build attestations, are passed over.
 *
 * @example
 * ```ts
 * import { type Descriptor, parsePlatform, selectPlatform } from "@reg/content";
 * const pick = (manifests: readonly Descriptor[]) => selectPlatform(manifests, parsePlatform("linux/arm64"));
 * ```
 */
export function selectPlatform(descriptors: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  const want = normalisePlatform(wanted);
  const candidates = descriptors.filter(
    ({ platform }) =>
      platform !== undefined &&
      normalisePlatform(platform).os === want.os &&
      matchesVersion(platform["os.version"], want["os.version"]) &&
      matchesFeatures(platform["os.features"], want),
  );
  for (const [architecture, variant] of runnable(want)) {
    const match = candidates.find(({ platform }) => {
      if (platform === undefined) return false;
      const have = normalisePlatform(platform);
      return have.architecture === architecture && (have.variant ?? "") === variant;
    });
    if (match !== undefined) return match;
  }
  return undefined;
}

/** Whether this entry of an index holds attestations about another entry and is no image. */
export function isAttestation(descriptor: Descriptor): boolean {
  const { platform } = descriptor;
  return platform?.os === "unknown" && platform.architecture === "unknown";
}

const ARCHITECTURES: ReadonlySet<string> = new Set([
  "386",
  "amd64",
  "arm",
  "arm64",
  "loong64",
  "mips",
  "mips64",
  "mips64le",
  "mipsle",
  "ppc64",
  "ppc64le",
  "riscv64",
  "s390x",
  "wasm",
]);

function isWord(text: string): boolean {
  if (text === "") return false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    const word = (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57);
    // Punctuation inside, never in front: `..` is no name.
    if (!word && (i === 0 || (c !== 45 && c !== 46 && c !== 95))) return false;
  }
  return true;
}

/** The table that containerd's platforms package has made customary. */
function normaliseArchitecture(
  architecture: string,
  variant: string,
): { readonly architecture: string; readonly variant: string } {
  switch (architecture) {
    case "i386":
      return { architecture: "386", variant: "" };
    case "x86_64":
    case "x86-64":
    case "amd64":
      return { architecture: "amd64", variant: variant === "v1" ? "" : variant };
    case "aarch64":
    case "arm64":
      return { architecture: "arm64", variant: normaliseArm64(variant) };
    case "armhf":
      return { architecture: "arm", variant: "v7" };
    case "armel":
      return { architecture: "arm", variant: "v6" };
    case "arm":
      return {
        architecture: "arm",
        variant: variant === "" ? "v7" : isDigit(variant) ? `v${variant}` : variant,
      };
    default:
      return { architecture, variant };
  }
}

function normaliseArm64(variant: string): string {
  switch (variant) {
    case "8":
    case "v8":
    case "8.0":
    case "v8.0":
      return "";
    case "9":
    case "9.0":
    case "v9.0":
      return "v9";
    default:
      return variant.startsWith("8.") || variant.startsWith("9.") ? `v${variant}` : variant;
  }
}

function isDigit(text: string): boolean {
  return text.length === 1 && text >= "0" && text <= "9";
}

/** What runs on a platform, the best first: pairs of architecture and variant. */
function runnable({ architecture, variant = "" }: Platform): readonly (readonly [string, string])[] {
  switch (architecture) {
    case "amd64":
      return [...amd64Variants(variant).map((v) => ["amd64", v] as const), ["386", ""]];
    case "arm":
      return armVariants(variant).map((v) => ["arm", v] as const);
    case "arm64":
      return [
        ...arm64Variants(variant).map((v) => ["arm64", v] as const),
        ...armVariants("v8").map((v) => ["arm", v] as const),
      ];
    default:
      return [[architecture, variant]];
  }
}

function amd64Variants(variant: string): readonly string[] {
  const level = variant === "" ? 1 : numberAfterV(variant);
  if (level === undefined || level > MAX_VARIANT) return [variant];
  const variants: string[] = [];
  for (let v = level; v > 1; v -= 1) variants.push(`v${v}`);
  return [...variants, ""];
}

function armVariants(variant: string): readonly string[] {
  const level = numberAfterV(variant);
  if (level === undefined || level > MAX_VARIANT) return [variant];
  const variants: string[] = [];
  for (let v = level; v >= 5; v -= 1) variants.push(`v${v}`);
  return variants.length === 0 ? [variant] : variants;
}

/** ARMv9.x runs what ARMv8.(x+5) runs (Arm ARM, "Armv9-A"). */
function arm64Variants(variant: string): readonly string[] {
  const name = variant === "" ? "v8" : variant;
  const dot = name.indexOf(".");
  const major = numberAfterV(dot < 0 ? name : name.slice(0, dot));
  const minor = dot < 0 ? 0 : numberAfterV(`v${name.slice(dot + 1)}`);
  if ((major !== 8 && major !== 9) || minor === undefined || minor > MAX_VARIANT) return [variant];
  const variants: string[] = [];
  if (major === 9) for (let m = minor; m >= 0; m -= 1) variants.push(m === 0 ? "v9" : `v9.${m}`);
  for (let m = major === 9 ? minor + 5 : minor; m >= 1; m -= 1) variants.push(`v8.${m}`);
  return [...variants, ""];
}

/** Far above any that exists; keeps a hostile variant from growing a list. */
const MAX_VARIANT = 64;

function numberAfterV(variant: string): number | undefined {
  if (variant.length < 2 || variant.length > 3 || !variant.startsWith("v")) return undefined;
  const digits = variant.slice(1);
  for (const c of digits) if (c < "0" || c > "9") return undefined;
  return Number(digits);
}

/** `10.0.17763` is asked for, and `10.0.17763.1234` offered: whole parts are compared, from the left. */
function matchesVersion(offered: string | undefined, wanted: string | undefined): boolean {
  if (wanted === undefined || wanted === "") return true;
  if (offered === undefined || offered === "") return false;
  if (offered === wanted || offered.startsWith(`${wanted}.`)) return true;
  // A host knows its revision, an image is built for the build: revisions do not count.
  const build = (version: string): string => version.split(".", 3).join(".");
  return wanted.split(".").length > 3 && build(offered) === build(wanted);
}

/** What an entry needs must be there; where nothing was said of features, nothing is compared. */
function matchesFeatures(
  needed: readonly string[] | undefined,
  { "os.features": available }: Platform,
): boolean {
  return available === undefined || (needed ?? []).every((feature) => available.includes(feature));
}
