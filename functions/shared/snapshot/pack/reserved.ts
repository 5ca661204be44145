import { folders } from '../../contract/index.ts';

/** What no snapshot holds: files that came out of one, and what this product tells the agent. */
export const reservedInSnapshots = [`/${folders.restored}/**`, `/${folders.own}/**`];
