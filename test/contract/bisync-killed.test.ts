import { chmodSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { RcloneError } from '../../functions/shared/rclone/session.ts';
import { cloudRemote, type Remote } from '../../functions/shared/rclone/remote.ts';
import { startRcloneServer, type RcloneServer } from '../../local/rclone-server.ts';
import {
  startFaultProxy,
  type Fault,
  type FaultProxy,
  type Passing,
} from '../fixtures/fault-proxy.ts';
import { rcloneBinary } from '../fixtures/rclone.ts';
import { openDoor, type Door } from '../unit/bisync/door.ts';
import { BisyncWorld } from '../unit/bisync/world.ts';

const world = new BisyncWorld();
const pidFile = join(world.root, 'pid');
const binary = join(world.root, 'rclone');
let server: RcloneServer;
let door: Door;
let proxy: FaultProxy;
let decide: (passing: Passing) => Fault;

beforeAll(async () => {
  writeFileSync(binary, `#!/bin/sh\necho $$ > '${pidFile}'\nexec '${rcloneBinary()}' "$@"\n`);
  chmodSync(binary, 0o755);
  server = await startRcloneServer({ protocol: 's3', folder: world.root });
  door = await openDoor(server.url);
  proxy = await startFaultProxy(
    door.url,
    (passing) => decide(passing),
    () => {
      process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
    },
  );
  world.sides = { workspace: bucket('workspace'), cloud: bucket('cloud') };
});
afterAll(async () => {
  await proxy.stop();
  await door.stop();
  await server.stop();
  world.remove();
});
beforeEach(() => {
  world.reset();
  decide = () => 'none';
});

function bucket(name: string): Remote {
  const s3 = {
    endpoint: proxy.url,
    bucket: name,
    region: 'r',
    accessKeyId: 'k',
    secretAccessKey: 's',
  };
  return cloudRemote(
    name,
    { provider: 's3', remotePath: '', s3 },
    { provider: 'Other', region: 'r' },
  );
}

const wanted = {
  'changed-here.txt': 'HERE',
  'changed-there.txt': 'THERE',
  'kept.txt': 'kept',
  'both.txt': 'newest',
  'both.txt.conflict1': 'newer',
  'new-here.txt': 'nh',
  'new-there.txt': 'nt',
};

/** Both sides in step, and then every kind of change. */
async function givenChanges(): Promise<void> {
  world.trash = '.trash/run';
  await world.inStep({
    'changed-here.txt': 'here',
    'changed-there.txt': 'there',
    'kept.txt': 'kept',
    'both.txt': 'old',
    'deleted-here.txt': 'dh',
    'deleted-there.txt': 'dt',
  });
  world.write({
    'workspace/changed-here.txt': 'HERE',
    'workspace/new-here.txt': 'nh',
    'workspace/both.txt': 'newer',
    'cloud/changed-there.txt': 'THERE',
    'cloud/new-there.txt': 'nt',
    'cloud/both.txt': 'newest',
  });
  const later = new Date(Date.now() + 5_000);
  utimesSync(join(world.cloudFolder, 'both.txt'), later, later);
  rmSync(join(world.workspaceFolder, 'deleted-here.txt'));
  rmSync(join(world.cloudFolder, 'deleted-there.txt'));
}

/** Without the trash, and without a loser's second copy: S3 renames by copying first. */
function essentials(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).filter(
      ([path, text]) =>
        !path.startsWith('.trash/') && !(path === 'both.txt.conflict2' && text === 'newer'),
    ),
  );
}

function expectInStep(): void {
  expect(essentials(world.read('workspace'))).toEqual(wanted);
  expect(essentials(world.read('cloud'))).toEqual(wanted);
}

/** The moments: when this is asked for, before or after it is done. */
const moments: [string, RegExp, Fault][] = [
  ['while it lists', /GET .cloud\?.*prefix=$/, 'before'],
  ['when the loser of a conflict has two names', /DELETE .workspace.both\.txt/, 'before'],
  ['when a file lies in the trash and not yet in its place', /DELETE .workspace.changed/, 'after'],
  ['amid the deletes', /PUT .workspace..trash.run.deleted-there/, 'after'],
  ['between the two directions', /DELETE .workspace.deleted-there/, 'after'],
  ['in the second direction', /PUT .cloud.new-here/, 'before'],
  ['after its last step', /DELETE .cloud.deleted-here/, 'after'],
];

/** Kills rclone at its first request that matches; whatever becomes of the leg is no matter. */
async function runAndKill(at: RegExp, fault: Fault): Promise<void> {
  let struck = false;
  decide = ({ method, url }) => {
    if (struck || !at.test(`${method} ${url}`)) return 'none';
    struck = true;
    return fault;
  };
  const end = await world.run({}, { binary }).catch((error: unknown) => error);
  if (end instanceof Error) expect(end).toBeInstanceOf(RcloneError);
  expect(struck).toBe(true);
}

/** Loses what a leg has remembered at its end, as if all of it had been killed. */
async function andEverythingElse(kill: () => Promise<void>): Promise<void> {
  const before = new Map(world.store.objects);
  await kill();
  world.store.objects.clear();
  for (const [key, value] of before) world.store.objects.set(key, value);
}

it.each(moments)(
  'rclone and what runs it are killed %s: the next run ends as this one',
  async (_, at, fault) => {
    await givenChanges();
    await andEverythingElse(() => runAndKill(at, fault));

    await world.run();

    expectInStep();
    expect(await world.run()).toMatchObject({ filesSent: 0, filesReceived: 0, filesDeleted: 0 });
  },
);

it.each(moments.slice(2, 4))(
  'rclone is killed %s: what it had done is remembered, and a later edit is no conflict',
  async (_, at, fault) => {
    await givenChanges();
    await runAndKill(at, fault);
    const copied = Object.keys(world.read('workspace')).filter((path) => path === 'new-there.txt');
    for (const path of copied) world.write({ [`workspace/${path}`]: 'edited' });

    const { conflicts } = await world.run();

    expect(world.read('cloud')['new-there.txt']).toBe(copied.length > 0 ? 'edited' : 'nt');
    expect(conflicts).toBeLessThanOrEqual(1);
    expect(Object.keys(world.read('cloud'))).not.toContain('new-there.txt.conflict1');
  },
);
