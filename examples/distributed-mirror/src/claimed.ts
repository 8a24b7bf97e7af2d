import { setTimeout as sleep } from "node:timers/promises";
import type { ContentTarget, Descriptor, Repository } from "@reg/sdk";
import type { Redis } from "ioredis";

export interface ClaimOptions {
  /** How long a claim outlives the process that made it. Default 30 s. */
  readonly claimMs?: number | undefined;
}

/**
 * A repository into which several processes push: whoever is first to push a blob claims it, and the others wait until
 * it is there. Images share most of their layers, so without this workers would carry the same ones side by side.
 */
export function claimed(repository: Repository, redis: Redis, options: ClaimOptions = {}): ContentTarget {
  const { claimMs = 30_000 } = options;

  const claim = async (
    descriptor: Descriptor,
    push: () => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> => {
    const key = `claim:${repository.name}@${descriptor.digest}`;
    const owner = crypto.randomUUID();
    while ((await redis.set(key, owner, "PX", claimMs, "NX")) === null) {
      await sleep(claimMs / 20, undefined, { signal });
    }
    const renewal = setInterval(() => void redis.pexpire(key, claimMs).catch(() => {}), claimMs / 3);
    try {
      // Whoever had the claim before may have brought it.
      if (!(await repository.exists(descriptor, { signal }))) await push();
    } finally {
      clearInterval(renewal);
      if ((await redis.get(key)) === owner) await redis.del(key);
    }
  };

  return {
    remote: true,
    host: repository.host,
    resolve: (ref, opts) => repository.resolve(ref, opts),
    fetch: (descriptor, opts) => repository.fetch(descriptor, opts),
    exists: (descriptor, opts) => repository.exists(descriptor, opts),
    tags: (opts) => repository.tags?.(opts) ?? none(),
    push: (descriptor, body, opts) =>
      claim(descriptor, () => repository.push(descriptor, body, opts), opts?.signal),
    tag: (descriptor, ref, opts) => repository.tag(descriptor, ref, opts),
    untag: async (ref, opts) => repository.untag?.(ref, opts),
    pushManifest: async (descriptor, bytes, refs, opts) =>
      repository.pushManifest?.(descriptor, bytes, refs, opts),
    canMount: (from) => repository.canMount?.(from) ?? false,
    mount: async (descriptor, from, opts) => (await repository.mount?.(descriptor, from, opts)) ?? false,
  };
}

async function* none(): AsyncGenerator<string, void, undefined> {}
