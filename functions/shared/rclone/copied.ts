import type { RcloneLine } from './account.ts';

/** A file that a line of rclone's log says has arrived; copies inside one remote are half a move. */
export function copiedIn({ level, msg, object, size = 0 }: RcloneLine): CopiedFile | undefined {
  if (object === undefined || level !== 'info') return undefined;
  return /(^|\s)Copied \((?!server-side)/.test(msg) ? { path: object, size } : undefined;
}

export interface CopiedFile {
  path: string;
  size: number;
}

/** Tells of each file once, though rclone may carry it again. */
export function copyWatch(tell: (file: CopiedFile) => void): (line: RcloneLine) => void {
  const told = new Set<string>();
  return (line) => {
    const file = copiedIn(line);
    if (!file || told.has(file.path)) return;
    told.add(file.path);
    tell(file);
  };
}
