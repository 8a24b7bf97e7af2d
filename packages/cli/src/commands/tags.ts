import type { Call } from "../call.ts";
import { openSession } from "../session.ts";

/** `{repository, tags: [...]}`; with digests each tag is `{tag, digest, mediaType, size}`. */
export async function run(call: Call): Promise<undefined> {
  const { client, repository } = await openSession(call, [call.argument("REPO")]);
  const reference = repository(call.argument("REPO"));
  const order = call.text("sort");
  const options = {
    signal: call.signal,
    limit: call.number("limit"),
    match: call.text("match"),
    reverse: call.flag("reverse"),
    order: order === "name" || order === "semver" ? order : undefined,
  } as const;
  const { output } = call;
  const found: unknown[] = [];
  if (call.flag("with-digests")) {
    for await (const { tag, descriptor, error } of client.tags.details(reference, options)) {
      if (error !== undefined) output.error(`reg: ${tag}: ${error.message}`);
      if (output.json) {
        found.push({
          tag,
          digest: descriptor?.digest ?? null,
          mediaType: descriptor?.mediaType ?? null,
          size: descriptor?.size ?? null,
        });
      } else output.line(`${tag}\t${descriptor?.digest ?? "-"}`);
    }
  } else {
    for await (const tag of client.tags.list(reference, options)) {
      if (output.json) found.push(tag);
      else output.line(tag);
    }
  }
  if (output.json) output.value({ repository: reference.name, tags: found });
}
