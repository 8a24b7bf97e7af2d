import type { Peer, PullJob } from "./peers.ts";
import { hostOf, versionOf } from "./peers.ts";
import { IN_FLIGHT } from "./raised.ts";

/** From this size on, a process for each blob costs nothing. */
const LARGE_BYTES = 1024 * 1024;

/** Large blobs at once, as `reg` pulls them. */
const LARGE_AT_ONCE = 3;

/**
 * What the system's own tools need for verified bytes in files: curl, and openssl for the hash. It is told the digests,
 * asks for no manifest and writes no layout: a limit, and no client.
 */
export function curl(): Peer | undefined {
  const ask = ["curl", "--version"];
  const version = versionOf(ask);
  if (version === undefined || versionOf(["openssl", "version"]) === undefined) return undefined;
  return { name: "curl + openssl", role: "limit", version, ask, pull };
}

function pull({ reference, folder, tls, blobs }: PullJob): readonly string[] {
  const repository = reference.slice(hostOf(reference).length + 1, reference.lastIndexOf(":"));
  const base = `${tls ? "https" : "http"}://${hostOf(reference)}/v2/${repository}/blobs/`;
  const large = blobs.some(({ size }) => size >= LARGE_BYTES);
  const digests = blobs.map(({ digest }) => digest);
  return [
    "bash",
    "-c",
    `set -euo pipefail; mkdir -p "$1"; ${large ? EACH : ALL}`,
    "bash",
    folder,
    base,
    ...digests,
  ];
}

/** One curl a blob, hashed on the way to its file. */
const EACH = `
export folder=$1 base=$2; shift 2
one() {
  hash=$(curl -sSfk "$base$1" | tee "$folder/\${1#*:}" | openssl dgst -sha256 -r)
  [ "\${hash%% *}" = "\${1#*:}" ]
}
export -f one
printf '%s\\n' "$@" | xargs -P ${LARGE_AT_ONCE} -I {} bash -c 'set -o pipefail; one "$1"' bash {}`;

/** One curl and one openssl for all of them: starting so many processes would be the measure. */
const ALL = `
folder=$1 base=$2; shift 2
for digest in "$@"; do printf 'url=%s\\noutput=%s\\n' "$base$digest" "$folder/\${digest#*:}"; done |
  curl -sSfkZ --parallel-immediate --parallel-max ${IN_FLIGHT} -K -
cd "$folder"
openssl dgst -sha256 -r * | while read -r hash file; do [ "$hash" = "\${file#\\*}" ]; done`;
