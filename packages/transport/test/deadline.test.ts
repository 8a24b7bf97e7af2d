import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Deadline } from "../src/deadline.ts";

class Alarm extends Deadline {
  at: number;
  readonly rang: number[] = [];
  onDue: () => void = () => this.end();

  constructor(at: number) {
    super();
    this.at = at;
    this.keep(performance.now());
  }

  move(at: number): void {
    this.at = at;
    this.keep(performance.now());
  }

  end(): void {
    this.forget();
  }

  protected dueAt(): number {
    return this.at;
  }

  protected due(now: number): void {
    this.rang.push(now);
    this.onDue();
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  vi.runAllTimers();
  vi.useRealTimers();
});

describe("deadlines", () => {
  it("share one timer, and each is told at its own time", () => {
    const start = performance.now();
    const alarms = [300, 100, 200, 100_000].map((delay) => new Alarm(start + delay));
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1_000);
    expect(alarms.map(({ rang }) => rang.map((at) => Math.round(at - start)))).toEqual([
      [300],
      [100],
      [200],
      [],
    ]);
    alarms[3]?.end();
  });

  it("are not told once they are forgotten, wherever they stood", () => {
    const start = performance.now();
    const alarms = [1, 2, 3, 4].map((delay) => new Alarm(start + delay));
    for (const index of [2, 0, 3]) alarms[index]?.end();
    alarms[0]?.end();
    vi.advanceTimersByTime(100);
    expect(alarms.map(({ rang }) => rang.length)).toEqual([0, 1, 0, 0]);
  });

  it("may move to a later time unnoticed, and to an earlier one by saying so", () => {
    const start = performance.now();
    const later = new Alarm(start + 100);
    const earlier = new Alarm(start + 10_000);
    later.at = start + 500;
    earlier.move(start + 50);
    vi.advanceTimersByTime(400);
    expect([later.rang.length, earlier.rang.length]).toEqual([0, 1]);
    vi.advanceTimersByTime(200);
    expect(later.rang.length).toBe(1);
  });

  it("wait for ever where there is nothing to look at, and come back to life", () => {
    const start = performance.now();
    const alarm = new Alarm(Number.POSITIVE_INFINITY);
    vi.advanceTimersByTime(10_000);
    expect(alarm.rang).toEqual([]);
    alarm.move(start + 10_100);
    vi.advanceTimersByTime(200);
    expect(alarm.rang.length).toBe(1);
  });

  it("may end one another, and begin new ones, when they are told", () => {
    const start = performance.now();
    const [first, second, third] = [new Alarm(start + 10), new Alarm(start + 10), new Alarm(start + 500)];
    const made: Alarm[] = [];
    const endAll = (): void => {
      for (const alarm of [first, second]) alarm?.end();
      made.push(new Alarm(performance.now() + 20));
    };
    first.onDue = endAll;
    second.onDue = endAll;
    vi.advanceTimersByTime(100);
    expect(first.rang.length + second.rang.length).toBe(1);
    expect(made.map(({ rang }) => rang.length)).toEqual([1]);
    vi.advanceTimersByTime(500);
    expect(third.rang.length).toBe(1);
  });

  it("are told again until they are forgotten", () => {
    const alarm = new Alarm(performance.now() + 10);
    alarm.onDue = () => {
      alarm.at += 10;
      if (alarm.rang.length === 3) alarm.end();
    };
    vi.advanceTimersByTime(100);
    expect(alarm.rang.length).toBe(3);
    expect(vi.getTimerCount()).toBe(0);
  });
});
