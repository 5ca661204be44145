/** What can be said about an rclone executable without trusting its name. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';

const machines = { 0x3e: 'x86_64', 0xb7: 'arm64' };
const programInterpreter = 3;

/** The version that `rclone version` reports; an error that says what to do when it does not. */
export function rcloneVersion(path) {
  let output;
  try {
    output = execFileSync(path, ['version'], { encoding: 'utf8', timeout: 20_000, stdio: 'pipe' });
  } catch (error) {
    throw new Error(`${path} cannot be run as rclone on this machine: ${error.message}`, {
      cause: error,
    });
  }
  const version = /^rclone v(\d+\.\d+\.\d+)/m.exec(output)?.[1];
  if (!version) throw new Error(`${path} is not rclone: "${path} version" named no version.`);
  return version;
}

/** Refuses an rclone older than the project can work with. */
export function requireVersion(path, minimum, advice) {
  const version = rcloneVersion(path);
  if (!isAtLeast(version, minimum)) {
    throw new Error(`${path} is rclone ${version}, and ${minimum} or newer is needed. ${advice}`);
  }
  return version;
}

/** Whether one dotted version is the other or newer. */
export function isAtLeast(version, minimum) {
  const [have, need] = [version, minimum].map((text) => text.split('.').map(Number));
  const differs = need.findIndex((part, index) => part !== have[index]);
  return differs < 0 || have[differs] > need[differs];
}

/**
 * The architecture of a Linux executable that needs nothing of its host, or undefined. One that is
 * linked to the host's libraries runs here and fails on Lambda, so it counts as undefined.
 */
export function staticLinuxArchitecture(path) {
  const head = readHead(path);
  const isElf64 = head.length >= 64 && head.readUInt32BE(0) === 0x7f454c46 && head[4] === 2;
  if (!isElf64 || hasInterpreter(head)) return undefined;
  return machines[head.readUInt16LE(18)];
}

function readHead(path) {
  const head = Buffer.alloc(64 * 1024);
  const file = openSync(path, 'r');
  try {
    return head.subarray(0, readSync(file, head, 0, head.length, 0));
  } finally {
    closeSync(file);
  }
}

function hasInterpreter(head) {
  const start = Number(head.readBigUInt64LE(32));
  const size = head.readUInt16LE(54);
  return Array.from({ length: head.readUInt16LE(56) }, (_, index) => start + index * size)
    .filter((at) => at + 4 <= head.length)
    .some((at) => head.readUInt32LE(at) === programInterpreter);
}
