// Every parameter of every command, wrong in every way, as callers of today send it; old ones: bad_input.long.test.ts.
import { testBadInput } from './bad_input_story.ts'
import { overHttp, overSocket } from './bad_input_ways.ts'

testBadInput('the socket, as our own library', overSocket('native'))
testBadInput('HTTP, as clients of 4.x', overHttp('v4'))
