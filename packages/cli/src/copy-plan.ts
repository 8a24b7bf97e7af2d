import type { ContentTarget, CopyOptions, CopyPlan } from "@reg/sdk";
import type { Call } from "./call.ts";
import { formatBytes, formatTable, shortDigest } from "./format.ts";
import { parseLocation } from "./location.ts";
import { checkTag, localName, type OpenSource, openTarget } from "./open-location.ts";
import { readJson } from "./read-json.ts";
import type { Session } from "./session.ts";
import { UsageError } from "./usage-error.ts";

type Sdk = typeof import("@reg/sdk");

/** A plan names each blob once, in some 300 bytes: this is enough for a hundred thousand. */
const PLAN_LIMIT_BYTES = 32 * 1024 * 1024;

/** `--dry-run`: what a copy would do; as JSON, what `--plan` takes. */
export async function showPlan(
  call: Call,
  session: Session,
  source: OpenSource,
  to: string,
  options: CopyOptions & { readonly tags: readonly string[] },
): Promise<void> {
  const { tags, ...selection } = options;
  const target = await openPlanTarget(call, session, source, to);
  const refs = [target.ref, ...tags.map((tag) => checkTag(session, target.remote, tag))];
  const plan = await session.sdk.planCopy(source.store, source.ref, target.store, refs, {
    ...selection,
    signal: call.signal,
  });
  call.output.result(plan, () => planLines(plan, call.output.columns));
}

/** The plan that `--plan` names. It says what is copied, so that nothing else may. */
export async function readPlan(call: Call, sdk: Sdk): Promise<CopyPlan | undefined> {
  const path = call.text("plan");
  if (path === undefined) return undefined;
  const flag = DECIDED_FLAGS.find((name) => call.flag(name));
  const other = call.text("platform") === undefined ? flag : "platform";
  if (other !== undefined) {
    throw new UsageError(
      `--plan and --${other} both say what is copied`,
      `give --${other} with --dry-run, when the plan is made`,
    );
  }
  return sdk.parsePlan(await readJson(path, PLAN_LIMIT_BYTES, call.signal));
}

/** The source as it was when the plan was made, wherever its tag has gone since. */
export function plannedSource(source: OpenSource, plan: CopyPlan): OpenSource {
  if (source.ref !== plan.from) {
    throw new UsageError(
      `the plan was made for "${plan.from}" of the source, not for "${source.ref}"`,
      "make one with --dry-run --json and the same SOURCE",
    );
  }
  return { ...source, ref: (plan.rewritten?.from ?? plan.root).digest };
}

/** Tags that the plan does not set would be missing without a word. */
export function assertPlanned(plan: CopyPlan, refs: readonly string[]): void {
  const missing = refs.find((ref) => !plan.tags.some((tag) => tag.ref === ref));
  if (missing === undefined) return;
  const planned = plan.tags.map(({ ref }) => ref).join(", ");
  throw new UsageError(
    `the plan puts the image under ${planned}, not under ${missing}`,
    "make one with --dry-run --json and the same TARGET",
  );
}

const DECIDED_FLAGS: readonly string[] = [
  "dry-run",
  "all-platforms",
  "sparse",
  "referrers",
  "digest-tags",
  "foreign-layers",
];

/** Action, kind, size and a sha256 digest, two spaces apart. */
const PLAN_COLUMNS = 96;

interface PlanTarget {
  readonly store: ContentTarget;
  readonly ref: string;
  readonly remote?: Parameters<typeof checkTag>[1];
}

/** Nothing is made for a plan: what is not there yet is planned for as an empty store. */
async function openPlanTarget(
  call: Call,
  session: Session,
  source: OpenSource,
  to: string,
): Promise<PlanTarget> {
  const location = parseLocation(to);
  if (location.kind === "remote") return openTarget(call, session, to, source);
  const { sdk } = session;
  const ref = localName(location, source);
  // An archive is always written anew.
  if (location.kind !== "oci") return { store: sdk.memoryStore(), ref };
  try {
    const layout = await sdk.openLayout(location.path, { signal: call.signal });
    call.defer(() => layout[Symbol.asyncDispose]());
    return { store: layout, ref };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "NOT_FOUND") {
      return { store: sdk.memoryStore(), ref };
    }
    throw error;
  }
}

function planLines(plan: CopyPlan, columns: number | undefined): string[] {
  const { nodes, tags } = plan;
  const isNarrow = columns !== undefined && columns < PLAN_COLUMNS;
  const rows = nodes.map(({ action, kind, descriptor: { digest, size } }) => [
    action,
    kind,
    formatBytes(size).padStart(8),
    isNarrow ? shortDigest(digest) : digest,
  ]);
  const bytesOf = (wanted: string): number =>
    nodes.reduce((sum, { action, descriptor }) => (action === wanted ? sum + descriptor.size : sum), 0);
  const mounted = bytesOf("mount");
  return [
    ...formatTable(rows),
    ...tags.map(({ ref, done }) => (done ? `tag ${ref} is set already` : `tag ${ref}`)),
    `${formatBytes(bytesOf("copy"))} to move${mounted > 0 ? `, ${formatBytes(mounted)} to mount` : ""}`,
  ];
}
