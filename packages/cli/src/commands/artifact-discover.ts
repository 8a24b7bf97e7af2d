import type { ReferrerTree } from "@reg/sdk";
import type { Call } from "../call.ts";
import { withDigest } from "../format.ts";
import { refOf } from "../open-location.ts";
import { referrerDocument } from "../referrer-document.ts";
import { openReferenceSession } from "../session.ts";

/** `{reference, digest, referrers: [{digest, mediaType, size, artifactType, annotations, referrers: [...]}]}`. */
export async function run(call: Call): Promise<undefined> {
  const { sdk, client, reference } = await openReferenceSession(call);
  const { columns } = call.output;
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
    () => [
      ...withDigest(reference.toString(), tree.descriptor.digest, columns),
      ...branches(tree.referrers, "", columns),
    ],
  );
}

function document({ descriptor, referrers }: ReferrerTree): object {
  return { ...referrerDocument(descriptor), referrers: referrers.map(document) };
}

function branches(trees: readonly ReferrerTree[], indent: string, columns: number | undefined): string[] {
  return trees.flatMap(({ descriptor, referrers }, index) => {
    const last = index === trees.length - 1;
    const below = `${indent}${last ? "   " : "│  "}`;
    const text = `${indent}${last ? "└─" : "├─"} ${descriptor.artifactType ?? descriptor.mediaType}`;
    return [...withDigest(text, descriptor.digest, columns, below), ...branches(referrers, below, columns)];
  });
}
