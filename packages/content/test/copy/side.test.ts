import { expect, test } from "vitest";
import { failedSide, markSide, onSide } from "../../src/copy/side.ts";

test("the mark nearest to the fault stands, also on a cause", async () => {
  const fault = new Error("fault");
  await expect(onSide("source", undefined, () => Promise.reject(fault))).rejects.toBe(fault);
  expect(failedSide(markSide(fault, "target", undefined))).toBe("source");
  const wrapped = new Error("upload failed", { cause: fault });
  expect(failedSide(markSide(wrapped, "target", undefined))).toBe("source");
});

test("leaves the reason of an abort, frozen errors and what is no error alone", () => {
  const reason = new Error("stop");
  const signal = AbortSignal.abort(reason);
  expect(failedSide(markSide(reason, "source", signal))).toBeUndefined();
  const frozen = Object.freeze(new Error("frozen"));
  expect(markSide(frozen, "source", undefined)).toBe(frozen);
  expect(failedSide(markSide("text", "source", undefined))).toBeUndefined();
  expect(failedSide(markSide(new DOMException("x", "AbortError"), "source", undefined))).toBeUndefined();
});

test("does not follow causes in a circle", () => {
  const a = new Error("a");
  const b = new Error("b", { cause: a });
  a.cause = b;
  expect(failedSide(a)).toBeUndefined();
});
