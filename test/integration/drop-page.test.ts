/**
 * The page of a drop link in a real Chromium, on a real deployment. With DROP_PAGE_SCREENSHOTS set it
 * also takes the pictures that the documentation shows.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { createDropLink, type DropLink } from '../../cli/drop-link/create.ts';
import type { DropLinkOptions } from '../../cli/drop-link/options.ts';
import { revokeDropLink } from '../../cli/drop-link/revoke.ts';
import { root } from '../../local/paths.ts';
import type { World } from '../../local/world.ts';
import { startBrowser } from '../fixtures/browser.ts';
import { until } from '../fixtures/until.ts';
import { depsIn } from './drop-link-world.ts';
import { givenAgents, Mailbox } from './mailbox-world.ts';

let world: World;
let browser: Browser | { missing: string };
const folder = mkdtempSync(join(tmpdir(), 'drop-page-'));
beforeAll(async () => {
  browser = await startBrowser();
  if ('missing' in browser) return;
  const webhook = { window: 1 };
  world = await givenAgents({ main: { webhook }, two: {}, ended: {}, once: {}, slow: {} });
});
afterAll(async () => {
  if ('missing' in browser) return;
  await browser.close();
  await world.stop();
  rmSync(folder, { recursive: true });
});
beforeEach((context: TestContext) => {
  if ('missing' in browser) context.skip(browser.missing);
});

function givenFile(name: string, bytes: number): { path: string; text: string; sha256: string } {
  const text = `${name}\n`.repeat(Math.ceil(bytes / (name.length + 1))).slice(0, bytes);
  const path = join(folder, name);
  writeFileSync(path, text);
  return { path, text, sha256: createHash('sha256').update(text).digest('hex') };
}

async function givenLink(options: Partial<DropLinkOptions> & { agent: string }): Promise<DropLink> {
  const limits = { files: 10, maxBytes: 10_000_000, types: [], lifetimeMs: 86_400_000 };
  return createDropLink(depsIn(world), { ...limits, ...options });
}

/** Nothing fades on a picture. */
const stillness = { name: 'prefers-reduced-motion', value: 'reduce' };

interface OpenPage {
  page: Page;
  /** What the browser complained about. */
  complaints: string[];
  /** Origins that were spoken with. */
  origins: Set<string>;
}

async function givenPage(url: string, width = 1000, height = 860): Promise<OpenPage> {
  if ('missing' in browser) throw new Error(browser.missing);
  const page = await browser.newPage();
  const complaints: string[] = [];
  const origins = new Set<string>();
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => origins.add(new URL(request.url()).origin));
  await page.emulateTimezone('UTC');
  await page.emulateMediaFeatures([stillness]);
  await page.setViewport({ width, height, deviceScaleFactor: width < 500 ? 2 : 1 });
  await page.goto(url);
  return { page, complaints, origins };
}

async function pick(page: Page, ...files: string[]): Promise<void> {
  const [chooser] = await Promise.all([page.waitForFileChooser(), page.click('#picker')]);
  await chooser.accept(files);
}

/** As the desktop does it: the browser is told of files that are dragged over the page. */
async function drag(page: Page, ...files: string[]): Promise<void> {
  const session = await page.createCDPSession();
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 500, y: 400, data });
  }
  await session.detach();
}

interface Row {
  name: string;
  state: string;
  words: string;
  hash: string;
}

/** What runs in the page is text here: this project's own types know no browser. */
function rows(page: Page): Promise<Row[]> {
  const text = (part: string): string => `item.querySelector('.${part}').textContent`;
  return page.evaluate(
    `[...document.querySelectorAll('#files > li')].map((item) => ({
      name: ${text('name')}, state: item.dataset.state, words: ${text('state')}, hash: ${text('hash')},
    }))`,
  ) as Promise<Row[]>;
}

function textOf(page: Page, selector: string): Promise<string> {
  return page.evaluate(`document.querySelector('${selector}').innerText`) as Promise<string>;
}

async function untilState(page: Page, name: string, state: string): Promise<Row> {
  return until(`${name} ${state}`, async () =>
    (await rows(page)).find((row) => row.name === name && row.state === state),
  );
}

/** For the documentation, only when asked for. */
async function picture(page: Page, name: string): Promise<void> {
  if (process.env['DROP_PAGE_SCREENSHOTS'] === undefined) return;
  await page.screenshot({ path: join(root, 'docs', 'images', `drop-page-${name}.png`) });
}

/** As slow as an upload from a train. */
async function slowDown(page: Page, bytesPerSecond: number): Promise<void> {
  await page.emulateNetworkConditions({ upload: bytesPerSecond, download: -1, latency: 20 });
}

