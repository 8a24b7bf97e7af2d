import { expect, test } from "vitest";
import { skipContinue } from "../../src/undici/skip-continue.ts";

const after = (text: string): string => Buffer.from(skipContinue(Buffer.from(text))).toString();

test("leaves out every 100 Continue in front of an answer, with whatever fields it has", () => {
  const answer = "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
  expect(after(answer)).toBe(answer);
  expect(after(`HTTP/1.1 100 Continue\r\n\r\n${answer}`)).toBe(answer);
  expect(after(`HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 100 \r\n\r\n${answer}`)).toBe(answer);
});

test("leaves a head as it is that has not come whole", () => {
  expect(after("HTTP/1.1 100 Continue\r\n")).toBe("HTTP/1.1 100 Continue\r\n");
});
