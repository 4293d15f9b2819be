// Holds clients of the official SDK for the interop tests and obeys them line by line (lines.mjs).
//
//   node peer.mjs PACKAGES VERSION URL    PACKAGES as dev/setup-interop prints it; VERSION 6.1 or 5.5
import { groupOperations } from './groups.mjs';
import { emit, serve } from './lines.mjs';
import { bytes, identifier, loadSdk, signers } from './sdk.mjs';

const [packages, version, url] = process.argv.slice(2);
const { sdk, native, sendOptions, networkOptions, close } = await loadSdk(packages, version);
const signerOf = await signers(packages);
const clients = new Map();
const streams = new Map();

const client = ({ client: name }) => {
  const found = clients.get(name);
  if (!found) throw new Error(`there is no client ${name}`);
  return found;
};

const conversation = async (request) => {
  const found = await client(request).conversations.getConversationById(request.group);
  if (!found) throw new Error(`${request.client} does not know the conversation ${request.group}`);
  return found;
};

const options = ({ dbPath, nonce, deviceSync }) => ({
  ...networkOptions(url, sdk),
  dbPath: dbPath ?? null,
  disableDeviceSync: !deviceSync,
  loggingLevel: process.env.HEXMTP_INTEROP_LOG ?? 'Off',
  ...(nonce == null ? {} : { nonce: BigInt(nonce) }),
});

const about = (name, opened) => {
  clients.set(name, opened);
  return { inbox: opened.inboxId, installation: opened.installationId, libxmtp: opened.libxmtpVersion };
};

const inboxState = (state) => ({
  inbox: state.inboxId,
  recovery: state.recoveryIdentifier.identifier,
  identifiers: state.identifiers.map((one) => one.identifier).sort(),
  installations: state.installations.map((one) => one.id).sort(),
});

/** Follows a stream and tells what it yields until it is closed. */
async function follow(request, source, describe) {
  const stream = await source;
  streams.set(request.stream, stream);
  (async () => {
    for await (const value of stream) emit({ event: 'stream', stream: request.stream, value: describe(value) });
    emit({ event: 'stream-end', stream: request.stream });
  })().catch((error) => emit({ event: 'stream-end', stream: request.stream, error: String(error) }));
}

// By default the SDK waits longer before it opens a stream anew than a test wants to.
const soon = { retryDelay: 200, retryAttempts: 100 };

const streamed = (message) => ({
  id: message.id,
  group: message.conversationId,
  sender: message.senderInboxId,
  text: typeof message.content === 'string' ? message.content : null,
});

serve({
  create: async (request) =>
    about(request.client, await sdk.Client.create(signerOf(request.key, request.contract), options(request))),
  build: async (request) => about(request.client, await sdk.Client.build(identifier(request.address), options(request))),
  close: async (request) => {
    await close(client(request));
    clients.delete(request.client);
  },

  canMessage: async (request) => {
    const answers = await client(request).canMessage(request.addresses.map(identifier));
    return request.addresses.map((address) => answers.get(address.toLowerCase()) ?? false);
  },
  inboxOf: (request) => client(request).fetchInboxIdByIdentifier(identifier(request.address)),
  inboxState: async (request) => {
    const [state] = await client(request).preferences.fetchInboxStates([request.inbox]);
    return inboxState(state);
  },
  addAccount: (request) => client(request).unsafe_addAccount(signerOf(request.key), request.reassign ?? false),
  removeAccount: (request) => client(request).removeAccount(identifier(request.address)),
  changeRecovery: (request) => client(request).changeRecoveryIdentifier(identifier(request.address)),
  revokeInstallations: (request) => client(request).revokeInstallations(request.installations.map(bytes)),
  revokeAllOther: (request) => client(request).revokeAllOtherInstallations(),
  keyPackageStatus: async (request) => {
    const statuses = await client(request).fetchKeyPackageStatuses(request.installations);
    return request.installations.map((id) => statuses[id]?.validationError ?? null);
  },

  sync: (request) => client(request).conversations.sync(),
  syncAll: (request) => client(request).conversations.syncAll(),
  syncPreferences: async (request) => { await client(request).preferences.sync(); },
  list: async (request) => (await client(request).conversations.list()).map((one) => one.id),
  streamMessages: (request) => follow(request, client(request).conversations.streamAllMessages(soon), streamed),
  streamGroupMessages: async (request) => follow(request, (await conversation(request)).stream(soon), streamed),
  streamConversations: (request) =>
    follow(request, client(request).conversations.stream(soon), (one) => ({ group: one.id })),
  endStream: async (request) => {
    await streams.get(request.stream)?.return();
    streams.delete(request.stream);
  },

  ...groupOperations({ sdk, native, client, conversation, sendOptions }),
});