describe('the page of a drop link', () => {
  it('takes files by picker and by drag and drop, and shows that they arrived unchanged', async () => {
    const box = new Mailbox(world, 'main');
    const contract = givenFile('Contract.pdf', 2_400_000);
    const photo = givenFile('Photo of the signature.jpg', 900_000);
    const film = givenFile('Film.mov', 12_345_678);
    const link = await givenLink({ agent: 'main', label: 'Contracts' });
    const { page, complaints, origins } = await givenPage(link.url);
    expect(await textOf(page, '#limits')).toMatch(/^Up to 10 files\s+10 MB each\s+Open until .+$/);

    await pick(page, contract.path);
    const row = await untilState(page, 'Contract.pdf', 'arrived');
    await slowDown(page, 400_000);
    await drag(page, photo.path);
    await until('progress', async () => {
      const words = (await rows(page))[1]?.words ?? '';
      return /^Sending [3-9]\d %/.test(words);
    });
    await picture(page, 'desktop');
    await untilState(page, 'Photo of the signature.jpg', 'arrived');
    await pick(page, film.path);

    expect(row).toMatchObject({ hash: `SHA-256 ${contract.sha256}` });
    expect(row.words).toMatch(/^✓ Arrived .*, unchanged$/);
    expect((await untilState(page, 'Film.mov', 'unsent')).words).toBe(
      'Not sent: 12.3 MB is too large; this link takes files up to 10 MB.',
    );
    expect(await box.inbox()).toEqual({
      'Contracts/Contract.pdf': contract.text,
      'Contracts/Photo of the signature.jpg': photo.text,
    });
    await box.expectWebhook('Contract.pdf');
    expect(complaints).toEqual([]);
    expect([...origins]).toEqual([new URL(link.url).origin]);

    await page.setViewport({ width: 390, height: 844, deviceScaleFactor: 2 });
    await picture(page, 'phone');
    await page.reload();
    expect((await rows(page)).map(({ name, state }) => [name, state])).toEqual([
      ['Contract.pdf', 'arrived'],
      ['Photo of the signature.jpg', 'arrived'],
    ]);
    await page.emulateMediaFeatures([stillness, { name: 'prefers-color-scheme', value: 'dark' }]);
    await picture(page, 'dark');
    await page.close();
  });

  it('can be used by the keyboard, and has a name for everything', async () => {
    const { page } = await givenPage((await givenLink({ agent: 'main' })).url);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('picker');
    const tree = JSON.stringify(await page.accessibility.snapshot());
    expect(tree).toContain('Choose files');
    expect(tree).toContain('Files for main');
    await page.close();
  });

  it('sends a file again by another form where somebody else was faster', async () => {
    const link = await givenLink({ agent: 'two', label: 'two', files: 2 });
    const pages = await Promise.all([givenPage(link.url), givenPage(link.url)]);
    for (const [index, { page }] of pages.entries()) {
      await page.evaluate('Math.random = () => 0');
      await pick(page, givenFile(`from ${index}.txt`, 100).path);
    }
    for (const [index, { page }] of pages.entries()) {
      await untilState(page, `from ${index}.txt`, 'arrived');
    }
    expect(Object.keys(await new Mailbox(world, 'two').inbox()).sort()).toEqual([
      'two/from 0.txt',
      'two/from 1.txt',
    ]);
    for (const { page } of pages) {
      await page.reload();
      await page.waitForSelector('#ended:not([hidden])');
      expect(await textOf(page, '#ended')).toBe(
        'This link has taken all the files that it was made for.',
      );
      await page.close();
    }
  });

  it('says when the link was closed, and that a file was not delivered', async () => {
    const link = await givenLink({ agent: 'ended' });
    const { page } = await givenPage(link.url);
    await revokeDropLink(depsIn(world), 'ended', link.id);
    await pick(page, givenFile('late.txt', 10).path);
    await untilState(page, 'late.txt', 'refused');
    expect(await textOf(page, '#ended')).toBe('This link was closed by the person who made it.');
    expect(await new Mailbox(world, 'ended').inbox()).toEqual({});
    await page.close();
  });

  it('takes no more files than the link, no other types, and goes on after a broken connection', async () => {
    const link = await givenLink({ agent: 'once', files: 1, types: ['txt'] });
    const { page } = await givenPage(link.url);
    await pick(page, givenFile('wrong.pdf', 10).path);
    expect((await rows(page))[0]?.words).toBe('Not sent: this link takes .txt only.');
    await page.setOfflineMode(true);
    await pick(page, givenFile('right.txt', 10).path);
    expect((await untilState(page, 'right.txt', 'failed')).words).toBe(
      'Failed: the connection broke.',
    );
    await page.setOfflineMode(false);
    await pick(page, givenFile('too many.txt', 10).path);
    expect((await untilState(page, 'too many.txt', 'unsent')).words).toMatch(/no place left/);
    await page.click('[aria-label="Try again: right.txt"]');
    await untilState(page, 'right.txt', 'arrived');
    await page.close();
  });

  it('stops an upload that is cancelled', async () => {
    const { page } = await givenPage((await givenLink({ agent: 'slow' })).url);
    await slowDown(page, 50_000);
    await pick(page, givenFile('slow.bin', 1_000_000).path);
    await untilState(page, 'slow.bin', 'sending');
    await page.click('[aria-label="Cancel: slow.bin"]');
    await untilState(page, 'slow.bin', 'cancelled');
    expect(await new Mailbox(world, 'slow').dropsLeft()).toEqual([]);
    await page.close();
  });
});
