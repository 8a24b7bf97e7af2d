import type { ContentTarget } from "../../src/index.ts";

export interface Spied {
  readonly store: ContentTarget;
  /** Every call in order, as `method digest-or-ref`. */
  readonly calls: string[];
  count(method: string): number;
}

/** Writes down what is asked of a store; members given in `extra` are added to it or replace its own. */
export function spy(inner: ContentTarget, extra: Partial<ContentTarget> = {}): Spied {
  const calls: string[] = [];
  const merged = { ...inner, ...extra };
  const store = new Proxy(merged, {
    get(target, property, receiver) {
      const member: unknown = Reflect.get(target, property, receiver);
      if (typeof member !== "function" || typeof property !== "string") return member;
      return (...args: unknown[]) => {
        const [first, second] = args;
        const name = (value: unknown): string =>
          typeof value === "string"
            ? value
            : typeof value === "object" && value !== null && "digest" in value
              ? String(value.digest)
              : "";
        calls.push(
          property === "tag" ? `tag ${name(first)} ${String(second)}` : `${property} ${name(first)}`,
        );
        return Reflect.apply(member, target, args);
      };
    },
  });
  return { store, calls, count: (method) => calls.filter((call) => call.startsWith(`${method} `)).length };
}
