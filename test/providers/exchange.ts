/** One request to a provider, read to its end. */
export interface ApiRequest {
  method: string;
  url: URL;
  headers: Record<string, string | undefined>;
  body: Buffer;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: Uint8Array | string;
}

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  };
}

/** The body as what it says it is: an object of JSON, `{}` where there is none. */
export function jsonBody<T extends object>({ body }: ApiRequest): Partial<T> {
  return body.length > 0 ? (JSON.parse(body.toString('utf8')) as Partial<T>) : {};
}

/** A file's bytes, or the part that the request asks for. */
export function content(bytes: Buffer, request: ApiRequest, headers = {}): Answer {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers['range'] ?? '') ?? [];
  if (from === undefined) return { status: 200, headers, body: bytes };
  const end = to ? Math.min(Number(to), bytes.length - 1) : bytes.length - 1;
  const range = `bytes ${from}-${end}/${bytes.length}`;
  const part = bytes.subarray(Number(from), end + 1);
  return { status: 206, headers: { ...headers, 'content-range': range }, body: part };
}

/** The parts of a `multipart/…` body: their headers as text, their bytes. */
export function multipart(request: ApiRequest): { head: string; bytes: Buffer }[] {
  const [, boundary] = /boundary="?([^";]+)"?/.exec(request.headers['content-type'] ?? '') ?? [];
  const mark = Buffer.from(`--${boundary ?? ''}`);
  const parts: { head: string; bytes: Buffer }[] = [];
  for (let at = request.body.indexOf(mark); ;) {
    const next = request.body.indexOf(mark, at + mark.length);
    if (at < 0 || next < 0) return parts;
    const part = request.body.subarray(at + mark.length + 2, next - 2);
    const blank = part.indexOf('\r\n\r\n');
    parts.push({ head: part.toString('utf8', 0, blank), bytes: part.subarray(blank + 4) });
    at = next;
  }
}
