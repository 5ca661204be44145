import { describe, expect, it } from 'vitest';
import {
  encodeKey,
  s3Signer,
} from '../../../../functions/shared/snapshot/source/signed-request.ts';

const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const friday = Date.UTC(2013, 4, 24);
const request = { host: 'examplebucket.s3.amazonaws.com', path: '/test.txt', query: '' };

describe('a signed request', () => {
  it('has the signature of the example in the documentation of S3', () => {
    const signed = s3Signer('us-east-1')(
      {
        ...request,
        headers: {
          range: 'bytes=0-9',
          'x-amz-content-sha256':
            'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        },
      },
      credentials,
      friday,
    );

    expect(signed['authorization']).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
        'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, ' +
        'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });

  it('is signed anew for another day, other credentials and another second', () => {
    const sign = s3Signer('us-east-1');
    const other = { ...credentials, secretAccessKey: 'other' };
    const signatures = [
      sign(request, credentials, friday),
      sign(request, credentials, friday + 1_000),
      sign(request, credentials, friday + 86_400_000),
      sign(request, other, friday),
      sign(request, { ...credentials, sessionToken: 'token' }, friday),
    ].map((signed) => signed['authorization']);

    expect(new Set(signatures).size).toBe(5);
    expect(sign(request, credentials, friday + 999)['authorization']).toBe(signatures[0]);
  });

  it('signs the token of a session', () => {
    const signed = s3Signer('us-east-1')(
      request,
      { ...credentials, sessionToken: 'token' },
      friday,
    );

    expect(signed['x-amz-security-token']).toBe('token');
    expect(signed['authorization']).toContain('x-amz-date;x-amz-security-token,');
  });

  it.each([
    [`a b+c%20é\n"'.txt`, 'a%20b%2Bc%2520%C3%A9%0A%22%27.txt'],
    ['a//b/*(!)', 'a//b/%2A%28%21%29'],
    ['-_.~/😀', '-_.~/%F0%9F%98%80'],
  ])('encodes the key %j once', (key, path) => {
    expect(encodeKey(key)).toBe(path);
  });
});
