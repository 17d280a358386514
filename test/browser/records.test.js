// The states of IndexedDB in real Chromium. The matrix runs the same in Firefox.
import { assert } from 'chai'
import * as jose from 'jose'
import { digests } from '#dist/doors/digests.js'
import * as door from '#dist/doors/index.js'
import { mlDsa } from '#dist/doors/ml-dsa.js'
import { runPageSuites } from '../suites/all.js'
import { skipping } from './skipping.js'

runPageSuites({ test: skipping, assert, jose, door, mlDsa, digests, fixture: '' })
