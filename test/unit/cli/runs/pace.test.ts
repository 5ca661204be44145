import { expect, it } from 'vitest';
import { Pace } from '../../../../cli/runs/pace.ts';

it('knows no speed before it has seen two moments', () => {
  const pace = new Pace();
  pace.note(0, { files: 1, bytes: 100 });
  expect(pace.speed({ files: 2, bytes: 200 })).toBeUndefined();
});

it('divides what was done by the time that it took', () => {
  const pace = givenNotes([0, 1, 100], [4, 3, 900]);
  expect(pace.speed()).toEqual({ bytesPerSecond: 200, filesPerSecond: 0.5 });
});

it('tells the time that is left by the bytes where they are what takes long', () => {
  const pace = givenNotes([0, 0, 0], [10, 5, 1_000]);
  expect(pace.speed({ files: 6, bytes: 3_000 })?.leftMs).toBe(20_000);
});

it('tells the time that is left by the files where they are small', () => {
  const pace = givenNotes([0, 0, 0], [10, 5, 1_000]);
  expect(pace.speed({ files: 55, bytes: 1_100 })?.leftMs).toBe(100_000);
});

it('goes by the bytes of a large file though no file has ended', () => {
  const pace = givenNotes([0, 0, 0], [10, 0, 1_000]);
  expect(pace.speed({ files: 1, bytes: 2_000 })?.leftMs).toBe(10_000);
});

it('tells no time where nothing moves', () => {
  const pace = givenNotes([0, 1, 100], [10, 1, 100]);
  expect(pace.speed({ files: 2, bytes: 200 })).toEqual({ bytesPerSecond: 0, filesPerSecond: 0 });
});

it('says that nothing is left when all is done', () => {
  const pace = givenNotes([0, 0, 0], [10, 2, 200]);
  expect(pace.speed({ files: 2, bytes: 200 })?.leftMs).toBe(0);
});

it('forgets how fast it was half a minute ago', () => {
  const pace = givenNotes([0, 0, 0], [10, 0, 100_000], [40, 0, 100_300], [70, 0, 100_600]);
  expect(pace.speed()?.bytesPerSecond).toBe(10);
});

it('begins anew where less is done than before', () => {
  const pace = givenNotes([0, 5, 500], [10, 0, 0], [20, 1, 100]);
  expect(pace.speed()?.bytesPerSecond).toBe(10);
});

it('counts a record that it has seen already once', () => {
  const pace = givenNotes([0, 0, 0], [10, 1, 100], [10, 1, 100]);
  expect(pace.speed()?.bytesPerSecond).toBe(10);
});

/** Seconds, files, bytes. */
function givenNotes(...notes: [number, number, number][]): Pace {
  const pace = new Pace();
  for (const [at, files, bytes] of notes) pace.note(at * 1_000, { files, bytes });
  return pace;
}
