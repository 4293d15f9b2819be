// Gives the fuzzer something to start from: what official clients wrote, out of the captured vectors.
// Arguments: the folder of the vectors, the folder to write to; there is a folder for each target in it.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [vectors, corpus] = process.argv.slice(2);
const read = (name) => JSON.parse(readFileSync(join(vectors, `${name}.json`), 'utf8'));
const hex = (digits) => Buffer.from(digits, 'hex');
const captured = (name) => ['nightly', 'extra'].flatMap((run) => read(`${run}_${name}`));

/** Writes a seed under the name that the fuzzer itself would give it. */
const seed = (target, bytes) => {
    mkdirSync(join(corpus, target), { recursive: true });
    writeFileSync(join(corpus, target, createHash('sha1').update(bytes).digest('hex')), bytes);
};

/** The parts of a value, as `fields.rs` cuts them. */
const fields = (...parts) =>
    Buffer.concat(parts.flatMap((part) => [Buffer.from([part.length >> 8, part.length & 0xff]), part]));

/** A signature over a text, as the target of that name takes it. */
const signature = (kind, text, ...parts) =>
    seed('signature', Buffer.concat([Buffer.from([kind]), fields(Buffer.from(text), ...parts)]));
const [byWallet, byInstallation, byPasskey] = [0, 1, 5];

for (const { identity_update_hex, decoded, signature_texts } of captured('identity_updates')) {
    seed('identity_update', hex(identity_update_hex));
    for (const { add } of decoded.actions) {
        const added = add?.newMemberSignature.installationKey;
        if (added && signature_texts?.length) {
            signature(byInstallation, signature_texts[0].text, hex(added.bytes), hex(added.publicKey));
        }
    }
}
for (const { key_package_tls } of captured('key_packages')) {
    seed('key_package', hex(key_package_tls));
}
for (const { text, signature: bytes } of captured('signature_texts')) {
    signature(byWallet, text, hex(bytes.slice(2)));
}
for (const { text, ...passkey } of read('official_passkey_signatures')) {
    const parts = [passkey.publicKey, passkey.signature, passkey.authenticatorData, passkey.clientDataJson];
    signature(byPasskey, text, ...parts.map(hex));
}
seed('signature', Buffer.from('eip155:1:0x0404947b0a650c9b3dd602b331d8ca77a3fd6f30'));
for (const { inbox_id } of captured('installation_keys')) {
    // `MlsCredential`: the first field, 64 digits.
    const credential = Buffer.concat([hex('0a40'), Buffer.from(inbox_id)]);
    seed('key_package_contents', credential);
    seed('key_package_contents', fields(credential, Buffer.from(inbox_id), hex('f123'), hex('01')));
}
for (const { extensions } of read('group_contexts').contexts) {
    for (const { data } of extensions) {
        seed('group_and_messages', hex(data));
    }
}
for (const { welcomeMetadata } of captured('welcomes')) {
    // Welcomes by pointer have none.
    if (welcomeMetadata) {
        seed('group_and_messages', hex(welcomeMetadata));
    }
}
