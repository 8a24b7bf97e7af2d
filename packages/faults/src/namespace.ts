import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { FaultCase, Verdict } from "./case.ts";
import { fail, notApplicable } from "./case.ts";
import type { Client } from "./client.ts";

/** Set for a process that has a network of its own. */
const MARK = "REG_FAULTS_NAMESPACE";

/** Addresses that are public by the registries of IANA, and lead nowhere but here: there is no way out of the namespace. */
export const PUBLIC_ADDRESS = "11.22.33.44";
export const OTHER_PUBLIC_ADDRESS = "11.22.33.55";
/** Where clouds answer with the machine's own secrets. */
export const METADATA_ADDRESS = "169.254.169.254";
/** A name with two addresses: this one of IPv6 swallows everything sent to it. */
export const BLACK_HOLE_HOST = "two-families.example";
export const BLACK_HOLE_ADDRESS = "2a02:e980:53::53";

/** A name with two addresses: to this one of IPv6 there is no way at all. */
export const NO_ROUTE_HOST = "no-way.example";
export const NO_ROUTE_ADDRESS = "2a04:4e42:600::1";

/** Whether this process may take any address. */
export function insideNamespace(): boolean {
  return process.env[MARK] === "1";
}

/** Plays a case in another process with a network (and a hosts file) of its own; nothing outside is touched. */
export async function playInNamespace(one: FaultCase, client: Client): Promise<Verdict> {
  if (client.command === undefined) return notApplicable(`${client.name} is not a process of its own`);
  const program = fileURLToPath(
    new URL(import.meta.url.endsWith(".ts") ? "main.ts" : "main.js", import.meta.url),
  );
  const child = spawn(
    "unshare",
    [
      ...["--net", "--mount", "sh", "-ec", SET_UP, "sh", process.execPath, ...process.execArgv, program],
      ...["play", one.id, JSON.stringify(client.command)],
    ],
    { env: { ...process.env, [MARK]: "1" }, stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString("utf8");
  });
  const exitCode = await new Promise<number | undefined>((resolve) => {
    child.once("error", () => resolve(undefined));
    child.once("close", (code) => resolve(code ?? -1));
  });
  if (exitCode === undefined || exitCode === NO_NAMESPACE || /unshare failed/.test(errors))
    return notApplicable("needs unshare, ip and the right to use them");
  // What the process on the other side prints is a verdict of this very program.
  return exitCode === 0 ? (JSON.parse(output) as Verdict) : fail(`the case itself failed: ${errors.trim()}`);
}

const NO_NAMESPACE = 97;

/** Packets of the black hole leave by one end of a cable and arrive at the other for somebody who is not there. */
const SET_UP = `
{
  ip link set lo up
  ip addr add ${PUBLIC_ADDRESS}/32 dev lo
  ip addr add ${OTHER_PUBLIC_ADDRESS}/32 dev lo
  ip addr add ${METADATA_ADDRESS}/32 dev lo
  ip link add hole type veth peer name bottom
  ip link set hole up
  ip link set bottom up
  ip -6 addr add ${BLACK_HOLE_ADDRESS.replace(/53$/, "1")}/64 dev hole nodad
  ip -6 neigh add ${BLACK_HOLE_ADDRESS} lladdr 02:00:00:00:00:01 dev hole
  hosts=$(mktemp)
  printf '127.0.0.1 localhost\\n${PUBLIC_ADDRESS} ${BLACK_HOLE_HOST}\\n${BLACK_HOLE_ADDRESS} ${BLACK_HOLE_HOST}\\n' >"$hosts"
  printf '${PUBLIC_ADDRESS} ${NO_ROUTE_HOST}\\n${NO_ROUTE_ADDRESS} ${NO_ROUTE_HOST}\\n' >>"$hosts"
  mount --bind "$hosts" /etc/hosts
  rm "$hosts"
} >&2 || exit ${NO_NAMESPACE}
exec "$@"
`;
