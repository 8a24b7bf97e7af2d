import { execFileSync } from "node:child_process";
import type { Peer } from "./peers.ts";
import { hostOf } from "./peers.ts";

/** What `reg` has in flight at the most, by itself. */
export const IN_FLIGHT = 24;

/**
 * A peer with its concurrency raised to ours, where it can be: `undefined` where it has no such option. crane takes
 * `--jobs` for `crane copy` alone, so that nothing can be done about its pulls and pushes.
 */
export function raised(peer: Peer): Peer | undefined {
  const { ask, version, pull, push, copy } = peer;
  const known = { ask, version, role: "raised" } as const;
  switch (peer.name) {
    case "crane":
      return {
        ...known,
        name: `crane -j ${IN_FLIGHT}`,
        ...(copy && { copy: (from, to) => [...copy(from, to), "--jobs", String(IN_FLIGHT)] }),
      };
    case "oras":
      return withOption(peer, ["--concurrency", String(IN_FLIGHT)]);
    case "skopeo": {
      const option = "--image-parallel-copies";
      return hasOption(["skopeo", "copy"], option)
        ? withOption(peer, [option, String(IN_FLIGHT)])
        : undefined;
    }
    case "regctl":
      return {
        ...known,
        name: `regctl, ${IN_FLIGHT} at once`,
        ...(pull && {
          pull: (job) => configured([job.reference], job.tls ? "insecure" : "disabled", pull(job)),
        }),
        ...(push && { push: (folder, to) => configured([to], "disabled", push(folder, to)) }),
        ...(copy && { copy: (from, to) => configured([from, to], "disabled", copy(from, to)) }),
      };
    default:
      return undefined;
  }
}

function withOption({ name, version, ask, pull, push, copy }: Peer, option: readonly string[]): Peer {
  return {
    name: [name, ...option].join(" "),
    role: "raised",
    version,
    ask,
    ...(pull && { pull: (job) => [...pull(job), ...option] }),
    ...(push && { push: (folder, to) => [...push(folder, to), ...option] }),
    ...(copy && { copy: (from, to) => [...copy(from, to), ...option] }),
  };
}

/** regctl takes the number from its configuration alone: it is written before the command, and goes with the run. */
function configured(
  references: readonly string[],
  tls: "disabled" | "insecure",
  command: readonly string[],
): readonly string[] {
  const hosts = Object.fromEntries(
    references.map(hostOf).map((host) => [host, { tls, hostname: host, reqConcurrent: IN_FLIGHT }]),
  );
  // A pipe cannot be read twice, and regctl may: the file is the shell's, unlinked when it ends.
  const script =
    'f=$(mktemp) && trap \'rm -f "$f"\' EXIT && printf %s "$1" > "$f" && shift && REGCTL_CONFIG="$f" "$@"';
  const withoutHosts = command.filter((word, index) => word !== "--host" && command[index - 1] !== "--host");
  return ["bash", "-c", script, "bash", JSON.stringify({ version: 1, hosts }), ...withoutHosts];
}

function hasOption(command: readonly string[], option: string): boolean {
  const [program = "", ...args] = command;
  try {
    return execFileSync(program, [...args, "--help"], { encoding: "utf8", stdio: "pipe" }).includes(option);
  } catch {
    return false;
  }
}
