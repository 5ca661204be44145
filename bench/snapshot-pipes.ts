/** The pipes that snapshots are compared with, as commands of a shell. */
import { spawnSync } from 'node:child_process';

/** The plugin's own, and the best that an expert makes of Debian's programs. */
export type Pipe = 'incumbent' | 'by hand';

/** What each needs besides tar and rclone. */
const programs: Record<Pipe, string[]> = {
  incumbent: ['openssl', 'gzip'],
  'by hand': ['zstd', 'age', 'age-keygen'],
};

/** The pipe's programs that this machine lacks. */
export function missingPrograms(pipe: Pipe): string[] {
  return programs[pipe].filter((name) => spawnSync('which', [name]).status !== 0);
}

/** A key pair of age. */
export interface AgeKey {
  recipient: string;
  /** The file that holds the private key. */
  identity: string;
}

export function newAgeKey(identity: string): AgeKey {
  const { status, stderr } = spawnSync('age-keygen', ['-o', identity], { encoding: 'utf8' });
  const [, recipient] = /Public key: (\S+)/.exec(stderr) ?? [];
  if (status !== 0 || recipient === undefined) throw new Error(`age-keygen failed: ${stderr}`);
  return { recipient, identity };
}

const openssl = 'openssl enc -aes-256-cbc -salt -pbkdf2 -iter 100000 -pass env:PASSPHRASE';

/** From a folder to an object. */
export function backupPipe(pipe: Pipe, folder: string, object: string, key: AgeKey): string {
  if (pipe === 'incumbent') {
    return `tar cz -C ${folder} . | ${openssl} | rclone rcat ${object}`;
  }
  return `tar c -C ${folder} . | zstd -q -3 -T0 | age -r ${key.recipient} | rclone rcat ${object}`;
}

/** From an object to a folder that is there and empty. */
export function restorePipe(pipe: Pipe, object: string, folder: string, key: AgeKey): string {
  if (pipe === 'incumbent') {
    return `rclone cat ${object} | ${openssl} -d | tar xz -C ${folder}`;
  }
  return `rclone cat ${object} | age -d -i ${key.identity} | zstd -q -d | tar x -C ${folder}`;
}

/** Both can only read folders: what lies in a bucket is copied to one first. */
export function copyFirst(bucket: string, folder: string): string {
  return `rclone copy ${bucket} ${folder} --transfers 64 --checkers 64`;
}
