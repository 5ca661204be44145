/** What rclone calls a file while it arrives, and leaves behind where it is killed. */
export const unfinished = /\.[0-9a-f]{8}\.partial$/;

/**
 * The same as an exclude: half a file is nobody's, and would be carried as a file of its own. It is no
 * part of what a pair is remembered by: leaving it out makes nothing look deleted on one side.
 */
export const unfinishedPattern = `*.${'[0-9a-f]'.repeat(8)}.partial`;
