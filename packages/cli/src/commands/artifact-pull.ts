import type { Call } from "../call.ts";
import { refOf } from "../open-location.ts";
import { startProgress } from "../progress/start-progress.ts";
import { openReferenceSession } from "../session.ts";

/** `{reference, digest, artifactType, dir, files: [{name, digest, size}], untitled, bytes}`. */
export async function run(call: Call): Promise<undefined> {
  const { sdk, client, reference } = await openReferenceSession(call);
  const dir = call.optionalArgument("DIR") ?? ".";
  const source = client.repository(reference, { write: false });
  const ref = refOf(reference);
  // Asked first, so that a wrong name makes no folder.
  const root = await source.resolve(ref, { signal: call.signal });
  await using folder = await sdk.openFolder(dir, { create: true, overwrite: call.flag("overwrite") });
  const pulled = await sdk.pullArtifact(source, root.digest, folder, {
    platform: call.text("platform"),
    concurrency: call.number("concurrency"),
    onProgress: startProgress(call),
    signal: call.signal,
  });
  const { descriptor, manifest, files, untitled, bytes } = pulled;
  const { artifactType } = manifest.document as { artifactType?: string };
  for (const layer of untitled) call.output.note(`${layer.digest} has no name and was left out`);
  call.output.result(
    {
      reference: reference.toString(),
      digest: descriptor.digest,
      artifactType: artifactType ?? null,
      dir,
      files: files.map((file) => ({
        name: file.name,
        digest: file.descriptor.digest,
        size: file.descriptor.size,
      })),
      untitled: untitled.map((layer) => layer.digest),
      bytes,
    },
    () => files.map((file) => file.name),
  );
}
