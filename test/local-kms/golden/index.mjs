// All tables of golden facts.
import { rows as access } from './access.js'
import { rows as agree } from './agree.js'
import { rows as dataKeys } from './data-keys.js'
import { rows as encrypt } from './encrypt.js'
import { rows as imports } from './import.js'
import { rows as keys } from './keys.js'
import { rows as macs } from './macs.js'
import { rows as regions } from './regions.js'
import { rows as resolve } from './resolve.js'
import { rows as rotation } from './rotation.js'
import { rows as sign } from './sign.js'

export const tables = Object.entries({ access, agree, 'data-keys': dataKeys, encrypt, import: imports, keys, macs, regions, resolve, rotation, sign }).map(([table, rows]) => ({ table, rows }))
