import type { Call } from "../call.ts";
import { parseLocation } from "../location.ts";
import { transfer } from "../transfer.ts";
import { UsageError } from "../usage-error.ts";

export async function run(call: Call): Promise<undefined> {
  const source = call.argument("SOURCE");
  const ref = call.argument("REF");
  if (parseLocation(source).kind === "remote") {
    throw new UsageError(
      `"${source}" is no image on this machine`,
      `write oci:${source}, oci-archive:FILE or docker-archive:FILE; \`reg copy\` copies between registries`,
    );
  }
  if (parseLocation(ref).kind !== "remote") {
    throw new UsageError(`"${ref}" is no image in a registry`, "`reg copy` copies to layouts and archives");
  }
  await transfer(call, source, ref, call.list("tag"));
}
