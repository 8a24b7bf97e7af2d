import type {
  DeletedRepository,
  Reference,
  RepositoryDeletionError,
  RepositoryDeletionProgress,
} from "@reg/sdk";
import type { Call } from "../call.ts";
import { safeJson } from "../escape.ts";
import { confirm, mayConfirm } from "../prompt.ts";
import { readSecret } from "../read-secret.ts";
import { openSession } from "../session.ts";
import { CommandError, UsageError } from "../usage-error.ts";

type Sdk = typeof import("@reg/sdk");

/**
 * `{repository, way, dryRun, manifests, tags, manifestCount, tagCount, remaining: {manifests, tags}, failures: [...]}`;
 * null where the registry does not tell. Written also where only a part was deleted, before the failure is.
 */
export async function run(call: Call): Promise<undefined> {
  const dryRun = call.flag("dry-run");
  if (!dryRun && !call.flag("yes") && !mayConfirm(call)) {
    throw new UsageError(
      "deleting a repository needs --yes where there is no terminal to ask on",
      "--dry-run shows what would be deleted",
    );
  }
  if (call.flag("api-token-stdin") && call.flag("password-stdin")) {
    throw new UsageError("standard input holds one secret: --api-token-stdin or --password-stdin");
  }
  const { sdk, client, repository } = await openSession(call, [call.argument("REPO")]);
  const reference = repository(call.argument("REPO"));
  const apiToken = call.flag("api-token-stdin") ? await readSecret(call.signal) : undefined;
  const options = {
    by: wayOf(call),
    manifests: call.list("manifest").map((digest) => sdk.parseDigest(digest)),
    concurrency: call.number("concurrency"),
    apiToken,
    signal: call.signal,
  };
  if (dryRun || !call.flag("yes")) {
    const planned = await client.catalog.delete(reference, { ...options, dryRun: true });
    if (dryRun) return tell(call, planned, []);
    if (!(await confirm(call, `delete ${summary(planned)}?`))) {
      throw new CommandError("DECLINED", "nothing was deleted");
    }
  }
  const follower = new Follower(call);
  try {
    const deleted = await client.catalog.delete(reference, {
      ...options,
      onProgress: (event) => follower.hear(event),
    });
    tell(call, deleted, []);
  } catch (error) {
    tellPart(call, sdk, error, follower.soFar(reference));
    throw error;
  }
  return undefined;
}

function wayOf(call: Call): "registry" | "emptying" | "either" | undefined {
  const by = call.text("by");
  return by === "registry" || by === "emptying" || by === "either" ? by : undefined;
}

/** What was deleted before it broke off, where anything was. */
function tellPart(call: Call, sdk: Sdk, error: unknown, soFar: DeletedRepository | undefined): void {
  if (sdk.isRepositoryDeletionError(error)) tell(call, error.outcome, error.failures);
  // Interrupted: what was under way may be gone, too.
  else if (soFar !== undefined) tell(call, soFar, []);
}

function tell(
  call: Call,
  deleted: DeletedRepository,
  failures: RepositoryDeletionError["failures"],
): undefined {
  const { repository, way, dryRun, remaining } = deleted;
  const document = {
    repository,
    way,
    dryRun,
    manifests: deleted.manifests ?? null,
    tags: deleted.tags ?? null,
    manifestCount: deleted.manifestCount ?? null,
    tagCount: deleted.tagCount ?? null,
    remaining,
    failures: failures.map(({ reference, error }) => ({
      reference,
      code: "code" in error ? error.code : "FAILED",
      message: error.message,
    })),
  };
  call.output.result(document, () => [
    ...(dryRun ? [...(deleted.tags ?? []), ...(deleted.manifests ?? [])] : []),
    `${dryRun ? "would delete" : "deleted"} ${summary(deleted)}`,
    ...remaining.tags.map((tag) => `remains ${repository}:${tag}`),
    ...remaining.manifests.map((digest) => `remains ${repository}@${digest}`),
  ]);
  if (way === "emptying" && !dryRun && failures.length === 0) {
    call.output.note("blobs are left to the registry's garbage collection; it may go on to list the name");
  }
  return undefined;
}

/** `localhost:5000/app: 3 manifests, 2 tags (by the registry, acr)`. */
function summary({ repository, way, manifestCount, tagCount }: DeletedRepository): string {
  const counts = [
    ...(manifestCount === undefined
      ? []
      : [`${manifestCount} ${manifestCount === 1 ? "manifest" : "manifests"}`]),
    ...(tagCount === undefined ? [] : [`${tagCount} ${tagCount === 1 ? "tag" : "tags"}`]),
  ].join(", ");
  const how = way === "emptying" ? "one by one" : `by the registry, ${way}`;
  return `${repository}${counts === "" ? "" : `: ${counts}`} (${how})`;
}

/** Says what is deleted as it is, and knows how far it has come when it is interrupted. */
class Follower {
  readonly #call: Call;
  readonly #found = new Set<string>();
  readonly #deleted = new Set<string>();

  constructor(call: Call) {
    this.#call = call;
  }

  hear({ kind, reference, error }: RepositoryDeletionProgress): void {
    if (kind === "found") this.#found.add(reference);
    if (kind === "deleted") this.#deleted.add(reference);
    const { output } = this.#call;
    const progress = this.#call.text("progress");
    if (progress === "json") {
      const message = error === undefined ? {} : { message: error.message };
      output.stderr.write(`${safeJson({ type: kind, reference, ...message })}\n`);
    } else if (kind !== "found" && progress !== "none") {
      output.note(`${kind} ${reference}${error === undefined ? "" : `: ${error.message}`}`);
    }
  }

  /** `undefined` where nothing was deleted. */
  soFar(repository: Reference): DeletedRepository | undefined {
    if (this.#deleted.size === 0) return undefined;
    const isDigest = (reference: string): reference is NonNullable<Reference["digest"]> =>
      reference.includes(":");
    const deleted = [...this.#deleted].filter(isDigest);
    const remaining = [...this.#found].filter(isDigest).filter((digest) => !this.#deleted.has(digest));
    return {
      repository: repository.name,
      way: "emptying",
      dryRun: false,
      manifests: deleted,
      manifestCount: deleted.length,
      remaining: { manifests: remaining, tags: [] },
    };
  }
}
