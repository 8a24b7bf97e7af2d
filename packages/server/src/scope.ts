import type { Access, AccessAction } from "./access.ts";
import { isName } from "./names.ts";

const ACTIONS: ReadonlySet<string> = new Set<AccessAction>(["pull", "push", "delete", "*"]);

/** Scopes of one token: what fits a request line anyway. */
const MAX_SCOPES = 100;

/**
 * Reads scopes such as `repository:demo/hello:pull,push` into one access for each action. What this registry does not
 * know is left out: a token for less than was asked is no error.
 */
export function parseScopes(scopes: readonly string[]): Access[] {
  const parts = scopes.flatMap((scope) => scope.split(" ")).filter((scope) => scope !== "");
  return parts.slice(0, MAX_SCOPES).flatMap(parseScope);
}

/** The scope that a challenge asks for: pushing always reads too. */
export function formatScope(needs: readonly Access[]): string | undefined {
  const [first] = needs;
  if (first === undefined) return undefined;
  return `${first.type}:${first.name}:${first.action === "push" ? "pull,push" : first.action}`;
}

function parseScope(scope: string): Access[] {
  const first = scope.indexOf(":");
  const last = scope.lastIndexOf(":");
  if (first < 0 || last === first) return [];
  const type = scope.slice(0, first);
  const name = scope.slice(first + 1, last);
  const known = (type === "repository" && isName(name)) || (type === "registry" && name === "catalog");
  if (!known) return [];
  const actions = new Set(scope.slice(last + 1).split(","));
  return [...actions]
    .filter((action): action is AccessAction => ACTIONS.has(action))
    .map((action) => ({ type: type as Access["type"], name, action })); // both names were compared just now
}
