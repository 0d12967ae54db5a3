import './node-version.js';
import './app/heap.js';

// An older Node cannot even load the rest.
void import('./app/run.js').then(({ run }) => run());
