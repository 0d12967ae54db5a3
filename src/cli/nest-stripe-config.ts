#!/usr/bin/env node
import '../node-version.js';

// An older Node cannot even load the rest.
void import('./package-commands.js').then(({ runPackageCommand }) => runPackageCommand());
