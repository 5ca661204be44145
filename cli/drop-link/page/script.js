/* global document, window, sessionStorage, clearTimeout, XMLHttpRequest, FormData */
import { createSha256 } from './sha256.js';
import { bytesInWords, limitsInWords, stateInWords, timeInWords } from './words.js';

/** What the link allows, and the signed forms: one for each file. */
const link = JSON.parse(document.getElementById('link').textContent);
const memoryKey = `drop-link/${link.id}`;
const pieceBytes = 1024 * 1024;

/** What the deployment says of the files that came by this link, by number of the form. */
let receipts = {};
/** Why nothing more is taken, in words. */
let ended;
/** The server's clock is ahead of this device's by so many milliseconds. */
let clockAhead = 0;
const entries = recall();
let working = false;

const now = () => Date.now() + clockAhead;
const element = (id) => document.getElementById(id);

start();

async function start() {
  if (window.top !== window.self) {
    document.body.textContent = 'Open this link in a window of its own.';
    return;
  }
  showLimits();
  for (const entry of entries) show(entry);
  listen();
  await look();
  follow();
}

function showLimits() {
  element('label').textContent = link.label ?? '';
  element('label').hidden = link.label === undefined;
  element('picker').accept = link.types.join(',');
  const facts = limitsInWords(link).map((fact) => {
    const item = document.createElement('li');
    item.textContent = fact;
    return item;
  });
  element('limits').replaceChildren(...facts);
}

// --- files come in ---------------------------------------------------------------------------

function listen() {
  const picker = element('picker');
  picker.addEventListener('change', () => {
    add([...picker.files]);
    picker.value = '';
  });
  let depth = 0;
  const dragging = (change) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle('dragging', depth > 0);
  };
  window.addEventListener('dragenter', () => dragging(1));
  window.addEventListener('dragleave', () => dragging(-1));
  window.addEventListener('dragover', (event) => event.preventDefault());
  window.addEventListener('drop', (event) => {
    event.preventDefault();
    dragging(-depth);
    add(droppedFiles(event.dataTransfer));
  });
  window.addEventListener('beforeunload', (event) => {
    if (entries.some(isBusy)) event.preventDefault();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') follow();
  });
}

function droppedFiles(transfer) {
  return [...transfer.items]
    .filter(({ kind }) => kind === 'file')
    .map((item) => {
      const file = item.getAsFile();
      const isFolder = item.webkitGetAsEntry?.()?.isDirectory === true;
      return isFolder && file ? Object.assign(file, { isFolder }) : file;
    })
    .filter((file) => file !== null);
}

function add(files) {
  for (const file of files) {
    const { name, size } = file;
    const entry = { name, size, file, state: 'waiting' };
    const objection = objectionTo(file);
    if (objection) Object.assign(entry, { state: 'unsent', why: objection });
    entries.push(entry);
    show(entry);
    if (objection) say(`${name}: ${objection}`);
  }
  void work();
}

function objectionTo({ name, size, type, isFolder }) {
  if (ended) return 'this link has ended.';
  if (isFolder) return 'it is a folder. Send its files, or a zip of them.';
  if (size === 0) return 'the file is empty, or this device could not read it.';
  if (size > link.maxBytes) {
    return `${bytesInWords(size)} is too large; this link takes files up to ${bytesInWords(link.maxBytes)}.`;
  }
  if (!fits(name, type)) return `this link takes ${link.types.join(', ')} only.`;
  if (freeSlots().length <= entries.filter(({ state }) => state === 'waiting').length) {
    return `no place left; this link takes ${link.files} ${link.files === 1 ? 'file' : 'files'}.`;
  }
  return undefined;
}

function fits(name, type) {
  if (link.types.length === 0) return true;
  return link.types.some((allowed) => {
    if (!allowed.includes('/')) return name.toLowerCase().endsWith(allowed);
    return allowed.endsWith('/*') ? type.startsWith(allowed.slice(0, -1)) : type === allowed;
  });
}

/** Forms that nobody has used as far as we know. */
function freeSlots() {
  const own = new Set(entries.map(({ slot }) => slot));
  return Array.from({ length: link.files }, (_, index) => index + 1).filter(
    (slot) => !own.has(slot) && receipts[slot] === undefined,
  );
}

// --- files go out ----------------------------------------------------------------------------

