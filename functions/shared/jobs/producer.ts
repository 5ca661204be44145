import packageJson from '../../../package.json' with { type: 'json' };
import type { RcloneSession } from '../rclone/session.ts';
import type { Manifest } from '../snapshot/manifest.ts';

/** What made a snapshot, for who opens it in ten years. */
export async function producer(session: RcloneSession | undefined): Promise<Manifest['producer']> {
  const { name, version } = packageJson;
  const own = { name, version, node: process.versions.node };
  const answer = await session?.run({ kind: 'version' });
  const rclone = /^rclone v(\S+)/.exec(answer?.stdout ?? '')?.[1];
  return rclone === undefined ? own : { ...own, rclone };
}
