import type { HistoryEntry, ImageInspection } from "@reg/sdk";
import type { Call } from "../call.ts";
import { escapeControl } from "../escape.ts";
import { cut, formatBytes } from "../format.ts";
import { openReferenceSession } from "../session.ts";

/**
 * `{reference, digest, mediaType, size, platform, created, labels, layers, platforms, history, totalSize,
 * platformSizes}`; absent parts are null.
 */
export async function run(call: Call): Promise<undefined> {
  const { sdk, client, reference } = await openReferenceSession(call);
  const found = await client.images.inspect(reference, {
    platform: call.text("platform"),
    sizes: call.flag("sizes"),
    signal: call.signal,
  });
  const platform = found.platform === undefined ? null : sdk.formatPlatform(found.platform);
  const platforms = found.platforms.map((each) => sdk.formatPlatform(each));
  const { digest, mediaType, size, labels, history } = found;
  const layers = found.layers.map((layer) => ({
    digest: layer.digest,
    mediaType: layer.mediaType,
    size: layer.size,
  }));
  const sizes = found.sizes?.platforms.map((each) => ({
    platform: sdk.formatPlatform(each.platform),
    size: each.bytes,
  }));
  const result = {
    reference: reference.toString(),
    digest,
    mediaType,
    size,
    platform,
    created: found.created ?? null,
    labels,
    layers,
    platforms,
    history: history.map(documentOf),
    totalSize: found.sizes?.bytes ?? null,
    platformSizes: sizes ?? null,
  };
  call.output.result(result, () => [
    ...describe(reference.toString(), found, platform, platforms),
    ...(call.flag("sizes") ? describeSizes(found.sizes?.bytes ?? 0, sizes ?? []) : []),
    ...(call.flag("history") ? describeHistory(history) : []),
  ]);
}

function describe(
  reference: string,
  found: ImageInspection,
  platform: string | null,
  platforms: readonly string[],
): string[] {
  const labels = Object.entries(found.labels);
  // Narrow enough that a digest fits beside its label, or beside a size, in 80 columns.
  return [
    `name     ${reference}`,
    `digest   ${found.digest}`,
    `type     ${found.mediaType}`,
    `size     ${formatBytes(found.size)}`,
    `platform ${platform ?? "-"}${platforms.length > 1 ? `, of ${platforms.join(", ")}` : ""}`,
    `created  ${found.created ?? "-"}`,
    ...(labels.length === 0 ? [] : ["labels"]),
    ...labels.map(([key, value]) => `  ${key}=${value}`),
    `layers   ${found.layers.length}`,
    ...found.layers.map((layer) => `${formatBytes(layer.size).padStart(8)} ${layer.digest}`),
  ];
}

function describeSizes(
  total: number,
  sizes: readonly { readonly platform: string; readonly size: number }[],
): string[] {
  return [
    `total    ${formatBytes(total)}, what platforms share counted once`,
    ...sizes.map(({ platform, size }) => `${formatBytes(size).padStart(8)} ${platform}`),
  ];
}

/** A day, a `+` where the step made a layer, and what was done, as much of it as fits. */
function describeHistory(history: readonly HistoryEntry[]): string[] {
  return [
    `history  ${history.length}`,
    ...history.map(({ created, created_by: step, comment, empty_layer: empty }) => {
      const what = (step ?? comment ?? "-").replaceAll(/\s+/g, " ").trim();
      const line = `${(created ?? "-").slice(0, 10).padEnd(10)} ${empty === true ? " " : "+"} ${what}`;
      // Escaped before it is measured: an escape is wider than what it stands for.
      return cut(escapeControl(line), WIDTH);
    }),
  ];
}

const WIDTH = 80;

function documentOf(entry: HistoryEntry): object {
  return {
    created: entry.created ?? null,
    createdBy: entry.created_by ?? null,
    author: entry.author ?? null,
    comment: entry.comment ?? null,
    emptyLayer: entry.empty_layer ?? false,
  };
}
