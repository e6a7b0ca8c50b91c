// The failing disk of shim/disk_shim.cpp, for a server started with it.
import { existsSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { binary } from '../proof/harness.mjs';

const library = join(dirname(binary), '../tests/libdisk_shim.so');

// Why it cannot be had here; nothing where it can.
export function shimIsMissing() {
  if (!existsSync(library)) return `${library} is not built (the target disk_shim)`;
  const libraries = execFileSync('ldd', [binary], { encoding: 'utf8' });
  return /lib(a|t)san/.test(libraries) || execFileSync('nm', ['-D', binary], { encoding: 'utf8' }).includes('__asan_init')
    ? 'a build with sanitizers loads nothing before their runtime'
    : undefined;
}

export const withShim = (settings) => ({ LD_PRELOAD: library, ...settings });
