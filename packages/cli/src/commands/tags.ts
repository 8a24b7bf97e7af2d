import type { ListTagsOptions, TagDetails } from "@reg/sdk";
import type { Call } from "../call.ts";
import { shortDigest } from "../format.ts";
import type { Output } from "../output.ts";
import { openSession } from "../session.ts";

/** What two tabs take at the most. */
const TAB_COLUMNS = 16;

/** `{repository, tags: [...]}`; with digests each tag is `{tag, digest, mediaType, size}`, and `created` where asked. */
export async function run(call: Call): Promise<undefined> {
  const { client, repository } = await openSession(call, [call.argument("REPO")]);
  const reference = repository(call.argument("REPO"));
  const options = {
    signal: call.signal,
    limit: call.number("limit"),
    after: call.text("after"),
    pageSize: call.number("page-size"),
    match: call.text("match"),
    semver: call.text("semver"),
    order: orderOf(call),
    reverse: call.flag("reverse"),
  };
  const { output } = call;
  const created = call.flag("with-created");
  if (created || call.flag("with-digests")) {
    const details = told(output, client.tags.details(reference, { ...options, created }));
    if (output.json) return output.list({ repository: reference.name }, "tags", documents(details, created));
    for await (const each of details) output.line(line(each, created, output.columns));
    return;
  }
  const tags = client.tags.list(reference, options);
  if (output.json) return output.list({ repository: reference.name }, "tags", tags);
  for await (const tag of tags) output.line(tag);
}

function orderOf(call: Call): ListTagsOptions["order"] {
  const order = call.text("order");
  return order === "name" || order === "semver" || order === "created" ? order : undefined;
}

async function* documents(details: AsyncIterable<TagDetails>, withCreated: boolean): AsyncGenerator<object> {
  for await (const { tag, descriptor, created = null } of details) {
    const { digest = null, mediaType = null, size = null } = descriptor ?? {};
    yield { tag, digest, mediaType, size, ...(withCreated ? { created } : {}) };
  }
}

/** Tabs between, for `cut`; on a terminal too narrow for it the digest is its first digits. */
function line({ tag, descriptor, created }: TagDetails, withCreated: boolean, columns?: number): string {
  const digest = descriptor?.digest ?? "-";
  if (!withCreated) return `${tag}\t${digest}`;
  const whole = `${tag}\t${digest}\t${created ?? "-"}`;
  const isNarrow = columns !== undefined && columns < whole.length + TAB_COLUMNS;
  return isNarrow ? `${tag}\t${shortDigest(digest)}\t${created ?? "-"}` : whole;
}

/** A tag that cannot be read does not hide the others. */
async function* told(output: Output, details: AsyncIterable<TagDetails>): AsyncGenerator<TagDetails> {
  for await (const each of details) {
    if (each.error !== undefined) output.error(`reg: ${each.tag}: ${each.error.message}`);
    yield each;
  }
}
