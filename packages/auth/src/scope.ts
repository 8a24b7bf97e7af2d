/** What a token is asked to allow (distribution, "Token Scope Documentation"): `type:name:actions`. */
export interface Scope {
  /** `repository`, `registry`, `repository(plugin)`; or all of a scope that has no parts, such as `aws` or `*`. */
  readonly type: string;
  /** May hold a `host:port`; empty where the scope has no parts. */
  readonly name: string;
  /** Sorted, each once. */
  readonly actions: readonly string[];
}

/**
 * Takes a scope apart: the type ends at the first colon, the actions begin after the last.
 *
 * @example
 * ```ts
 * import { parseScope } from "@reg/auth";
 * parseScope("repository:reg.example:5000/app:push,pull").name; // "reg.example:5000/app"
 * ```
 */
export function parseScope(text: string): Scope {
  const first = text.indexOf(":");
  const last = text.lastIndexOf(":");
  if (first === last) return { type: text, name: "", actions: [] };
  return {
    type: text.slice(0, first),
    name: text.slice(first + 1, last),
    actions: uniqueSorted(text.slice(last + 1).split(",")),
  };
}

/** Puts a scope together again, its actions sorted. */
export function formatScope(scope: Scope): string {
  if (scope.name === "" && scope.actions.length === 0) return scope.type;
  return `${scope.type}:${scope.name}:${uniqueSorted(scope.actions).join(",")}`;
}

/** The scopes of a challenge's `scope` parameter, which separates them by spaces. */
export function splitScopes(value: string): string[] {
  return value.split(/[ \t]/).filter((scope) => scope !== "");
}

/**
 * Joins scopes of the same resource, and sorts. One that pushes comes first: there are token servers that read no
 * further than the first.
 *
 * @example
 * ```ts
 * import { mergeScopes } from "@reg/auth";
 * mergeScopes(["repository:a:pull", "repository:b:pull", "repository:b:push"]);
 * // ["repository:b:pull,push", "repository:a:pull"]
 * ```
 */
export function mergeScopes(...lists: readonly (readonly string[])[]): string[] {
  const [only, ...others] = lists;
  // An operation on one repository, as nearly all are.
  if (only?.length === 1 && others.length === 0) return only.map((text) => formatScope(parseScope(text)));
  const merged = new Map<string, Scope>();
  for (const list of lists) {
    for (const text of list) {
      const scope = parseScope(text);
      const resource = resourceOf(scope);
      const before = merged.get(resource);
      merged.set(
        resource,
        before === undefined ? scope : { ...scope, actions: [...before.actions, ...scope.actions] },
      );
    }
  }
  const scopes = [...merged.values()].map((scope) => ({ text: formatScope(scope), pushes: writes(scope) }));
  scopes.sort((a, b) => Number(b.pushes) - Number(a.pushes) || compare(a.text, b.text));
  return scopes.map(({ text }) => text);
}

/** Whether a token for `granted` may be used where `wanted` are needed. */
export function coversScopes(granted: readonly string[], wanted: readonly string[]): boolean {
  const actions = new Map<string, readonly string[]>();
  for (const text of granted) {
    const scope = parseScope(text);
    actions.set(resourceOf(scope), scope.actions);
  }
  return wanted.every((text) => {
    const scope = parseScope(text);
    const held = actions.get(resourceOf(scope));
    return held !== undefined && scope.actions.every((action) => held.includes(action) || held.includes("*"));
  });
}

/** The repository the most demanding scope is about, for stores that tell repositories apart. */
export function repositoryOf(scopes: readonly string[]): string | undefined {
  for (const text of scopes) {
    if (!text.startsWith("repository")) continue;
    const first = text.indexOf(":");
    const last = text.lastIndexOf(":");
    const plain = first === "repository".length;
    if ((plain || text.startsWith("repository(")) && last > first + 1) return text.slice(first + 1, last);
  }
  return undefined;
}

function resourceOf(scope: Scope): string {
  return `${scope.type}:${scope.name}`;
}

function writes(scope: Scope): boolean {
  const everything = scope.type === "repository" && scope.actions.includes("*");
  return everything || scope.actions.includes("push") || scope.actions.includes("delete");
}

function uniqueSorted(actions: readonly string[]): string[] {
  return [...new Set(actions.filter((action) => action !== ""))].sort(compare);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
