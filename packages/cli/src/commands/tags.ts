import type { TagDetails } from "@reg/sdk";
import type { Call } from "../call.ts";
import type { Output } from "../output.ts";
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
  if (call.flag("with-digests")) {
    const details = client.tags.details(reference, options);
    if (output.json) return output.list({ repository: reference.name }, "tags", documents(output, details));
    for await (const each of told(output, details))
      output.line(`${each.tag}\t${each.descriptor?.digest ?? "-"}`);
    return;
  }
  const tags = client.tags.list(reference, options);
  if (output.json) return output.list({ repository: reference.name }, "tags", tags);
  for await (const tag of tags) output.line(tag);
}

async function* documents(output: Output, details: AsyncIterable<TagDetails>): AsyncGenerator<object> {
  for await (const { tag, descriptor } of told(output, details)) {
    const { digest = null, mediaType = null, size = null } = descriptor ?? {};
    yield { tag, digest, mediaType, size };
  }
}

/** A tag that cannot be read does not hide the others. */
async function* told(output: Output, details: AsyncIterable<TagDetails>): AsyncGenerator<TagDetails> {
  for await (const each of details) {
    if (each.error !== undefined) output.error(`reg: ${each.tag}: ${each.error.message}`);
    yield each;
  }
}
