import type { Reference, UploadStrategy } from "@reg/sdk";
import type { Call } from "../call.ts";
import { startProgress } from "../progress/start-progress.ts";
import { openSession } from "../session.ts";
import { type JournalFile, openJournal } from "../upload-journal.ts";
import { UsageError } from "../usage-error.ts";

/** `{repository, digest, size}`. */
export async function run(call: Call): Promise<undefined> {
  const { sdk, client, repository, environment } = await openSession(call, [call.argument("REPO")]);
  const reference = repository(call.argument("REPO"));
  const file = call.argument("FILE");
  const body = file === "-" ? process.stdin : await sdk.fileBody(file);
  const onProgress = startProgress(call);
  const journal = await journalOf(call, reference);
  // An upload that may be taken up again has to know what it amounts to before it begins.
  const digestAhead = journal === undefined ? undefined : (await sdk.describeFile(file)).digest;
  const { digest, size } = await client.blobs.put(reference, body, {
    chunkBytes: environment.chunkBytes,
    strategy: strategyOf(call),
    digest: digestAhead,
    resume: journal?.resume,
    onJournal: journal?.onJournal,
    signal: call.signal,
    onProgress,
  });
  await journal?.remove();
  call.output.result({ repository: reference.name, digest, size }, () => [digest]);
}

async function journalOf(call: Call, { domain, path }: Reference): Promise<JournalFile | undefined> {
  const file = call.text("journal");
  if (file === undefined) return undefined;
  if (call.argument("FILE") === "-") {
    throw new UsageError("--journal needs a file: standard input cannot be read again");
  }
  return openJournal(file, { registry: domain, repository: path });
}

function strategyOf(call: Call): UploadStrategy | undefined {
  const strategy = call.text("strategy");
  return STRATEGIES.find((known) => known === strategy);
}

const STRATEGIES: readonly UploadStrategy[] = ["auto", "monolithic", "single-post", "chunked"];
