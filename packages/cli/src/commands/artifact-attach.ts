import { artifactFiles, readPairs } from "../artifact-files.ts";
import type { Call } from "../call.ts";
import { refOf } from "../open-location.ts";
import { startProgress } from "../progress/start-progress.ts";
import { openReferenceSession } from "../session.ts";
import { UNKNOWN_ARTIFACT } from "./artifact-push.ts";

/** `{subject, reference, digest, mediaType, size, artifactType, files}`. */
export async function run(call: Call): Promise<undefined> {
  const { sdk, client, reference: subject } = await openReferenceSession(call);
  const files = await artifactFiles(sdk, call.arguments("FILE"));
  const artifactType = call.text("artifact-type") ?? UNKNOWN_ARTIFACT;
  const { digest, mediaType, size } = await sdk.attachArtifact(client.repository(subject), refOf(subject), {
    artifactType,
    files,
    annotations: readPairs("annotation", call.list("annotation")),
    concurrency: call.number("concurrency"),
    onProgress: startProgress(call),
    signal: call.signal,
  });
  const reference = subject.with({ tag: undefined, digest }).toString();
  const names = files.map((file) => file.name);
  call.output.result(
    { subject: subject.toString(), reference, digest, mediaType, size, artifactType, files: names },
    () => [reference],
  );
}
