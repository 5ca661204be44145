import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A private key and the certificate for it, as PEM. */
export interface Identity {
  key: string;
  certificate: string;
}

const sequence = 0x30;
const oid = {
  ecdsaWithSha256: Buffer.from('2a8648ce3d040302', 'hex'),
  commonName: Buffer.from('550403', 'hex'),
  subjectAltName: Buffer.from('551d11', 'hex'),
};

/**
 * A certificate that vouches for itself, for these hosts, for two days. It is X.509 in its smallest
 * form (RFC 5280): enough for a client that is told to trust this very one.
 */
export function selfSigned(hosts: string[], now = Date.now()): Identity {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(sequence, der(0x06, oid.ecdsaWithSha256));
  const name = der(
    sequence,
    der(0x31, der(sequence, der(0x06, oid.commonName), der(0x0c, Buffer.from('test providers')))),
  );
  const day = 86_400_000;
  const body = der(
    sequence,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name,
    der(sequence, time(now - day), time(now + day)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(sequence, alternativeNames(hosts))),
  );
  const signature = sign('sha256', body, privateKey);
  return {
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    certificate: pem(
      der(sequence, body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature]))),
    ),
  };
}

function alternativeNames(hosts: string[]): Buffer {
  const names = der(sequence, ...hosts.map((host) => der(0x82, Buffer.from(host))));
  return der(sequence, der(0x06, oid.subjectAltName), der(0x04, names));
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\.\d+|[-:T]/g, '');
  return der(0x17, Buffer.from(digits.slice(2)));
}

/** One value of ASN.1: its tag, its length, its content. */
function der(tag: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const size = length < 128 ? [length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
