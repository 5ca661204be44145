import { folders } from '../../contract/index.ts';

/** What no snapshot holds: files that came out of one. */
export const reservedInSnapshots = [`/${folders.restored}/**`];
