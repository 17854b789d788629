#!/usr/bin/env node

// citty asks for colours when it is loaded, and does not look whether anybody sees them.
if (!process.stdout.isTTY) process.env.NO_COLOR = '1'

void import('./app').then(({ run }) => run())
