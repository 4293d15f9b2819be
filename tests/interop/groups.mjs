// What the peer's clients do with conversations.
import { bytes, hex } from './sdk.mjs';

// The numbers behind the names, the same in every version; TypeScript inlines them.
const PERMISSION_TYPES = ['addMember', 'removeMember', 'addAdmin', 'removeAdmin', 'metadata'];
export const POLICIES = ['allow', 'deny', 'admin', 'superAdmin', 'doesNotExist', 'other'];
const METADATA_FIELDS = [
  'appData', 'description', 'groupName', 'imageUrl', 'disappearFrom', 'disappearIn',
];
export const LEVELS = ['member', 'admin', 'superAdmin'];
export const PRESETS = ['allMembers', 'adminsOnly', 'custom'];

const member = (one) => ({
  inbox: one.inboxId,
  installations: [...one.installationIds].sort(),
  level: LEVELS[one.permissionLevel],
});

const message = (one) => ({
  id: one.id,
  group: one.conversationId,
  sender: one.senderInboxId,
  // The rest are changes of the group.
  application: one.kind === 0,
  published: one.deliveryStatus === 1,
  sentAtNs: one.sentAtNs ?? one.sentAt.getTime() * 1_000_000,
  type: `${one.contentType.authorityId}/${one.contentType.typeId}`,
  text: typeof one.content === 'string' ? one.content : null,
  fallback: one.fallback ?? null,
});

/** Encoded content of any type, as the SDK wants it. */
const encoded = ({ authority, type, version = [1, 0], parameters = {}, fallback, content }) => ({
  type: { authorityId: authority, typeId: type, versionMajor: version[0], versionMinor: version[1] },
  parameters,
  ...(fallback === undefined ? {} : { fallback }),
  content: bytes(content),
});

const policySet = (names) =>
  Object.fromEntries(Object.entries(names).map(([key, name]) => [key, POLICIES.indexOf(name)]));

const disappearing = (settings) =>
  settings && { fromNs: BigInt(settings.fromNs), inNs: BigInt(settings.inNs) };

const groupOptions = (wanted = {}) => ({
  groupName: wanted.name,
  groupDescription: wanted.description,
  groupImageUrlSquare: wanted.imageUrl,
  appData: wanted.appData,
  permissions: wanted.permissions === undefined ? undefined : PRESETS.indexOf(wanted.permissions),
  customPermissionPolicySet: wanted.policies && policySet(wanted.policies),
  messageDisappearingSettings: disappearing(wanted.disappearing),
});

/** Everything that a member sees of a group or a DM, apart from its messages. */
async function state(group, isGroup) {
  const debug = await group.debugInfo();
  const shared = {
    id: group.id,
    active: group.isActive,
    epoch: Number(debug.epoch),
    // Shortened to three bytes by the SDK; the database holds them whole.
    commits: debug.localCommitLog,
    maybeForked: debug.maybeForked,
    forkDetails: debug.forkDetails,
    cursor: debug.cursor,
    members: (await group.members()).map(member),
    disappearing: group.messageDisappearingSettings() ?? null,
    pausedFor: group.pausedForVersion() ?? null,
  };
  if (!isGroup) return { ...shared, peer: group.peerInboxId };
  const { policyType, policySet: policies } = group.permissions();
  return {
    ...shared,
    name: group.name,
    description: group.description,
    imageUrl: group.imageUrl,
    appData: group.appData,
    admins: [...group.listAdmins()].sort(),
    superAdmins: [...group.listSuperAdmins()].sort(),
    pendingRemoval: group.isPendingRemoval(),
    preset: PRESETS[policyType],
    policies: Object.fromEntries(Object.entries(policies).map(([key, policy]) => [key, POLICIES[policy]])),
  };
}

export function groupOperations({ sdk, native, client, conversation, sendOptions }) {
  const on = (change) => async (request) => change(await conversation(request), request);
  return {
    createGroup: async (request) =>
      (await client(request).conversations.createGroup(request.members, groupOptions(request.options))).id,
    createGroupOptimistic: (request) =>
      client(request).conversations.createGroupOptimistic(groupOptions(request.options)).id,
    createDm: async (request) => {
      const settings = disappearing(request.disappearing);
      const dm = await client(request).conversations.createDm(
        request.peer, settings && { messageDisappearingSettings: settings });
      return dm.id;
    },
    duplicateDms: on(async (dm) => (await dm.duplicateDms()).map((one) => one.id)),

    state: on((group) => state(group, group instanceof sdk.Group)),
    messages: on(async (group, { limit }) => (await group.messages(limit && { limit })).map(message)),
    syncConversation: on((group) => group.sync()),
    publishMessages: on((group) => group.publishMessages()),
    sendText: on((group, request) =>
      request.optimistic ? group.sendText(request.text, sendOptions.text(request)) : group.sendText(request.text)),
    send: on((group, request) => group.send(encoded(request.content), sendOptions.content(request))),
    sendMany: on(async (group, { texts }) => {
      const ids = [];
      for (const text of texts) ids.push(await group.sendText(text));
      return ids;
    }),
    reply: on((group, { to, text }) => group.sendReply({ reference: to, content: encoded({
      authority: 'xmtp.org', type: 'text', parameters: { encoding: 'UTF-8' }, content: hex(Buffer.from(text)),
    }) })),
    react: on((group, { to, toInbox, content }) =>
      group.sendReaction({ reference: to, referenceInboxId: toInbox, action: 1, content, schema: 1 })),
    readReceipt: on((group) => group.sendReadReceipt()),

    addMembers: on((group, { inboxes }) => group.addMembers(inboxes)),
    removeMembers: on((group, { inboxes }) => group.removeMembers(inboxes)),
    updateName: on((group, { value }) => group.updateName(value)),
    updateDescription: on((group, { value }) => group.updateDescription(value)),
    updateImageUrl: on((group, { value }) => group.updateImageUrl(value)),
    updateAppData: on((group, { value }) => group.updateAppData(value)),
    addAdmin: on((group, { inbox }) => group.addAdmin(inbox)),
    removeAdmin: on((group, { inbox }) => group.removeAdmin(inbox)),
    addSuperAdmin: on((group, { inbox }) => group.addSuperAdmin(inbox)),
    removeSuperAdmin: on((group, { inbox }) => group.removeSuperAdmin(inbox)),
    updatePermission: on((group, { permission, policy, field }) =>
      group.updatePermission(
        PERMISSION_TYPES.indexOf(permission), POLICIES.indexOf(policy),
        field === undefined ? undefined : METADATA_FIELDS.indexOf(field))),
    disappear: on((group, { fromNs, inNs }) =>
      group.updateMessageDisappearingSettings(BigInt(fromNs), BigInt(inNs))),
    stopDisappearing: on((group) => group.removeMessageDisappearingSettings()),
    // Only the layer below the SDK has it.
    enableProposals: (request) =>
      native(client(request)).conversations().getConversationById(request.group)
        .unstable.enableProposals({ force: request.force ?? false }),
    leave: on((group) => group.requestRemoval()),
  };
}
