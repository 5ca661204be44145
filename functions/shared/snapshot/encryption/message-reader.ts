import {
  type GetDecipher,
  NodeAlgorithmSuite,
  type NodeDecryptionMaterial,
  getDecryptionHelper,
} from '@aws-crypto/material-management-node';
import {
  type BodyHeader,
  ContentType,
  type HeaderInfo,
  decodeBodyHeader,
  deserializeFactory,
} from '@aws-crypto/serialize';
import { ByteReader } from './byte-reader.ts';
import { type Context, expectContext } from './context.ts';
import { TamperedError } from './errors.ts';
import { asBuffer, frameAad, frameLength, suiteId, tagLength } from './message-format.ts';

const { deserializeMessageHeader } = deserializeFactory(
  (bytes) => asBuffer(bytes).toString('utf8'),
  NodeAlgorithmSuite,
);

const maxEncryptedDataKeys = 8;
/** A context of 64 KiB, which is the format's limit, and the data keys. */
const maxHeaderLength = 128 * 1024;
const frameHeaderLength = 16;
/** The last frame's header also has a marker and the length. */
const finalFrameExtra = 8;

/** Finds the data key of a message, given its header as it stands there. */
export type Unlock = (header: HeaderInfo['messageHeader']) => Promise<NodeDecryptionMaterial>;

/**
 * The plaintext of one message, a verified frame at a time. It is whole only if this ends without
 * an error; what came before an error is authentic, and not all.
 *
 * @throws ForeignMessageError before anything is released, where the context is another one
 * @throws TamperedError where a byte of the message differs, is missing, or follows its end
 */
export async function* readMessage(
  unlock: Unlock,
  expected: Context,
  cipher: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer, void, undefined> {
  const reader = new ByteReader(cipher);
  let material: NodeDecryptionMaterial | undefined;
  try {
    const header = await readHeader(reader);
    expectContext(expected, header.messageHeader.encryptionContext);
    material = await unlock(header.messageHeader);
    yield* frames(reader, header, verifyHeader(header, material));
  } finally {
    material?.zeroUnencryptedDataKey();
    await reader.close();
  }
}

/** Its length is known only when it has been parsed, so ever more of the message is tried. */
async function readHeader(reader: ByteReader): Promise<HeaderInfo> {
  for (let length = 4096; length <= maxHeaderLength; length *= 2) {
    const bytes = await reader.take(length);
    const header = parse(() => deserializeMessageHeader(bytes, { maxEncryptedDataKeys }));
    if (header !== false) {
      const end = header.headerLength + header.headerAuth.headerAuthLength;
      reader.putBack(bytes.subarray(end));
      return supported(header);
    }
    if (bytes.length < length) throw new TamperedError('it ends within its header');
    reader.putBack(bytes);
  }
  throw new TamperedError(`its header is longer than ${maxHeaderLength} bytes`);
}

/** Anything else than what this project writes is refused, the weaker suites above all. */
function supported(header: HeaderInfo): HeaderInfo {
  const { messageHeader } = header;
  const { contentType } = messageHeader;
  if (messageHeader.suiteId !== suiteId || contentType !== ContentType.FRAMED_DATA) {
    throw new TamperedError('its header names an algorithm that snapshots do not use');
  }
  if (messageHeader.frameLength !== frameLength) {
    throw new TamperedError(
      `its frames are of ${messageHeader.frameLength} bytes and have to be of ${frameLength}`,
    );
  }
  return header;
}

/** Checks the key commitment and the header's tag, and with them the context. */
function verifyHeader(header: HeaderInfo, material: NodeDecryptionMaterial): GetDecipher {
  const { messageHeader, headerAuth, rawHeader } = header;
  const commitment = 'suiteData' in messageHeader ? messageHeader.suiteData : undefined;
  return parse(() => {
    const { getDecipherInfo } = getDecryptionHelper(material);
    const getDecipher = getDecipherInfo(messageHeader.messageId, commitment);
    const decipher = getDecipher(headerAuth.headerIv);
    decipher.setAAD(asBuffer(rawHeader)).setAuthTag(asBuffer(headerAuth.headerAuthTag)).final();
    return getDecipher;
  });
}

async function* frames(
  reader: ByteReader,
  header: HeaderInfo,
  getDecipher: GetDecipher,
): AsyncGenerator<Buffer> {
  // Deciphering copies what it is given: the next frame may take its place.
  const room = Buffer.allocUnsafeSlow(frameLength + tagLength);
  for (let sequenceNumber = 1; ; sequenceNumber += 1) {
    const frame = await readFrameHeader(reader, header);
    if (frame.sequenceNumber !== sequenceNumber) {
      throw new TamperedError(`frame ${sequenceNumber} is not where it belongs`);
    }
    if (frame.contentLength > frameLength) throw new TamperedError('a frame of it is too long');
    const sealed = await reader.takeInto(room.subarray(0, frame.contentLength + tagLength));
    const content = open(frame, sealed, header, getDecipher);
    if (frame.isFinalFrame && !(await reader.atEnd())) {
      throw new TamperedError('there is something after its end');
    }
    if (content.length > 0) yield content;
    if (frame.isFinalFrame) return;
  }
}

async function readFrameHeader(reader: ByteReader, header: HeaderInfo): Promise<BodyHeader> {
  const start = await reader.take(frameHeaderLength);
  let frame = parse(() => decodeBodyHeader(start, header, 0));
  if (frame === false) {
    const whole = Buffer.concat([start, await reader.take(finalFrameExtra)]);
    frame = parse(() => decodeBodyHeader(whole, header, 0));
  }
  if (frame === false) throw new TamperedError('it is cut off');
  return frame;
}

function open(
  frame: BodyHeader,
  sealed: Buffer,
  { messageHeader }: HeaderInfo,
  getDecipher: GetDecipher,
): Buffer {
  const { contentLength, iv } = frame;
  if (sealed.length < contentLength + tagLength) throw new TamperedError('it is cut off');
  return parse(() => {
    const decipher = getDecipher(iv);
    decipher.setAAD(frameAad(messageHeader.messageId, frame));
    decipher.setAuthTag(sealed.subarray(contentLength));
    const content = decipher.update(sealed.subarray(0, contentLength));
    // Throws where the tag does not fit. In GCM it has nothing left to give.
    decipher.final();
    return content;
  });
}

/** The SDK's words for what does not fit are of no use to anybody but a developer. */
function parse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new TamperedError('a part of it does not verify', error);
  }
}
