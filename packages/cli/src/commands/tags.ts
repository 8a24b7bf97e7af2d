import type { ListTagsOptions, TagDetails } from "@reg/sdk";
import type { Call } from "../call.ts";
import { formatBytes, shortDigest } from "../format.ts";
import type { Output } from "../output.ts";
import { openSession } from "../session.ts";

/** What two tabs take at the most. */
const TAB_COLUMNS = 16;

/** `{repository, tags: [...]}`; with digests each tag is `{tag, digest, mediaType, size}`, and `created` and `bytes` where asked. */
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
  const wanted = { created: call.flag("with-created"), sizes: call.flag("with-sizes") };
  if (wanted.created || wanted.sizes || call.flag("with-digests")) {
    const platform = call.text("platform");
    const details = told(output, client.tags.details(reference, { ...options, ...wanted, platform }));
    if (output.json) return output.list({ repository: reference.name }, "tags", documents(details, wanted));
    for await (const each of details) output.line(line(each, wanted, output.columns));
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

/** What is asked of each tag besides its digest. */
interface Wanted {
  readonly created: boolean;
  readonly sizes: boolean;
}

async function* documents(details: AsyncIterable<TagDetails>, wanted: Wanted): AsyncGenerator<object> {
  for await (const { tag, descriptor, created = null, bytes = null } of details) {
    const { digest = null, mediaType = null, size = null } = descriptor ?? {};
    const more = { ...(wanted.created ? { created } : {}), ...(wanted.sizes ? { bytes } : {}) };
    yield { tag, digest, mediaType, size, ...more };
  }
}

/** Tabs between, for `cut`; on a terminal too narrow for it the digest is its first digits. */
function line({ tag, descriptor, created, bytes }: TagDetails, wanted: Wanted, columns?: number): string {
  const digest = descriptor?.digest ?? "-";
  const more = [
    ...(wanted.created ? [created ?? "-"] : []),
    ...(wanted.sizes ? [bytes === undefined ? "-" : formatBytes(bytes)] : []),
  ];
  if (more.length === 0) return `${tag}\t${digest}`;
  const whole = [tag, digest, ...more].join("\t");
  const isNarrow = columns !== undefined && columns < whole.length + TAB_COLUMNS;
  return isNarrow ? [tag, shortDigest(digest), ...more].join("\t") : whole;
}

/** A tag that cannot be read does not hide the others. */
async function* told(output: Output, details: AsyncIterable<TagDetails>): AsyncGenerator<TagDetails> {
  for await (const each of details) {
    if (each.error !== undefined) output.error(`reg: ${each.tag}: ${each.error.message}`);
    yield each;
  }
}
