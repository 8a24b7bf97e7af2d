import type { Peer } from "./peers.ts";

/**
 * A peer whose pull has ended when what it wrote is on the disk, as `reg` promises: one call that syncs the file system
 * of its target, the cheapest there is for many files.
 */
export function synced({ name, version, ask, pull }: Peer): Peer | undefined {
  if (pull === undefined) return undefined;
  return {
    name: `${name} + sync`,
    role: "synced",
    version,
    ask,
    pull: (job) => [
      "bash",
      "-c",
      'folder=$1; shift; "$@" && sync -f "$folder"',
      "bash",
      job.folder,
      ...pull(job),
    ],
  };
}

/** Ourselves without waiting for the disk, which the system gets to later: what the peers do. */
export function unsynced({ name, version, ask, pull }: Peer): Peer {
  return {
    name: `${name} --no-sync`,
    role: "unsynced",
    version,
    ask,
    pull: (job) => [...(pull?.(job) ?? []), "--no-sync"],
  };
}
