import { packagesOfFile } from '../rig/packages.ts';
import { testInRoots } from './in-roots.ts';
import { testWithSystemd } from './with-systemd.ts';

/** One file, since to build the packages takes longest. */
const packages = packagesOfFile();

testInRoots(packages);
testWithSystemd(packages);
