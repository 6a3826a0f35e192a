import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ResourceSet } from './resource_set.ts'

const VIEW = 'https://photos.example.com/view'
const ADD = 'https://photos.example.com/add'
const RULE = { rule: { and: [{ var: 0 }, { var: 1 }] }, data: [VIEW, ADD] }

test('builds what uma_rs_protect takes', () => {
  const set = new ResourceSet()
    .add('/photos')
    .scope('GET', VIEW)
    .expression(['PUT', 'POST'], RULE)
    .add('/albums')
    .scope(['GET', 'DELETE'], VIEW, ADD)
  const built = [
    {
      path: '/photos',
      conditions: [
        { httpMethods: ['GET'], scopes: [VIEW] },
        { httpMethods: ['PUT', 'POST'], scope_expression: RULE },
      ],
    },
    { path: '/albums', conditions: [{ httpMethods: ['GET', 'DELETE'], scopes: [VIEW, ADD] }] },
  ]
  assert.deepEqual(set.resources, built)
  assert.deepEqual(JSON.parse(JSON.stringify({ set })), { set: built })
})

const photos = () => new ResourceSet().add('/photos')
const WRONG: readonly (readonly [what: string, build: () => unknown, message: RegExp])[] = [
  [
    'a method twice',
    () => photos().scope('GET', VIEW).expression(['PUT', 'GET'], RULE),
    /^\/photos: GET has its/,
  ],
  [
    'a method twice at once',
    () => photos().scope(['GET', 'GET'], VIEW),
    /^\/photos: GET has its rule already/,
  ],
  ['a method in small letters', () => photos().scope('get', VIEW), /^\/photos: "get" is no method/],
  ['no method', () => photos().scope([], VIEW), /^\/photos: give at least one method/],
  ['no scope', () => photos().scope('GET'), /^\/photos: give at least one scope/],
  ['a rule over nothing', () => photos().expression('GET', { ...RULE, data: [] }), /holds no scope/],
  ['a path twice', () => photos().add('/photos'), /^\/photos was added before/],
  ['no path', () => new ResourceSet().add('photos'), /^"photos" is no path/],
  ['a rule before the path', () => new ResourceSet().scope('GET', VIEW), /call add\(path\) first/],
  ['a path without a rule', () => photos().resources, /^\/photos has no rule/],
]
for (const [what, build, message] of WRONG) {
  test(`refuses: ${what}`, () => {
    assert.throws(build, (error) => error instanceof RangeError && message.test(error.message))
  })
}

test('what was refused is not half there', () => {
  const set = photos().scope('GET', VIEW)
  assert.throws(() => set.scope(['PUT', 'GET'], VIEW))
  assert.deepEqual(set.resources, [
    { path: '/photos', conditions: [{ httpMethods: ['GET'], scopes: [VIEW] }] },
  ])
})
