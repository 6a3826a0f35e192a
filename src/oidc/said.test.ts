// What an OP said, as it stands in the texts of errors.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LIMITS } from '../limits.ts'
import { oauthError } from './said.ts'

const said = (error_description: string, error = 'x') =>
  oauthError(
    {
      status: 400,
      url: 'https://op.example.com/token',
      headers: new Headers(),
      text: JSON.stringify({ error, error_description }),
    },
    [],
  )?.said

test('a sentence of an OP ends where ours does', () => {
  assert.equal(said('It was used before.'), 'x: It was used before')
  assert.equal(said('It was used. Before'), 'x: It was used. Before')
})

test('what an OP says at length is not quoted, and costs nothing', () => {
  const max = LIMITS.op_said_characters_max
  const spaces = ' '.repeat(max - 'x: no'.length)
  assert.equal(said(`${spaces}no`), 'x: no')
  assert.equal(said(`${spaces} no`), 'x')
  assert.equal(said('', 'x'.padStart(max)), 'x')
  assert.equal(said('', 'x'.padStart(max + 1)), 'an error')
})
