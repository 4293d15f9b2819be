// Compiles contracts and writes the creation code of each, in hexadecimal, to a file of its own.
// Arguments: the folder of the compiler's package, the folder to write to, the sources. The settings are part of what
// makes the code reproducible, as the compiler's version is.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';

const [packages, folder, ...paths] = process.argv.slice(2);
const solc = createRequire(join(packages, 'package.json'))('solc');

const sources = Object.fromEntries(paths.map((path) => [basename(path), { content: readFileSync(path, 'utf8') }]));
const settings = {
    // The oldest instruction set that has all that is needed: not every chain knows the newer instructions.
    evmVersion: 'paris',
    optimizer: { enabled: true, runs: 200 },
    // Nothing about the sources is appended to the code, so a comment does not change it.
    metadata: { appendCBOR: false, bytecodeHash: 'none' },
    outputSelection: { '*': { '*': ['evm.bytecode.object'] } },
};
const { contracts = {}, errors = [] } = JSON.parse(
    solc.compile(JSON.stringify({ language: 'Solidity', sources, settings })),
);
for (const { formattedMessage } of errors) {
    process.stderr.write(formattedMessage);
}
// Warnings are errors too.
if (errors.length > 0) {
    process.exit(1);
}
for (const [name, { evm }] of Object.values(contracts).flatMap(Object.entries)) {
    writeFileSync(join(folder, `${name}.hex`), `${evm.bytecode.object}\n`);
}
