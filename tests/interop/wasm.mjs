// Holds clients of the official browser bindings, which speak gRPC-Web, and obeys them as peer.mjs does. Without a
// browser their databases are in memory.
//
//   node wasm.mjs PACKAGES VERSION URL    VERSION is that of package.json, given for the symmetry
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { LEVELS, POLICIES, PRESETS } from './groups.mjs';
import { emit, serve } from './lines.mjs';
import { hex, identifier, load, locate, signers } from './sdk.mjs';

const [packages, , url] = process.argv.slice(2);
const bindings = await load(packages, '@xmtp/wasm-bindings');
const wasm = join(dirname(locate(packages, '@xmtp/wasm-bindings')), 'bindings_wasm_bg.wasm');
bindings.initSync({ module: await readFile(wasm) });

const signerOf = await signers(packages);
const NONCE = 1n;
const clients = new Map();
const streams = new Map();

const client = ({ client: name }) => {
  const found = clients.get(name);
  if (!found) throw new Error(`there is no client ${name}`);
  return found;
};
const conversation = (request) => client(request).conversations().findGroupById(request.group);
const on = (change) => async (request) => change(conversation(request), request);

async function create({ client: name, key }) {
  const signer = signerOf(key);
  const account = signer.getIdentifier();
  const inbox = bindings.generateInboxId(account, NONCE);
  const opened = await bindings.createClient(
    url, inbox, account, null, null, bindings.DeviceSyncMode.Disabled, undefined, undefined, undefined, undefined,
    undefined, NONCE);
  const request = opened.createInboxSignatureRequest();
  await request.addEcdsaSignature(await signer.signMessage(await request.signatureText()));
  await opened.registerIdentity(request);
  clients.set(name, opened);
  return { inbox: opened.inboxId, installation: opened.installationId, libxmtp: opened.libxmtpVersion };
}

async function state(group, isGroup) {
  const debug = await group.getDebugInfo();
  const members = (await group.listMembers()).map((one) => ({
    inbox: one.inboxId, installations: [...one.installationIds].sort(), level: LEVELS[one.permissionLevel],
  }));
  const shared = {
    id: group.id(),
    active: group.isActive(),
    epoch: Number(debug.epoch),
    commits: debug.localCommitLog,
    maybeForked: debug.maybeForked,
    forkDetails: debug.forkDetails,
    members,
    disappearing: group.messageDisappearingSettings() ?? null,
    pausedFor: group.pausedForVersion() ?? null,
  };
  if (!isGroup) return { ...shared, peer: group.dmPeerInboxId() };
  const { policyType, policySet: policies } = group.groupPermissions();
  return {
    ...shared,
    name: group.groupName(),
    description: group.groupDescription(),
    imageUrl: group.groupImageUrlSquare(),
    appData: group.appData(),
    admins: [...group.adminList()].sort(),
    superAdmins: [...group.superAdminList()].sort(),
    preset: PRESETS[policyType],
    policies: Object.fromEntries(Object.entries(policies).map(([key, policy]) => [key, POLICIES[policy]])),
  };
}

const message = (one) => ({
  id: one.id,
  group: one.convoId,
  sender: one.senderInboxId,
  application: one.kind === 0,
  published: one.deliveryStatus === 1,
  sentAtNs: one.sentAtNs,
  type: `${one.content.type.authorityId}/${one.content.type.typeId}`,
  text: one.content.type.typeId === 'text' ? new TextDecoder().decode(one.content.content) : null,
  body: hex(one.content.content),
});

/** The bindings call back with messages; errors and the end come through other methods. */
const listener = (name) => ({
  on_message: (one) => emit({ event: 'stream', stream: name, value: message(one) }),
  on_conversation: (one) => emit({ event: 'stream', stream: name, value: { group: one.id() } }),
  on_error: (error) => emit({ event: 'complaint', error: String(error) }),
  on_close: () => emit({ event: 'stream-end', stream: name }),
});

serve({
  create,
  close: (request) => {
    client(request).free();
    clients.delete(request.client);
  },
  canMessage: async (request) => {
    const answers = await client(request).canMessage(request.addresses.map(identifier));
    return request.addresses.map((address) => answers.get(address.toLowerCase()) ?? false);
  },
  sync: (request) => client(request).conversations().sync(),
  syncAll: async (request) => { await client(request).conversations().syncAllConversations(); },
  list: (request) => client(request).conversations().list().map((one) => one.conversation.id()),
  createGroup: async (request) => {
    const wanted = { groupName: request.options?.name };
    return (await client(request).conversations().createGroupByInboxIds(request.members, wanted)).id();
  },
  createDm: async (request) => (await client(request).conversations().createDmByInboxId(request.peer)).id(),
  streamMessages: async (request) => {
    const closer = client(request).conversations().streamAllMessages(listener(request.stream));
    await closer.waitForReady();
    streams.set(request.stream, closer);
  },

  state: on(async (group) => {
    const { conversationType } = await group.groupMetadata();
    return state(group, conversationType === bindings.ConversationType.Group);
  }),
  messages: on(async (group) => (await group.findMessages()).map(message)),
  syncConversation: on((group) => group.sync()),
  sendText: on((group, { text }) => group.sendText(text)),
  addMembers: on((group, { inboxes }) => group.addMembers(inboxes)),
  removeMembers: on((group, { inboxes }) => group.removeMembers(inboxes)),
  updateName: on((group, { value }) => group.updateGroupName(value)),
});
