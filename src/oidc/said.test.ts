// What an OP said, as it stands in the texts of errors.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oauthError } from './said.ts'

test('a sentence of an OP ends where ours does', () => {
  const said = (error_description: string) =>
    oauthError(
      {
        status: 400,
        url: 'https://op.example.com/token',
        headers: new Headers(),
        text: JSON.stringify({ error: 'x', error_description }),
      },
      [],
    )?.said
  assert.equal(said('It was used before.'), 'x: It was used before')
  assert.equal(said('It was used. Before'), 'x: It was used. Before')
})
