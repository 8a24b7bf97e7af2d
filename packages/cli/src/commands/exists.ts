import type { Call } from "../call.ts";
import type { ExitCode } from "../command.ts";
import { openReferenceSession } from "../session.ts";
import { CommandError } from "../usage-error.ts";

/** `{reference, exists}`; exit code 0 for yes, 3 for no, 4 where the registry does not let it be told. */
export async function run(call: Call): Promise<ExitCode> {
  const { client, reference } = await openReferenceSession(call);
  const existence = await client.manifests.exists(reference, { signal: call.signal });
  if (existence === "unknown") {
    throw new CommandError(
      "UNAUTHENTICATED",
      `${reference.domain} does not tell whether ${reference} exists`,
      {
        hint: "sign in with `reg login`",
      },
    );
  }
  const exists = existence === "yes";
  if (!call.output.quiet || call.output.json) {
    call.output.result({ reference: reference.toString(), exists }, () => [exists ? "yes" : "no"]);
  }
  return exists ? 0 : 3;
}
