/**
 * The contract between infrastructure and runtime: names of environment variables, keys of
 * objects, events, metrics, and the shape of what travels between functions. Imports nothing.
 */
export * from './environment.ts';
export * from './jobs.ts';
export * from './names.ts';
export * from './notification.ts';
export * from './runbook.ts';
export * from './status.ts';
export * from './usage.ts';
