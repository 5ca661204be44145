import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { manifestName } from '../../../functions/shared/snapshot/names.ts';
import { edited } from '../../fixtures/snapshot-forgery.ts';
import { SnapshotWorld, day, givenAgent, givenOpenAgent } from '../../fixtures/snapshot-world.ts';

let world: SnapshotWorld;
beforeAll(async () => {
  world = await SnapshotWorld.start();
});
afterAll(() => world.stop());
beforeEach(() => {
  world.reset();
  world.givenFiles({ 'a.md': 'a', 'b.bin': Buffer.alloc(100_000, 'b') });
});

const agent = givenAgent();
const openAgent = givenOpenAgent();

function records(): string[] {
  return world.names().filter((name) => name.includes('.verified-'));
}

function archiveOf(id: string): string {
  return world.objectsOf(id).find((name) => name.includes('.tar.zst')) ?? '';
}

function flip(name: string): void {
  world.tamper(name, (bytes) => {
    const at = bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at);
    return bytes;
  });
}

describe('verify', () => {
  it('writes a record beside the manifest, and nothing else', async () => {
    const id = await world.takeSnapshot(agent);
    const before = world.names();

    const report = await world.run('verify', agent);

    expect(report).toMatchObject({ state: 'succeeded', filesVerified: 2 });
    expect(report.snapshot?.verified).toMatchObject({ passed: true, percent: 100 });
    const [record = ''] = records();
    expect(world.names()).toEqual([...before, record].sort());
    expect(JSON.parse(world.bytesOf(record).toString())).toMatchObject({
      snapshot: id,
      method: 'contents',
      passed: true,
    });
  });

  it('records what is damaged, and retention gives it no slot', async () => {
    const keepOne = givenAgent({ retain: 1 });
    const good = await world.takeSnapshot(keepOne);
    world.now += day;
    const bad = await world.takeSnapshot(keepOne);
    flip(archiveOf(bad));

    const report = await world.run('verify', keepOne);

    expect(report).toMatchObject({ state: 'failed', reason: { code: 'snapshot-damaged' } });
    expect(report.snapshot).toMatchObject({ id: bad, verified: { passed: false } });
    const { retention = [] } = await world.run('prune', keepOne);
    expect(world.hasManifest(good)).toBe(true);
    expect(retention.find(({ id }) => id === bad)?.reasons.join()).toContain(
      'failed its verification',
    );
  });

  it('records a manifest that was changed after it was sealed', async () => {
    const id = await world.takeSnapshot(agent);
    world.tamper(manifestName(id), (bytes) => edited(bytes, (body) => (body.source = 'efs')));

    const report = await world.run('verify', agent);

    expect(report.state).toBe('failed');
    expect(report.reason?.message).toContain('changed after it was sealed');
    const { snapshots = [] } = await world.run('list', agent);
    expect(snapshots[0]?.verified).toMatchObject({ passed: false });
  });

  it('of a snapshot that is not there is rejected, and does not make the agent look ill', async () => {
    await world.takeSnapshot(agent);
    await world.run('verify', agent);
    const before = world.store.text('status/main/verify.json');

    const report = await world.run('verify', agent, { snapshot: '20200101T000000Z-deadbeef' });

    expect(report).toMatchObject({ state: 'failed', reason: { code: 'snapshot-missing' } });
    expect(before).toBeDefined();
    expect(world.store.text('status/main/verify.json')).toBe(before);
  });

  it('remembers damage that it comes upon, whatever was asked', async () => {
    const id = await world.takeSnapshot(agent);
    world.tamper(archiveOf(id), (bytes) => bytes.subarray(0, -1));

    await world.run('verify', agent, { snapshot: '20200101T000000Z-deadbeef' });

    expect(world.store.text('status/main/verify.json')).toContain(id);
  });

  it.each([
    ['another passphrase', agent, 'snapshot-wrong-key'],
    ['a KMS key alone', givenAgent({ passphrase: undefined, kmsKeyArn: kms() }), 'snapshot-no-key'],
  ])('fails and records nothing of the snapshot where it has %s', async (_, other, code) => {
    await world.takeSnapshot(agent);
    world.passphrase = 'another one';

    const report = await world.run('verify', other);

    expect(report).toMatchObject({ state: 'failed', reason: { code } });
    expect(records()).toEqual([]);
  });

  it('holds objects against the manifest where the deployment has no key at all', async () => {
    const { publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const writeOnly = givenAgent({ passphrase: undefined, publicKey });
    const id = await world.takeSnapshot(writeOnly);

    const good = await world.run('verify', writeOnly);
    expect(good.state).toBe('succeeded');
    expect(good.warnings.join()).toContain('no key');
    expect(world.bytesOf(records()[0] ?? '').toString()).toContain('"method": "objects"');

    flip(archiveOf(id));
    world.now += day;
    const bad = await world.run('verify', writeOnly);
    expect(bad).toMatchObject({ state: 'failed', reason: { code: 'snapshot-damaged' } });
    expect(bad.snapshot?.verified?.passed).toBe(false);
  });

  it('says of a snapshot whose objects are cut short that it is none', async () => {
    const id = await world.takeSnapshot(agent);
    world.now += day;
    await world.takeSnapshot(agent);
    world.tamper(archiveOf(id), (bytes) => bytes.subarray(0, -1));

    const { snapshots = [], warnings } = await world.run('list', agent);
    expect(snapshots.map((snapshot) => snapshot.id)).not.toContain(id);
    expect(warnings.join()).toContain(`${id} does not count as a snapshot`);
    const damagedSnapshots = [{ id, problem: expect.any(String) as string }];
    const named = await world.run('verify', agent, { snapshot: id });
    expect(named).toMatchObject({ state: 'failed', damagedSnapshots });
    expect(await world.run('verify', agent)).toMatchObject({
      state: 'failed',
      damagedSnapshots,
      reason: { code: 'snapshot-damaged', message: expect.stringContaining(id) as string },
    });
  });

  it('goes on in the next leg, and records once', async () => {
    for (let index = 0; index < 30; index++) world.givenFiles({ [`${index}.md`]: `${index}` });
    await world.takeSnapshot(openAgent);
    [world.tick, world.legMs] = [100, 1_500];

    const report = await world.run('verify', openAgent);

    expect(report).toMatchObject({ state: 'succeeded', filesVerified: 32 });
    expect(report.legs).toBeGreaterThan(2);
    expect(records()).toHaveLength(1);
  });

  it('of a share does not take back what a whole one has found', async () => {
    const id = await world.takeSnapshot(openAgent);
    const archive = archiveOf(id);
    flip(archive);
    await world.run('verify', openAgent);
    flip(archive);
    world.now += day;

    await world.run('verify', openAgent, { percent: 10 });
    const { snapshots: after = [] } = await world.run('list', openAgent);
    expect(after[0]?.verified?.passed).toBe(false);

    world.now += day;
    await world.run('verify', openAgent);
    const { snapshots: whole = [] } = await world.run('list', openAgent);
    expect(whole[0]?.verified?.passed).toBe(true);
  });
});

function kms(): string {
  return 'arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-000000000000';
}
