import { assert } from 'chai'
import * as jose from 'jose'
import * as door from '../../dist/index.js'
import { runDoorSuites, runRoomSuites } from '../suites/all.js'
import * as rooms from '../support/rooms.js'
import { skipping } from './skipping.js'

const host = { test: skipping, assert, jose, door, rooms, fixture: new URL('/fixture/', location.href).href }
runDoorSuites(host)
runRoomSuites(host)
