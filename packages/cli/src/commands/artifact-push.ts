import { artifactFiles, readPairs } from "../artifact-files.ts";
import type { Call } from "../call.ts";
import { withDigest } from "../format.ts";
import { refOf } from "../open-location.ts";
import { startProgress } from "../progress/start-progress.ts";
import { openReferenceSession } from "../session.ts";

/** What an artifact is when nobody says: the type `oras push` gives it too. */
export const UNKNOWN_ARTIFACT = "application/vnd.unknown.artifact.v1";

/** `{reference, digest, mediaType, size, artifactType, files}`. */
export async function run(call: Call): Promise<undefined> {
  const { sdk, client, reference } = await openReferenceSession(call);
  const files = await artifactFiles(sdk, call.arguments("FILE"));
  const artifactType = call.text("artifact-type") ?? UNKNOWN_ARTIFACT;
  const { digest, mediaType, size } = await sdk.packArtifact(client.repository(reference), {
    artifactType,
    files,
    annotations: readPairs("annotation", call.list("annotation")),
    ref: refOf(reference),
    concurrency: call.number("concurrency"),
    onProgress: startProgress(call),
    signal: call.signal,
  });
  const names = files.map((file) => file.name);
  call.output.result(
    { reference: reference.toString(), digest, mediaType, size, artifactType, files: names },
    () => withDigest(reference.toString(), digest, call.output.columns),
  );
}
