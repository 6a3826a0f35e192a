// Every parameter of every command, wrong in every way, as clients of 3.1 send it.
import { testBadInput } from './bad_input_story.ts'
import { overHttp, overSocket } from './bad_input_ways.ts'

testBadInput('the socket, as clients of 3.1', overSocket('v3'))
testBadInput('HTTP, as clients of 3.1', overHttp('v3'))
