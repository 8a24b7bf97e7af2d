import type { Capability, RegistryError } from "@reg/sdk";
import type { Call } from "../call.ts";
import { fold, formatTable } from "../format.ts";
import { nameOf, openSession } from "../session.ts";

type Sdk = typeof import("@reg/sdk");

/** A question that was not answered, and says nothing of the registry therefore. */
interface Unanswered {
  readonly question: string;
  readonly code: string;
  readonly message: string;
}

/**
 * `{registry, repository, origin, status, apiVersion, capabilities, unanswered, snapshot}`: of each capability true,
 * false, or null where it is not known. Only reading requests are made.
 */
export async function run(call: Call): Promise<undefined> {
  const name = call.argument("NAME");
  const { sdk, client, environment, image } = await openSession(call, [name]);
  const { registry, repository } = nameOf(sdk, environment, name);
  const { signal } = call;
  const { origin, status, apiVersion } = await client.ping(registry, { signal });
  const unanswered: Unanswered[] = [];
  const ask = async (question: string, answer: () => Promise<void>): Promise<void> => {
    try {
      await answer();
    } catch (error) {
      // What is refused is told beside the rest; what fails, fails the command.
      if (!isRefusal(sdk, error)) throw error;
      // Refused for good, it is an answer, which the client has learnt.
      if (error.code !== "UNSUPPORTED")
        unanswered.push({ question, code: error.code, message: error.message });
    }
  };
  await ask("catalog", () => first(client.catalog.list(registry, { pageSize: 1, limit: 1, signal })));
  if (repository !== undefined) {
    const reference = image(name);
    let digest = reference.digest;
    await ask("manifest", async () => {
      digest = await client.manifests.digest(reference, { signal });
    });
    const manifest = reference.with({ tag: undefined, digest });
    if (digest !== undefined)
      await ask("referrers", () => first(client.referrers.list(manifest, { signal })));
  }
  const place = repository === undefined ? registry : `${registry}/${repository}`;
  const known = Object.fromEntries(
    CAPABILITIES.map(([capability]) => [capability, client.capabilities.get(place, capability) ?? null]),
  );
  const snapshot = client.capabilities.export();
  call.output.result(
    {
      registry,
      repository: repository ?? null,
      origin,
      status,
      apiVersion: apiVersion ?? null,
      capabilities: known,
      unanswered,
      snapshot,
    },
    () => [
      `${place} at ${origin}${apiVersion === undefined ? "" : `, ${apiVersion}`}`,
      ...formatTable(CAPABILITIES.map(([each, means]) => [each, wordFor(known[each]), means])),
      ...unanswered.flatMap(({ question, message }) =>
        fold(`${question} was not told: ${message}`, call.output.columns),
      ),
    ],
  );
}

async function first(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items) return;
}

function isRefusal(sdk: Sdk, error: unknown): error is RegistryError {
  return (
    sdk.isRegistryError(error) &&
    ["UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "UNSUPPORTED"].includes(error.code)
  );
}

function wordFor(supported: boolean | null | undefined): string {
  return supported === true ? "yes" : supported === false ? "no" : "-";
}

const MEANINGS: Readonly<Record<Capability, string>> = {
  catalog: "lists its repositories",
  headManifest: "describes a manifest by HEAD",
  referrers: "lists the referrers of a manifest",
  multiTag: "takes several tags with one manifest",
  monolithicUpload: "takes a blob in one PUT",
  chunkedUpload: "takes a blob in chunks",
  singlePost: "takes a blob with the POST",
  tagDelete: "deletes a tag alone",
  deleteScope: "grants tokens to delete",
  acrDelete: "deletes repositories as Azure does",
  harborDelete: "deletes repositories as Harbor does",
  quayDelete: "deletes repositories as Quay does",
};

// The keys of the line above, and no others.
const CAPABILITIES = Object.entries(MEANINGS) as readonly (readonly [Capability, string])[];