/** One file after the other. */
async function work() {
  if (working) return;
  working = true;
  try {
    for (;;) {
      const entry = entries.find(({ state }) => state === 'waiting');
      if (!entry) break;
      await send(entry);
    }
  } finally {
    working = false;
  }
  follow();
}

async function send(entry) {
  const slots = freeSlots();
  // Two people with one link rarely choose the same form when both choose by chance.
  entry.slot ??= slots[Math.floor(Math.random() * slots.length)];
  if (entry.slot === undefined) {
    fail(entry, 'no place left: others have used this link, too.', 'unsent');
    return;
  }
  try {
    if (entry.sha256 === undefined) await hash(entry);
    if (entry.state === 'cancelled') return;
    await post(entry);
  } catch (error) {
    if (entry.state !== 'cancelled') fail(entry, error.message);
  }
}

async function hash(entry) {
  change(entry, { state: 'reading', progress: 0 });
  const sha256 = createSha256();
  for (let at = 0; at < entry.size; at += pieceBytes) {
    if (entry.state === 'cancelled') return;
    const piece = entry.file.slice(at, at + pieceBytes);
    sha256.update(new Uint8Array(await readable(piece.arrayBuffer())));
    change(entry, { progress: Math.min(1, (at + pieceBytes) / entry.size) });
  }
  entry.sha256 = sha256.hex();
}

function readable(reading) {
  return reading.catch(() => {
    throw new Error('this device cannot read the file any more. Choose it again.');
  });
}

function post(entry) {
  change(entry, { state: 'sending', progress: 0 });
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    entry.request = request;
    request.upload.onprogress = ({ loaded, total }) => change(entry, { progress: loaded / total });
    request.onload = () => {
      if (request.status < 300) {
        change(entry, { state: 'sent', progress: undefined });
        say(`${entry.name} is uploaded.`);
        remember();
        resolve();
      } else reject(new Error(refusalInWords(request.responseText)));
    };
    request.onerror = () => reject(new Error('the connection broke.'));
    request.onabort = () => reject(new Error('cancelled.'));
    request.open('POST', link.action);
    request.send(formOf(entry));
  });
}

/** The fields that were signed, then the file: S3 reads nothing that comes after it. */
function formOf({ slot, file, name }) {
  const form = new FormData();
  const fields = link.forms[slot - 1];
  for (const [field, value] of Object.entries(fields)) {
    form.append(field, field === 'key' ? value.replace('${filename}', () => name) : value);
  }
  form.append('Content-Type', file.type || 'application/octet-stream');
  form.append('file', file);
  return form;
}

function refusalInWords(xml) {
  const code = /<Code>(\w+)<\/Code>/.exec(xml)?.[1];
  if (code === 'EntityTooLarge') return 'the file is too large for this link.';
  if (code === 'ExpiredToken' || /Policy expired/i.test(xml)) {
    end('This link has ended. Ask for a new one.');
    return 'this link has ended.';
  }
  return `the storage refused it (${code ?? 'no reason given'}).`;
}

// --- what became of them ---------------------------------------------------------------------

let following;
let looks = 0;

/** Looks again and again while a file is on its way to the agent: often at first, then less. */
function follow() {
  clearTimeout(following);
  looks = 0;
  const next = async () => {
    if (!entries.some(({ state }) => state === 'sent')) return;
    await look();
    looks++;
    following = setTimeout(next, looks < 20 ? 1000 : looks < 60 ? 5000 : 30_000);
  };
  void next();
}

async function look() {
  let answer;
  try {
    answer = await fetch(link.receipts, { cache: 'no-store' });
  } catch {
    return;
  }
  const date = Date.parse(answer.headers.get('date') ?? '');
  if (!Number.isNaN(date)) clockAhead = date - Date.now();
  if (answer.ok) {
    const said = await answer.json();
    receipts = said.files;
    if (said.ended) end('This link was closed by the person who made it.');
    for (const entry of entries) settle(entry);
  }
  const used = Object.values(receipts).filter(({ state }) => state === 'arrived').length;
  if (now() >= Date.parse(link.expiresAt)) end('This link has ended. Ask for a new one.');
  else if (used >= link.files) end('This link has taken all the files that it was made for.');
}

