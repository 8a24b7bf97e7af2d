import type { Call } from "../call.ts";
import type { ExitCode } from "../command.ts";
import { openSession } from "../session.ts";

/** Prints `{registry, origin, status, apiVersion}`. A 401 is an answer: the registry is there. */
export async function run(call: Call): Promise<ExitCode | undefined> {
  const registry = call.argument("HOST");
  const { client } = await openSession(call, [registry]);
  const started = performance.now();
  const { origin, status, apiVersion } = await client.ping(registry, { signal: call.signal });
  const milliseconds = Math.round(performance.now() - started);
  call.output.result({ registry, origin, status, apiVersion: apiVersion ?? null, milliseconds }, () => [
    status === 401
      ? `${registry} answers at ${origin} and asks for credentials (${milliseconds} ms)`
      : `${registry} answers at ${origin} (${milliseconds} ms)`,
  ]);
  return undefined;
}
