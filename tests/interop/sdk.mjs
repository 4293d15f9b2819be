// Loads a version of the official SDK from the folder that dev/setup-interop prints, and evens out the few differences
// between versions that the tests meet.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The versions, by the name under which package.json installs them. */
const differences = {
  '6.1': {
    sendOptions: {
      text: ({ optimistic }) => ({ optimistic }),
      content: ({ optimistic = false }) => ({ shouldPush: true, optimistic }),
    },
    networkOptions: (url) => ({ env: 'local', apiUrl: url }),
    // Closes the database as well.
    close: (client) => client.close(),
  },
  '5.5': {
    sendOptions: {
      text: ({ optimistic }) => optimistic,
      content: ({ optimistic = false }) => ({ shouldPush: true, optimistic }),
    },
    networkOptions(url, sdk) {
      // This version asks for inbox ids at the address of the environment, whatever `apiUrl` says.
      sdk.ApiUrls.local = url;
      return { env: 'local', apiUrl: url, historySyncUrl: null };
    },
    close: async () => {},
  },
};

/** The SDK of a version, with `differences` beside it. */
export async function loadSdk(packages, version) {
  const sdk = await load(packages, `sdk-${version}`);
  return { ...differences[version], sdk, native: await natives(packages, version) };
}

/**
 * Looks up the native client below one of the SDK's, for the few things that the SDK does not pass on. The SDK keeps it
 * to itself; it shows when it asks for its conversations, which happens once, when it is opened.
 */
async function natives(packages, version) {
  const resolve = createRequire(locate(packages, `sdk-${version}`)).resolve;
  const { Client } = await import(pathToFileURL(resolve('@xmtp/node-bindings')));
  const seen = new Map();
  const { conversations } = Client.prototype;
  Client.prototype.conversations = function () {
    seen.set(this.installationId(), this);
    return conversations.call(this);
  };
  return (client) => seen.get(client.installationId);
}

/** A package from the folder. */
export async function load(packages, name) {
  const resolve = createRequire(join(packages, 'package.json')).resolve;
  return import(pathToFileURL(resolve(name)));
}

/** Where a package keeps its main file. */
export function locate(packages, name) {
  return createRequire(join(packages, 'package.json')).resolve(name);
}

/**
 * Makes the signers that the SDK wants from private keys in hexadecimal. With a contract, `{address, chain}`, they are those
 * of the wallet whose owner has the key; with `{factory, deploy}` besides, it is not deployed yet (ERC-6492).
 */
export async function signers(packages) {
  const { privateKeyToAccount } = await load(packages, 'viem/accounts');
  const { serializeErc6492Signature } = await load(packages, 'viem');
  return (privateKey, contract) => {
    const account = privateKeyToAccount(`0x${privateKey}`);
    const wrapped = (signature) =>
      contract?.factory
        ? serializeErc6492Signature({ address: contract.factory, data: contract.deploy, signature })
        : signature;
    return {
      ...(contract ? { type: 'SCW', getChainId: () => BigInt(contract.chain) } : { type: 'EOA' }),
      getIdentifier: () => identifier(contract?.address ?? account.address),
      signMessage: async (message) => bytes(wrapped(await account.signMessage({ message })).slice(2)),
    };
  };
}

/** An address as the SDK wants it. */
export const identifier = (address) => ({ identifier: address.toLowerCase(), identifierKind: 0 });

/** Bytes of hexadecimal text. */
export const bytes = (text) => new Uint8Array(Buffer.from(text, 'hex'));

/** Hexadecimal text of bytes. */
export const hex = (value) => Buffer.from(value).toString('hex');