/** Compares what the deployment says of a file's place with the file. */
function settle(entry) {
  const receipt = receipts[entry.slot];
  if (entry.state !== 'sent' || receipt === undefined) return;
  if (!isOf(receipt, entry)) {
    // Somebody else has used the same form at the same moment: ours waits in vain.
    delete entry.slot;
    if (entry.file) change(entry, { state: 'waiting' });
    else fail(entry, 'somebody else has used its place. Send it again.');
    void work();
    return;
  }
  if (receipt.state === 'arrived') {
    const checked = receipt.sha256 !== undefined && receipt.sha256 === entry.sha256;
    change(entry, { state: 'arrived', time: receipt.time, checked });
    say(`${entry.name} has arrived.`);
  } else fail(entry, 'it was not accepted. Ask the person who gave you this link.', 'refused');
  remember();
}

function isOf(receipt, { size, sha256 }) {
  return receipt.size === size && (receipt.sha256 ?? sha256) === sha256;
}

function end(words) {
  ended = words;
  element('ended').textContent = words;
  element('ended').hidden = false;
  element('zone').hidden = true;
}

// --- what is seen ----------------------------------------------------------------------------

function isBusy({ state }) {
  return state === 'waiting' || state === 'reading' || state === 'sending';
}

function fail(entry, why, state = 'failed') {
  change(entry, { state, why, progress: undefined });
  say(`${entry.name}: ${why}`);
  remember();
}

function change(entry, news) {
  Object.assign(entry, news);
  show(entry);
}

function say(words) {
  element('news').textContent = words;
}

/** Everything is set as text: names come from devices and are nothing but text here. */
function show(entry) {
  entry.row ??= makeRow(entry);
  const { row, state, progress } = entry;
  if (row.item.dataset.state !== state) {
    row.item.dataset.state = state;
    row.actions.replaceChildren(...actionsFor(entry));
  }
  const isMoving = progress !== undefined && isBusy(entry);
  row.bar.hidden = !isMoving;
  if (isMoving) row.bar.value = progress;
  row.state.textContent = stateInWords(entry);
  row.hash.hidden = entry.sha256 === undefined || isBusy(entry);
  row.hash.textContent = `SHA-256 ${entry.sha256}`;
  if (entry.time !== undefined) row.state.title = timeInWords(entry.time);
}

function makeRow(entry) {
  const make = (tag, name) => Object.assign(document.createElement(tag), { className: name });
  const row = {
    item: make('li', 'file'),
    name: make('span', 'name'),
    size: make('span', 'size'),
    bar: make('progress', 'bar'),
    state: make('span', 'state'),
    actions: make('span', 'actions'),
    hash: make('span', 'hash'),
  };
  row.name.textContent = entry.name;
  row.name.dir = 'auto';
  row.size.textContent = bytesInWords(entry.size);
  row.bar.setAttribute('aria-label', `Progress of ${entry.name}`);
  row.item.append(row.name, row.size, row.bar, row.state, row.actions, row.hash);
  element('files').append(row.item);
  return row;
}

function actionsFor(entry) {
  const { state, file } = entry;
  if (isBusy(entry)) return [button('Cancel', entry, () => cancel(entry))];
  if (state === 'failed' && file) {
    return [
      button('Try again', entry, () => retry(entry)),
      button('Remove', entry, () => remove(entry)),
    ];
  }
  if (['failed', 'unsent', 'cancelled'].includes(state)) {
    return [button('Remove', entry, () => remove(entry))];
  }
  return [];
}

function button(words, { name }, action) {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = words;
  made.setAttribute('aria-label', `${words}: ${name}`);
  made.addEventListener('click', action);
  return made;
}

function cancel(entry) {
  change(entry, { state: 'cancelled', progress: undefined });
  entry.request?.abort();
  say(`${entry.name} is cancelled.`);
}

function retry(entry) {
  change(entry, { state: 'waiting' });
  void work();
}

function remove(entry) {
  entry.row.item.remove();
  entries.splice(entries.indexOf(entry), 1);
  element('picker').focus();
  remember();
}

// --- what this tab remembers when it is loaded again -------------------------------------------

function remember() {
  const kept = entries
    .filter(({ state }) => ['sent', 'arrived', 'refused'].includes(state))
    .map(({ name, size, slot, state, sha256, time, checked, why }) => ({
      ...{ name, size, slot, state, sha256, time, checked, why },
    }));
  try {
    sessionStorage.setItem(memoryKey, JSON.stringify(kept));
  } catch {
    // Without storage a reload forgets what was shown; the files are on their way all the same.
  }
}

function recall() {
  try {
    return JSON.parse(sessionStorage.getItem(memoryKey) ?? '[]');
  } catch {
    return [];
  }
}
