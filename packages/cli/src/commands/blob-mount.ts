import type { Call } from "../call.ts";
import { openSession } from "../session.ts";
import { CommandError } from "../usage-error.ts";

/** `{repository, digest, from}`. */
export async function run(call: Call): Promise<undefined> {
  const names = [call.argument("REPO@DIGEST"), call.argument("REPO")];
  const { client, blob, repository } = await openSession(call, names);
  const source = blob(call.argument("REPO@DIGEST"));
  const target = repository(call.argument("REPO"));
  const mounted = await client.blobs.mount(target.with({ digest: source.digest }), source, {
    signal: call.signal,
  });
  if (!mounted) {
    throw new CommandError(
      "UNSUPPORTED",
      `${target.name} did not get ${source.digest} from ${source.name}: the registry does not mount it`,
      { hint: "`reg copy` moves the bytes where it has to" },
    );
  }
  const { digest } = source;
  call.output.result({ repository: target.name, digest, from: source.name }, () => [
    `${target.name}@${digest}`,
  ]);
}
