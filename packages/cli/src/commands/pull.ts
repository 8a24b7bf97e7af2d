import type { Call } from "../call.ts";
import { parseLocation } from "../location.ts";
import { transfer } from "../transfer.ts";
import { UsageError } from "../usage-error.ts";

export async function run(call: Call): Promise<undefined> {
  const ref = call.argument("REF");
  const target = call.argument("TARGET");
  if (parseLocation(ref).kind !== "remote") {
    throw new UsageError(
      `"${ref}" is no image in a registry`,
      "`reg push` and `reg copy` take that as their source",
    );
  }
  if (parseLocation(target).kind === "remote") {
    throw new UsageError(
      `"${target}" is no place on this machine`,
      `write oci:${target}, oci-archive:FILE or docker-archive:FILE; \`reg copy\` copies to registries`,
    );
  }
  await transfer(call, ref, target);
}
