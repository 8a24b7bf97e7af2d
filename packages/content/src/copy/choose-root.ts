import type { Descriptor, Platform } from "../descriptor.ts";
import { ContentError } from "../errors.ts";
import type { ParsedIndex, ParsedManifest } from "../parse-manifest.ts";
import { normalisePlatform, parsePlatform } from "../platform.ts";
import type { ManifestReader } from "./manifest-reader.ts";
import type { CopySelection } from "./options.ts";
import { pickPlatform, subsetIndex } from "./rewrite-index.ts";

/** What is to be copied of what a reference names. */
export interface ChosenRoot {
  readonly root: Descriptor;
  readonly parsed?: ParsedManifest | undefined;
  /** Indexes that only exist since they were cut down; the root may be one of them, and then is the last. */
  readonly made: readonly ParsedIndex[];
  readonly rewritten?: { readonly from: Descriptor } | undefined;
  /** The entries of indexes to be followed, where not all of them are. */
  readonly keep?: ReadonlySet<string> | undefined;
}

/** Applies a selection of platforms. */
export async function chooseRoot(
  ref: string,
  selection: CopySelection,
  reader: ManifestReader,
): Promise<ChosenRoot> {
  const { platform, platforms, index: how } = selection;
  if (platform !== undefined && platforms !== undefined) {
    throw new ContentError("INVALID", "The options platform and platforms exclude each other.");
  }
  if (platforms !== undefined && how === undefined) {
    throw new ContentError(
      "INVALID",
      'The option platforms needs the option index: "rewrite" makes an index of another digest, "sparse" keeps the digest and leaves entries out.',
    );
  }
  const { descriptor, parsed } = await reader.resolve(ref);
  if (parsed?.kind !== "index" || (platform === undefined && platforms === undefined)) {
    return { root: descriptor, parsed, made: [] };
  }
  if (platform !== undefined) {
    const picked = await pickPlatform(parsed, asPlatform(platform), reader.read);
    return { root: picked, made: [] };
  }
  const subset = await subsetIndex(parsed, (platforms ?? []).map(asPlatform), reader.read);
  if (how === "sparse") return { root: descriptor, parsed, made: [], keep: subset.keep };
  const { rewritten, nested } = subset;
  if (rewritten.document.manifests.length === parsed.document.manifests.length && nested.length === 0) {
    // Everything was wanted: the index stays byte for byte what it is.
    return { root: descriptor, parsed, made: [] };
  }
  return {
    root: rewritten.descriptor,
    parsed: rewritten,
    made: [...nested, rewritten],
    rewritten: { from: descriptor },
  };
}

function asPlatform(platform: Platform | string): Platform {
  return typeof platform === "string" ? parsePlatform(platform) : normalisePlatform(platform);
}
