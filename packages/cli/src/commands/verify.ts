import type { Call } from "../call.ts";
import type { ExitCode } from "../command.ts";
import { faultDocument, faultLine } from "../content-faults.ts";
import { formatBytes } from "../format.ts";
import { remoteReferences } from "../location.ts";
import { openSource } from "../open-location.ts";
import { startProgress } from "../progress/start-progress.ts";
import { openSession } from "../session.ts";

/** `{target, digest, ok, checked, bytes, faults: [{kind, digest, mediaType, size, path, message}]}`. */
export async function run(call: Call): Promise<ExitCode> {
  const text = call.argument("TARGET");
  const session = await openSession(call, remoteReferences([text]));
  const { store, ref, label } = await openSource(call, session, text);
  const report = await session.sdk.verify(store, ref, {
    signal: call.signal,
    sparse: call.flag("sparse"),
    referrers: call.flag("referrers"),
    concurrency: call.number("concurrency"),
    onProgress: startProgress(call),
  });
  const { root, ok, checked, bytes, faults } = report;
  call.output.result(
    { target: label, digest: root.digest, ok, checked, bytes, faults: faults.map(faultDocument) },
    () => [
      ...faults.map(faultLine),
      ok
        ? `${label} is whole: ${checked} pieces, ${formatBytes(bytes)} verified`
        : `${label} is not whole: ${faults.length} of ${checked} pieces are missing or wrong`,
    ],
  );
  return ok ? 0 : 6;
}
