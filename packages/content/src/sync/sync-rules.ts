import * as z from "zod/mini";
import { parsePlatform } from "../platform.ts";
import { readAs, type Schema } from "../schemas.ts";
import { parseVersionRange } from "./version-range.ts";

/** Which tags of a repository are mirrored. Each condition takes away from what those before it left. */
export interface TagSelection {
  /** Patterns with `*` and `?`; one of them has to match. Default: every tag. */
  readonly include?: readonly string[] | undefined;
  /** Patterns of which none may match. */
  readonly exclude?: readonly string[] | undefined;
  /** Tags that are versions in this range, such as `>=3.18 <4`. */
  readonly semver?: string | undefined;
  /** The highest so many versions of what is left; tags that are no versions do not count and fall away. */
  readonly newest?: number | undefined;
}

/** One repository to be mirrored. */
export interface SyncRule {
  readonly from: string;
  readonly to: string;
  readonly tags?: TagSelection | undefined;
  readonly platforms?: readonly string[] | undefined;
  readonly index?: "rewrite" | "sparse" | undefined;
  readonly referrers?: boolean | undefined;
  readonly digestTags?: boolean | undefined;
  readonly foreignLayers?: boolean | undefined;
  /** Takes tags away at the target that this selection would take and the source does not have. Default false. */
  readonly delete?: boolean | undefined;
}

/** What `reg sync` reads from its file. */
export interface SyncRules {
  readonly version: 1;
  /** Tags worked on at once. Default 4. */
  readonly concurrency?: number | undefined;
  /** The most requests in flight for one host; `*` is for those not named. */
  readonly hosts?: Readonly<Record<string, { readonly concurrency: number }>> | undefined;
  /** For every rule that does not say otherwise. */
  readonly defaults?: Partial<Omit<SyncRule, "from" | "to">> | undefined;
  readonly rules: readonly SyncRule[];
}

/**
 * Reads rules, as they come out of YAML or JSON. `tags` may be a list of patterns. Unknown fields are an error: a
 * misspelt `delete` must not pass for a missing one. Code `INVALID`, with the place.
 *
 * @example
 * ```ts
 * import { parseSyncRules } from "@reg/content";
 * const rules = parseSyncRules({
 *   version: 1,
 *   hosts: { "docker.io": { concurrency: 2 } },
 *   rules: [{ from: "docker.io/library/alpine", to: "localhost:5000/alpine", tags: { semver: "^3.18", newest: 2 } }],
 * });
 * console.log(rules.rules.length);
 * ```
 */
export function parseSyncRules(value: unknown): SyncRules {
  const { defaults = {}, ...rules } = readAs(rulesSchema, value, "file of sync rules");
  return { ...rules, rules: rules.rules.map((rule) => ({ ...defaults, ...rule })) };
}

const count = z
  .number()
  .check(z.refine((number) => Number.isInteger(number) && number >= 1, "it is a whole number from 1"));
const flag = z.optional(z.boolean());
const texts = z.array(z.string());

const selection = z.strictObject({
  include: z.optional(texts),
  exclude: z.optional(texts),
  semver: z.optional(
    z.string().check(z.refine((text) => parses(parseVersionRange, text), "it is no range of versions")),
  ),
  newest: z.optional(count),
});

const fields = {
  tags: z.optional(
    z.union([
      selection,
      z.pipe(
        texts,
        z.transform((include: string[]) => ({ include })),
      ),
    ]),
  ),
  platforms: z.optional(
    z.array(z.string().check(z.refine((text) => parses(parsePlatform, text), "it is no platform"))),
  ),
  index: z.optional(z.enum(["rewrite", "sparse"])),
  referrers: flag,
  digestTags: flag,
  foreignLayers: flag,
  delete: flag,
};

const rule = z.strictObject({ from: z.string(), to: z.string(), ...fields });

const rulesSchema: Schema<SyncRules> = z.strictObject({
  version: z.literal(1, "version is 1"),
  concurrency: z.optional(count),
  hosts: z.optional(z.record(z.string(), z.strictObject({ concurrency: count }))),
  defaults: z.optional(z.strictObject(fields)),
  rules: z.array(rule),
});

function parses(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}
