// A chat for a person with a client of the official SDK, for the other side of `hexmtp chat`.
//
//   node chat.mjs URL KEY PEER    URL of the node, KEY of the own wallet (64 hexadecimal digits, or `new`), PEER: the
//                                 address of the other side's wallet, or `any` to wait for somebody
//
// What comes in is printed, each line of the input is sent to the DM with the peer. The packages are taken from where
// dev/setup-interop keeps them, or from the folder that HEXMTP_INTEROP_CACHE names.
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { identifier, loadSdk, signers } from './sdk.mjs';

const [url, key, peer] = process.argv.slice(2);
if (!peer) {
  console.error('usage: node chat.mjs URL KEY|new PEER|any');
  process.exit(2);
}
const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const packages = process.env.HEXMTP_INTEROP_CACHE ?? join(cache, 'hexmtp', 'interop');
const { sdk, networkOptions } = await loadSdk(packages, '6.1');
const signer = (await signers(packages))(key === 'new' ? randomBytes(32).toString('hex') : key);

const client = await sdk.Client.create(signer, { ...networkOptions(url, sdk), dbPath: null, disableDeviceSync: true });
console.log(`I am ${signer.getIdentifier().identifier}, an official client on libxmtp ${client.libxmtpVersion}`);

let dm;
if (peer !== 'any') dm = await client.conversations.createDmWithIdentifier(identifier(peer));

const stream = await client.conversations.streamAllMessages();
const lines = createInterface({ input: process.stdin });
lines.on('line', async (line) => {
  if (line.trim() === '') return;
  if (dm) await dm.sendText(line);
  else console.log('(nobody is there yet)');
});
lines.on('close', async () => {
  await stream.end();
  await client.close();
  process.exit(0);
});

const time = (at) => at.toISOString().slice(11, 19);
for await (const message of stream) {
  dm ??= await client.conversations.getConversationById(message.conversationId);
  const who = message.senderInboxId === client.inboxId ? 'me' : message.senderInboxId.slice(0, 8);
  const text = typeof message.content === 'string' ? message.content : `(${message.contentType.typeId})`;
  console.log(`${time(message.sentAt)}  ${who}: ${text}`);
}
