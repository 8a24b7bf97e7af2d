import type { ImageInspection } from "@reg/sdk";
import type { Call } from "../call.ts";
import { formatBytes } from "../format.ts";
import { openReferenceSession } from "../session.ts";

/** `{reference, digest, mediaType, size, platform, created, labels, layers, platforms}`; absent parts are null. */
export async function run(call: Call): Promise<undefined> {
  const { sdk, client, reference } = await openReferenceSession(call);
  const found = await client.images.inspect(reference, {
    platform: call.text("platform"),
    signal: call.signal,
  });
  const platform = found.platform === undefined ? null : sdk.formatPlatform(found.platform);
  const platforms = found.platforms.map((each) => sdk.formatPlatform(each));
  const { digest, mediaType, size, labels } = found;
  const layers = found.layers.map((layer) => ({
    digest: layer.digest,
    mediaType: layer.mediaType,
    size: layer.size,
  }));
  call.output.result(
    {
      reference: reference.toString(),
      digest,
      mediaType,
      size,
      platform,
      created: found.created ?? null,
      labels,
      layers,
      platforms,
    },
    () => describe(reference.toString(), found, platform, platforms),
  );
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
