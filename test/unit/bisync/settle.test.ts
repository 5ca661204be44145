import { expect, it } from 'vitest';
import type { RememberedSide } from '../../../functions/shared/bisync/listing.ts';
import { createStory } from '../../../functions/shared/bisync/log.ts';
import {
  correctTimes,
  markChanged,
  rememberedFile,
  seenOf,
  settlePart,
} from '../../../functions/shared/bisync/settle.ts';
import type { ListedFile } from '../../../functions/shared/rclone/listing.ts';

function givenFile(path: string, size: number, second: number): ListedFile {
  return { path, size, modified: `2026-01-01T00:00:${String(second).padStart(2, '0')}.25Z` };
}

function givenSide(...files: ListedFile[]): RememberedSide {
  return new Map(files.map((file) => [file.path, rememberedFile(file)]));
}

const target = (path: string) => ({
  level: 'info',
  msg: `- Path1             Do queued copies to                         - ${path}`,
});
const copied = (object: string, size: number) => ({
  level: 'info',
  msg: 'Copied (new)',
  object,
  size,
});

it('takes no edit of equal size for its own copy that came after it', () => {
  const { story, watch } = createStory();
  [target('Path2'), copied('late', 1)].forEach(watch);
  const file = givenFile('late', 1, 1);
  const edited = { ...file, modified: new Date(Date.now() + 1_500).toISOString() };
  const remembered = { workspace: givenSide(file), cloud: givenSide(file) };

  correctTimes(remembered, story, { workspace: seenOf([file]), cloud: seenOf([edited]) }, true);

  expect(remembered.cloud).toEqual(givenSide(file));
});

it('gives a copy the time of an original that was written ahead of this clock', () => {
  const { story, watch } = createStory();
  [target('Path2'), copied('early', 1)].forEach(watch);
  const modified = new Date(Date.now() + 60_000).toISOString();
  const file = { ...givenFile('early', 1, 1), modified };
  // It keeps whole seconds.
  const copy = { ...file, modified: `${modified.slice(0, 19)}Z` };
  const remembered = { workspace: givenSide(file), cloud: givenSide(file) };

  correctTimes(remembered, story, { workspace: seenOf([file]), cloud: seenOf([copy]) }, false);

  expect(remembered.cloud).toEqual(givenSide(copy));
});

it('gives a copy the time that its side shows, and nothing else', () => {
  const { story, watch } = createStory();
  [target('Path2'), copied('copy', 1), copied('since', 1)].forEach(watch);
  const files = [givenFile('copy', 1, 1), givenFile('since', 1, 1), givenFile('other', 1, 1)];
  const remembered = { workspace: givenSide(...files), cloud: givenSide(...files) };
  const seen = {
    workspace: seenOf(files),
    cloud: seenOf([givenFile('copy', 1, 9), givenFile('since', 2, 9), givenFile('other', 1, 9)]),
  };

  correctTimes(remembered, story, seen, false);

  const times = [...remembered.cloud].map(([path, { time }]) => [path, time.slice(17, 19)]);
  expect(Object.fromEntries(times)).toEqual({ copy: '09', since: '01', other: '01' });
  expect(remembered.workspace).toEqual(givenSide(...files));
});

it('remembers of a run that broke off what it has done and both sides still show', () => {
  const { story, watch } = createStory();
  const delta = (side: string, what: string, path: string) => ({
    level: 'info',
    msg: `- ${side}             ${what.padEnd(43)} - ${path}`,
  });
  [
    delta('Path1', 'File was deleted', 'gone'),
    delta('Path1', 'File was deleted', 'waiting'),
    target('Path2'),
    copied('done', 2),
    copied('edited', 2),
    { level: 'info', msg: 'Moved into backup dir', object: 'gone' },
  ].forEach(watch);
  const old = [givenFile('gone', 1, 1), givenFile('waiting', 1, 1)];
  const before = { workspace: givenSide(...old), cloud: givenSide(...old) };
  const found = {
    workspace: givenSide(givenFile('done', 2, 2), givenFile('edited', 2, 2)),
    cloud: givenSide(...old),
  };
  const seen = {
    workspace: seenOf([givenFile('done', 2, 2), givenFile('edited', 2, 7)]),
    cloud: seenOf([givenFile('done', 2, 5), givenFile('edited', 2, 5), givenFile('waiting', 1, 1)]),
  };

  settlePart(before, story, seen, found);

  expect([...before.workspace.keys()]).toEqual(['waiting', 'done']);
  expect(before.cloud).toEqual(givenSide(givenFile('waiting', 1, 1), givenFile('done', 2, 5)));
});

it('remembers of a run that broke off no edit of equal size that came after its copy', () => {
  const { story, watch } = createStory();
  [target('Path2'), copied('late', 2)].forEach(watch);
  const old = givenSide(givenFile('late', 1, 1));
  const before = { workspace: new Map(old), cloud: new Map(old) };
  const file = givenFile('late', 2, 2);
  const edited = { ...file, modified: new Date(Date.now() + 60_000).toISOString() };
  const found = { workspace: givenSide(file), cloud: old };

  settlePart(before, story, { workspace: seenOf([file]), cloud: seenOf([edited]) }, found);

  expect(before).toEqual({ workspace: old, cloud: old });
});

it('shows bisync a change that it would not look at', () => {
  const side = givenSide(
    givenFile('same', 3, 1),
    givenFile('changed', 3, 1),
    givenFile('gone', 3, 1),
  );

  markChanged(side, seenOf([givenFile('same', 3, 1), givenFile('changed', 3, 2)]));

  expect([...side].map(([path, { size }]) => [path, size])).toEqual([
    ['same', 3],
    ['changed', 4],
    ['gone', 3],
  ]);
});
