import { epochOf, isoTime } from '../clock.ts';

const minuteMs = 60_000;

/**
 * When a schedule starts its job next, to the minute, and never in the past: one interval after the
 * last time, or as many as have passed since without a run that left a trace. A schedule counts whole
 * minutes.
 * @param interval seconds
 */
export function nextRunAt(lastScheduledAt: string, interval: number, now: number): string {
  const every = Math.ceil(interval / 60) * minuteMs;
  const last = Math.floor(epochOf(lastScheduledAt) / minuteMs) * minuteMs;
  const passed = Math.max(1, Math.ceil((now - last) / every));
  return isoTime(last + passed * every);
}
