// The least of a test runner: rows that run in order, each on its own data, and a count at the end.
import assert from 'node:assert/strict';

export { assert };

const rows = [];
let failed = 0;

// A row: one call of a client, and what must come of it.
export async function row(client, call, run) {
  try {
    await run();
    rows.push(`${client}: ${call}`);
  } catch (trouble) {
    ++failed;
    console.error(`FAILED ${client}: ${call}\n  ${String(trouble?.stack ?? JSON.stringify(trouble)).replaceAll('\n', '\n  ')}`);
    if (trouble?.response) console.error('  answer:', JSON.stringify(trouble.response).slice(0, 1000));
  }
}

// The failure that a call must end in; fails if it ends well.
export async function refusal(promise) {
  let answer;
  try {
    answer = await promise;
  } catch (trouble) {
    return trouble;
  }
  assert.fail(`was answered: ${JSON.stringify(answer)?.slice(0, 300)}`);
}

export function ids(bundle) {
  return (bundle.entry ?? []).map((entry) => entry.resource?.id);
}

export function report() {
  console.log(`${rows.length} passed, ${failed} failed`);
  return failed === 0 && rows.length > 0;
}
