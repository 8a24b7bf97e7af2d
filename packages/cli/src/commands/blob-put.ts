import type { Call } from "../call.ts";
import { startProgress } from "../progress/start-progress.ts";
import { openSession } from "../session.ts";

/** `{repository, digest, size}`. */
export async function run(call: Call): Promise<undefined> {
  const { sdk, client, repository, environment } = await openSession(call, [call.argument("REPO")]);
  const reference = repository(call.argument("REPO"));
  const file = call.argument("FILE");
  const body = file === "-" ? process.stdin : await sdk.fileBody(file);
  const onProgress = startProgress(call);
  const { digest, size } = await client.blobs.put(reference, body, {
    chunkBytes: environment.chunkBytes,
    signal: call.signal,
    onProgress,
  });
  call.output.result({ repository: reference.name, digest, size }, () => [digest]);
}
