import type { ReferrerTree } from "@reg/sdk";
import type { Call } from "../call.ts";
import { refOf } from "../open-location.ts";
import { openSession } from "../session.ts";

/** `{reference, digest, referrers: [{digest, mediaType, size, artifactType, annotations, referrers: [...]}]}`. */
export async function run(call: Call): Promise<undefined> {
  const { sdk, client, image } = await openSession(call, [call.argument("REF")]);
  const reference = image(call.argument("REF"));
  const tree = await sdk.discoverReferrers(client.repository(reference, { write: false }), refOf(reference), {
    artifactType: call.text("artifact-type"),
    signal: call.signal,
  });
  call.output.result(
    {
      reference: reference.toString(),
      digest: tree.descriptor.digest,
      referrers: tree.referrers.map(document),
    },
    () => [`${reference}  ${tree.descriptor.digest}`, ...branches(tree.referrers, "")],
  );
}

function document({ descriptor, referrers }: ReferrerTree): object {
  const { digest, mediaType, size, artifactType, annotations } = descriptor;
  return {
    digest,
    mediaType,
    size,
    artifactType: artifactType ?? null,
    annotations: annotations ?? {},
    referrers: referrers.map(document),
  };
}

function branches(trees: readonly ReferrerTree[], indent: string): string[] {
  return trees.flatMap(({ descriptor, referrers }, index) => {
    const last = index === trees.length - 1;
    const line = `${indent}${last ? "└─" : "├─"} ${descriptor.artifactType ?? descriptor.mediaType}  ${descriptor.digest}`;
    return [line, ...branches(referrers, `${indent}${last ? "   " : "│  "}`)];
  });
}
